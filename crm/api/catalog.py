"""Products over REST."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, serializers

from crm.api.pagination import KeysetPagination
from crm.catalog.models import Product


class ProductSerializer(serializers.ModelSerializer[Product]):
    """A product as programs see one."""

    class Meta:
        model = Product
        fields = [
            "id",
            "sku",
            "kind",
            "name",
            "description",
            "translations",
            "category",
            "brand",
            "tags",
            "price",
            "currency",
            "stock",
            "url",
            "image_url",
            "recommendable",
            "repeatable",
            "updated_at",
        ]
        read_only_fields = fields


@extend_schema_view(get=extend_schema(parameters=[OpenApiParameter("sku", str), OpenApiParameter("department", str)]))
class ProductList(generics.ListAPIView[Product]):
    """All products, newest first, a page at a time."""

    serializer_class = ProductSerializer
    pagination_class = KeysetPagination

    def get_queryset(self) -> Any:
        """Return the products, narrowed by number and department when asked."""
        found = Product.objects.all()
        for name in ("sku", "department"):
            if value := self.request.query_params.get(name):
                found = found.filter(**{name: value})
        return found


class ProductDetail(generics.RetrieveAPIView[Product]):
    """One product."""

    serializer_class = ProductSerializer
    queryset = Product.objects.all()
