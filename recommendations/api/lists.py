"""A customer's list, and the versions behind the lists, over REST."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers, status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.access.models import ApiKey
from crm.api.pagination import KeysetPagination
from crm.catalog.models import Product
from crm.customers.models import Customer
from lib.artifacts import BadArtifact
from recommendations.api import asking
from recommendations.models import ModelVersion
from recommendations.serving import desk, live, shown
from recommendations.serving.wording import sentence

MATCHES = 10


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
    placement = serializers.CharField(allow_null=True)
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
    """What to show one customer now; what was shown to those who allow it is taken down."""

    @extend_schema(
        responses=ListingSerializer,
        parameters=[asking.N, asking.LANGUAGE, asking.PLACEMENT, asking.PRODUCT, asking.QUERY, asking.KIND],
    )
    def get(self, request: Request, uuid: str) -> Response:
        """Return the list: the stored one blended with what the customer just did, or what stands in for it.

        With a query, what matches it in the customer's order. Raises ValidationError when a parameter makes no sense,
        Http404 for nobody, NotAsked when the version in use cannot answer queries.
        """
        question = asking.question(request)
        if question is not None:
            return Response(_matching(request, uuid, question))
        placement = asking.placement(request)
        found = live.answer(
            live.LiveQuestion(
                uuid=uuid,
                n=asking.length(request),
                placement=placement,
                anchors=asking.anchors(request),
                language=request.query_params.get("language", ""),
            )
        )
        if found is None:
            raise Http404
        # A person who is signed in only looks; a program shows.
        if isinstance(request.auth, ApiKey):
            shown.record(found, placement)
        return Response(_listing(found, placement.key if placement else None))


def _listing(found: live.LiveAnswer, placement: str | None) -> dict[str, Any]:
    names = {pk: good.name for pk, good in found.goods.items()}
    return {
        "customer": str(found.person.uuid),
        "placement": placement,
        "personal": found.personal,
        "version": found.version_id,
        "products": [
            {
                "rank": rank,
                "product": one.product_id,
                "sku": found.goods[one.product_id].sku,
                "name": names[one.product_id],
                "reason": sentence(one.reason, names, found.language),
                "reason_code": one.reason["code"],
                "score": one.score,
            }
            for rank, one in enumerate(found.rows, 1)
        ],
    }


def _matching(request: Request, uuid: str, question: tuple[str, list[str]]) -> dict[str, Any]:
    customer = get_object_or_404(Customer, uuid=uuid, canary=False)
    language = request.query_params.get("language") or customer.language or "en"
    try:
        found = desk.ask(customer, *question, asking.length(request) or MATCHES)
    except (desk.NoDesk, BadArtifact) as error:
        raise NotAsked from error
    named = {reason.get("product") for reason in found.reasons} - {None}
    products = Product.objects.in_bulk([*found.product_ids, *named])
    names = {pk: product.name_in(language) for pk, product in products.items()}
    return {
        "customer": str(customer.uuid),
        "placement": None,
        "personal": found.personal,
        "version": found.version_id,
        "products": [
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
        ],
    }


class VersionList(generics.ListAPIView[ModelVersion]):
    """All versions, newest first."""

    serializer_class = VersionSerializer
    pagination_class = KeysetPagination
    queryset = ModelVersion.objects.all()
