"""Addresses of the pages."""

from django.urls import URLPattern, path

from recommendations.views import models, trying

app_name = "recommendations"
urlpatterns: list[URLPattern] = [
    path("", models.overview, name="overview"),
    path("train/", models.model_train, name="train"),
    path("try/", trying.try_customer, name="try"),
    path("models/<int:pk>/", models.model, name="model"),
    path("models/<int:pk>/job/", models.model_job, name="model_job"),
    path("models/<int:pk>/cancel/", models.model_cancel, name="model_cancel"),
    path("models/<int:pk>/serve/", models.model_serve, name="model_serve"),
]
