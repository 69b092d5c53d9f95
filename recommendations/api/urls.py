"""Routes of the recommendations over REST."""

from django.urls import path

from recommendations.api.lists import CustomerRecommendations, VersionList
from recommendations.api.products import SimilarProducts, TogetherProducts, TrendingProducts

urlpatterns = [
    path("recommendations/<uuid:uuid>/", CustomerRecommendations.as_view(), name="api_recommendations"),
    path("products/<int:pk>/similar/", SimilarProducts.as_view(), name="api_similar"),
    path("products/<int:pk>/together/", TogetherProducts.as_view(), name="api_together"),
    path("trending/", TrendingProducts.as_view(), name="api_trending"),
    path("models/", VersionList.as_view(), name="api_models"),
]
