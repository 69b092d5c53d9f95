"""The REST API under /api/v1/, put together from each application's routes."""

from django.urls import include, path

urlpatterns = [
    path("", include("crm.api.urls")),
    path("", include("segmentation.api")),
    path("", include("recommendations.api.urls")),
    path("", include("campaigns.api")),
]
