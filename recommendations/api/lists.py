"""A customer's list, and the versions behind the lists, over REST."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm.access.models import ApiKey
from crm.api.pagination import KeysetPagination
from recommendations.api import asking
from recommendations.models import ModelVersion
from recommendations.serving import live, shown
from recommendations.serving.wording import sentence


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
        parameters=[asking.N, asking.LANGUAGE, asking.PLACEMENT, asking.PRODUCT],
    )
    def get(self, request: Request, uuid: str) -> Response:
        """Return the list: the stored one blended with what the customer just did, or what stands in for it.

        Raises ValidationError when a parameter makes no sense, Http404 for nobody.
        """
        placement = asking.placement(request)
        found = live.answer(
            live.Asked(
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


def _listing(found: live.Answer, placement: str | None) -> dict[str, Any]:
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


class VersionList(generics.ListAPIView[ModelVersion]):
    """All versions, newest first."""

    serializer_class = VersionSerializer
    pagination_class = KeysetPagination
    queryset = ModelVersion.objects.all()
