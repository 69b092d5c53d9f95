"""What stands beside a product, and what is trending, over REST; nobody is asked about, so nothing is taken down."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from recommendations.api import asking
from recommendations.serving import shelf
from recommendations.serving.models import Neighbours, Placement


class NeighbourSerializer(serializers.Serializer[Any]):
    """One product beside another."""

    rank = serializers.IntegerField()
    product = serializers.IntegerField()
    sku = serializers.CharField()
    name = serializers.CharField()
    score = serializers.FloatField(
        help_text="Similar: cosine with shrinkage, 0 to 1. Together: share of the product's people, both on one day."
    )
    support = serializers.IntegerField(
        help_text="How many people took both (together: on one day); never fewer than 10."
    )


class BesideSerializer(serializers.Serializer[Any]):
    """What stands beside a product."""

    product = serializers.IntegerField()
    version = serializers.IntegerField(allow_null=True)
    products = NeighbourSerializer(many=True)


class TrendingProductSerializer(serializers.Serializer[Any]):
    """One product that many take."""

    rank = serializers.IntegerField()
    product = serializers.IntegerField()
    sku = serializers.CharField()
    name = serializers.CharField()
    reason_code = serializers.CharField(help_text="`popular_now` for what is trending, `popular` for what fills up.")


class TrendingSerializer(serializers.Serializer[Any]):
    """What many take right now."""

    category = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField(allow_null=True)
    products = TrendingProductSerializer(many=True)


def _length(n: int | None, placement: Placement | None) -> int:
    return n or (placement.length if placement else shelf.LENGTH)


def _beside(request: Request, pk: int, kind: str) -> Response:
    placement = asking.placement(request)
    n = _length(asking.length(request), placement)
    found = shelf.beside_product(pk, kind, shelf.Cut(n, request.query_params.get("language", "en"), placement))
    if found is None:
        raise Http404
    rows = [
        {
            "rank": rank,
            "product": good.id,
            "sku": good.sku,
            "name": good.name,
            "score": near.score,
            "support": near.support,
        }
        for rank, (good, near) in enumerate(found.rows, 1)
    ]
    return Response({"product": pk, "version": found.version_id, "products": rows})


class SimilarProducts(APIView):
    """Products liked by the same people, most alike first."""

    @extend_schema(responses=BesideSerializer, parameters=[asking.N, asking.LANGUAGE, asking.PLACEMENT])
    def get(self, request: Request, pk: int) -> Response:
        """Return the products. Raises ValidationError for a parameter that makes no sense, Http404 for no product."""
        return _beside(request, pk, Neighbours.Kind.SIMILAR.value)


class TogetherProducts(APIView):
    """Products that go into one basket with it, most often first."""

    @extend_schema(responses=BesideSerializer, parameters=[asking.N, asking.LANGUAGE, asking.PLACEMENT])
    def get(self, request: Request, pk: int) -> Response:
        """Return the products. Raises ValidationError for a parameter that makes no sense, Http404 for no product."""
        return _beside(request, pk, Neighbours.Kind.TOGETHER.value)


class TrendingProducts(APIView):
    """What many people took in the last days; where that is too little, favourites fill up."""

    @extend_schema(
        responses=TrendingSerializer,
        parameters=[
            OpenApiParameter("category", str, description="A category's path; only products in it or below it"),
            asking.N,
            asking.LANGUAGE,
            asking.PLACEMENT,
        ],
    )
    def get(self, request: Request) -> Response:
        """Return the products. Raises ValidationError for a parameter that makes no sense."""
        placement = asking.placement(request)
        category = request.query_params.get("category", "")
        n = _length(asking.length(request), placement)
        cut = shelf.Cut(n, request.query_params.get("language", "en"), placement)
        found = shelf.trending_now(category, cut)
        rows = [
            {"rank": rank, "product": good.id, "sku": good.sku, "name": good.name, "reason_code": code}
            for rank, (good, code) in enumerate(found.rows, 1)
        ]
        return Response({"category": category, "version": found.version_id, "products": rows})
