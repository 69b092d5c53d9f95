"""Interactions over REST, newest first."""

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination

from crm.customers.models import Customer
from crm.interactions.kinds import KINDS
from crm.interactions.models import Interaction


class ByTime(CursorPagination):
    """Newest first by time, up to 1,000 rows a page."""

    ordering = ("-occurred_at", "-id")
    page_size_query_param = "limit"
    max_page_size = 1000


class InteractionSerializer(serializers.ModelSerializer[Interaction]):
    """An interaction as programs see one."""

    customer = serializers.UUIDField(source="customer.uuid")
    sku = serializers.CharField(source="product.sku", allow_null=True, default=None)

    class Meta:
        model = Interaction
        fields = [
            "customer",
            "kind",
            "sku",
            "value",
            "quantity",
            "currency",
            "order_id",
            "channel",
            "campaign_ref",
            "occurred_at",
            "received_at",
            "source",
        ]
        read_only_fields = fields


@extend_schema_view(
    get=extend_schema(
        parameters=[
            OpenApiParameter("customer", str, description="Public id of a customer"),
            OpenApiParameter("kind", str, enum=sorted(KINDS)),
        ]
    )
)
class InteractionList(generics.ListAPIView[Interaction]):
    """What customers did, a page at a time."""

    serializer_class = InteractionSerializer
    pagination_class = ByTime

    def get_queryset(self) -> Any:
        """Return the interactions with customer and product joined, narrowed by customer and kind when asked.

        Raises ValidationError for a kind that does not exist.
        """
        found = Interaction.objects.filter(customer__canary=False).select_related("customer", "product")
        if customer := self.request.query_params.get("customer"):
            found = found.filter(customer=get_object_or_404(Customer, uuid=customer))
        if kind := self.request.query_params.get("kind"):
            if kind not in KINDS:
                raise ValidationError({"kind": f"Must be one of {', '.join(sorted(KINDS))}."})
            found = found.filter(kind=kind)
        return found
