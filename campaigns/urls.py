"""Addresses of the pages."""

from django.urls import URLPattern, path, re_path

from campaigns.views import campaigns, matrix, offers, preview, report, templates
from campaigns.views.mailbox import mailbox_urls
from campaigns.views.tracking import tracking_urls

app_name = "campaigns"
urlpatterns: list[URLPattern] = [
    path("campaigns/", campaigns.campaigns, name="campaigns"),
    path("campaigns/new/", campaigns.campaign_new, name="campaign_new"),
    path("campaigns/<int:pk>/", campaigns.campaign, name="campaign"),
    path("campaigns/<int:pk>/progress/", campaigns.campaign_progress, name="campaign_progress"),
    path("campaigns/<int:pk>/rename/", campaigns.campaign_rename, name="campaign_rename"),
    path("campaigns/<int:pk>/sender/", campaigns.campaign_sender, name="campaign_sender"),
    path("campaigns/<int:pk>/duplicate/", campaigns.campaign_duplicate, name="campaign_duplicate"),
    path("campaigns/<int:pk>/schedule/", campaigns.campaign_schedule, name="campaign_schedule"),
    path("campaigns/<int:pk>/matrix/", matrix.campaign_matrix, name="campaign_matrix"),
    path("campaigns/<int:pk>/suggest/", matrix.campaign_suggest, name="campaign_suggest"),
    path("campaigns/<int:pk>/preview/", preview.campaign_preview, name="campaign_preview"),
    path("campaigns/<int:pk>/preview/<uuid:customer>/", preview.campaign_preview_mail, name="campaign_preview_mail"),
    path("campaigns/<int:pk>/test/", preview.campaign_test, name="campaign_test"),
    path("campaigns/<int:pk>/report/", report.campaign_report, name="report"),
    path("campaigns/<int:pk>/report.csv", report.campaign_report_csv, name="report_csv"),
    re_path(
        r"^campaigns/(?P<pk>\d+)/(?P<act>pause|resume|retry|unschedule|cancel|discard)/$",
        campaigns.campaign_act,
        name="campaign_act",
    ),
    path("campaigns/offers/", offers.offers, name="offers"),
    path("campaigns/offers/new/", offers.offer_new, name="offer_new"),
    path("campaigns/offers/<int:pk>/", offers.offer, name="offer"),
    path("campaigns/offers/<int:pk>/archive/", offers.offer_archive, name="offer_archive"),
    path("campaigns/offers/<int:pk>/restore/", offers.offer_restore, name="offer_restore"),
    path("campaigns/templates/", templates.templates, name="templates"),
    path("campaigns/templates/new/", templates.template_new, name="template_new"),
    path("campaigns/templates/<int:pk>/", templates.template, name="template"),
    path("campaigns/templates/<int:pk>/check/", templates.template_check, name="template_check"),
    path("campaigns/templates/<int:pk>/archive/", templates.template_archive, name="template_archive"),
    path("campaigns/templates/<int:pk>/restore/", templates.template_restore, name="template_restore"),
    path("campaigns/templates/<int:pk>/<slug:language>/", templates.template_preview, name="template_preview"),
    path(
        "campaigns/templates/<int:pk>/<slug:language>/<slug:version>/", templates.template_draft, name="template_draft"
    ),
    *mailbox_urls,
    *tracking_urls,
]
