"""Recommendations over REST."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.api.pagination import KeysetPagination
from crm.catalog.models import Product
from crm.customers.models import Customer
from recommendations.models import ModelVersion
from recommendations.serving.recommend import recommend, sentence

MOST = 50


class RecommendedSerializer(serializers.Serializer[Any]):
    """One recommended product."""

    rank = serializers.IntegerField()
    product = serializers.IntegerField()
    sku = serializers.CharField()
    name = serializers.CharField()
    reason = serializers.CharField()
    reason_code = serializers.CharField()
    score = serializers.FloatField(allow_null=True)


class ListingSerializer(serializers.Serializer[Any]):
    """A customer's list."""

    customer = serializers.UUIDField()
    personal = serializers.BooleanField()
    version = serializers.IntegerField(allow_null=True)
    products = RecommendedSerializer(many=True)


class VersionSerializer(serializers.ModelSerializer[ModelVersion]):
    """A version of the recommender."""

    class Meta:
        model = ModelVersion
        fields = [
            "id",
            "state",
            "verdict",
            "reason",
            "metrics",
            "people",
            "products",
            "interactions",
            "created_at",
            "promoted_at",
        ]
        read_only_fields = fields


class CustomerRecommendations(APIView):
    """The stored list of one customer, or the favourites that stand in for it."""

    @extend_schema(
        responses=ListingSerializer,
        parameters=[OpenApiParameter("n", int, description="At most so many"), OpenApiParameter("language", str)],
    )
    def get(self, request: Request, uuid: str) -> Response:
        """Return the list.

        Raises ValidationError when n is not a number from 1 to 50.
        """
        text = request.query_params.get("n", "10")
        if not text.isdecimal() or not 1 <= int(text) <= MOST:
            raise ValidationError({"n": f"Must be a number from 1 to {MOST}."})
        customer = get_object_or_404(Customer, uuid=uuid, canary=False)
        language = request.query_params.get("language") or customer.language or "en"
        found = recommend([customer.pk], int(text))[customer.pk]
        named = {reason.get("product") for reason in found.reasons} - {None}
        products = Product.objects.in_bulk([*found.product_ids, *named])
        names = {pk: product.name_in(language) for pk, product in products.items()}
        rows = [
            {
                "rank": rank,
                "product": pk,
                "sku": products[pk].sku,
                "name": names[pk],
                "reason": sentence(reason, names, language),
                "reason_code": reason["code"],
                "score": found.scores[rank - 1] if found.scores else None,
            }
            for rank, (pk, reason) in enumerate(zip(found.product_ids, found.reasons, strict=True), 1)
        ]
        answer = {
            "customer": customer.uuid,
            "personal": found.personal,
            "version": found.version_id,
            "products": rows,
        }
        return Response(ListingSerializer(answer).data)


class VersionList(generics.ListAPIView[ModelVersion]):
    """All versions, newest first."""

    serializer_class = VersionSerializer
    pagination_class = KeysetPagination
    queryset = ModelVersion.objects.all()


urlpatterns = [
    path("recommendations/<uuid:uuid>/", CustomerRecommendations.as_view(), name="api_recommendations"),
    path("models/", VersionList.as_view(), name="api_models"),
]
