"""Interactions over REST, those that came in last first."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import generics, serializers
from rest_framework.exceptions import ValidationError

from crm.api.pagination import KeysetPagination
from crm.interactions.kinds import KINDS
from crm.interactions.models import Interaction


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
    # By id, which is unique: many acts share one moment, and pages by time would skip or repeat some of them.
    pagination_class = KeysetPagination

    def get_queryset(self) -> Any:
        """Return the interactions with customer and product joined, narrowed by customer and kind when asked.

        Raises ValidationError for a kind that does not exist and for an id that is none.
        """
        found = Interaction.objects.filter(customer__canary=False).select_related("customer", "product")
        if customer := self.request.query_params.get("customer"):
            try:
                found = found.filter(customer__uuid=UUID(customer))
            except ValueError as error:
                raise ValidationError({"customer": "Must be the public id of a customer."}) from error
        if kind := self.request.query_params.get("kind"):
            if kind not in KINDS:
                raise ValidationError({"kind": f"Must be one of {', '.join(sorted(KINDS))}."})
            found = found.filter(kind=kind)
        return found
