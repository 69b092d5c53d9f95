"""Addresses of the pages."""

from django.urls import URLPattern, path

from recommendations.views import compare, estimates, groups, models, placements, trying

app_name = "recommendations"
urlpatterns: list[URLPattern] = [
    path("", models.overview, name="overview"),
    path("train/", models.model_train, name="train"),
    path("compare/", compare.compare, name="compare"),
    path("estimates/", estimates.estimates, name="estimates"),
    path("try/", trying.try_customer, name="try"),
    path("placements/", placements.placements, name="placements"),
    path("placements/usual/", placements.placements_restore, name="placements_restore"),
    path("placements/new/", placements.placement_new, name="placement_new"),
    path("placements/<int:pk>/", placements.placement, name="placement"),
    path("placements/<int:pk>/remove/", placements.placement_remove, name="placement_remove"),
    path("models/<int:pk>/", models.model, name="model"),
    path("models/<int:pk>/fairness/", groups.fairness, name="fairness"),
    path("models/<int:pk>/job/", models.model_job, name="model_job"),
    path("models/<int:pk>/cancel/", models.model_cancel, name="model_cancel"),
    path("models/<int:pk>/serve/", models.model_serve, name="model_serve"),
]
