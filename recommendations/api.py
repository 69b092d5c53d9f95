"""Recommendations over REST."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.api.pagination import KeysetPagination
from crm.catalog.models import Product
from crm.customers.models import Customer
from lib.artifacts import BadArtifact
from recommendations.dataset.events import ITEM_KINDS
from recommendations.models import ModelVersion
from recommendations.serving import desk
from recommendations.serving.recommend import Listing, recommend, sentence

MOST = 50


class NotAsked(APIException):
    """The version in use has nothing to answer queries with, or its files were altered."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The version in use cannot answer queries. Train a new one."
    default_code = "no_answers"


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
        parameters=[
            OpenApiParameter("n", int, description="At most so many"),
            OpenApiParameter("language", str),
            OpenApiParameter("query", str, description="Only what matches this text, in the customer's order"),
            OpenApiParameter("kind", str, many=True, enum=ITEM_KINDS, description="With query: only these kinds"),
        ],
    )
    def get(self, request: Request, uuid: str) -> Response:
        """Return the list, or with a query what matches it.

        Raises ValidationError when n is not a number from 1 to 50, or a query or kind makes no sense; NotAsked when the
        version in use cannot answer queries.
        """
        text = request.query_params.get("n", "10")
        if not text.isdecimal() or not 1 <= int(text) <= MOST:
            raise ValidationError({"n": f"Must be a number from 1 to {MOST}."})
        customer = get_object_or_404(Customer, uuid=uuid, canary=False)
        language = request.query_params.get("language") or customer.language or "en"
        found = _asked(request, customer, int(text)) or recommend([customer.pk], int(text))[customer.pk]
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


def _asked(request: Request, customer: Customer, n: int) -> Listing | None:
    """What matches the request's query; None for a request without one."""
    query, kinds = request.query_params.get("query"), request.query_params.getlist("kind")
    if query is None:
        if kinds:
            raise ValidationError({"kind": "Needs a query."})
        return None
    if not query.strip() or len(query) > desk.LONGEST:
        raise ValidationError({"query": f"Must hold 1 to {desk.LONGEST} characters."})
    if set(kinds) - set(ITEM_KINDS):
        raise ValidationError({"kind": f"Must be of {', '.join(ITEM_KINDS)}."})
    try:
        return desk.ask(customer, query, kinds, n)
    except (desk.NoDesk, BadArtifact) as error:
        raise NotAsked from error


class VersionList(generics.ListAPIView[ModelVersion]):
    """All versions, newest first."""

    serializer_class = VersionSerializer
    pagination_class = KeysetPagination
    queryset = ModelVersion.objects.all()


urlpatterns = [
    path("recommendations/<uuid:uuid>/", CustomerRecommendations.as_view(), name="api_recommendations"),
    path("models/", VersionList.as_view(), name="api_models"),
]
