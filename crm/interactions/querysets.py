"""The vocabulary for reading interactions."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from crm.interactions.models import Interaction


class InteractionQuerySet(models.QuerySet["Interaction"]):
    """Interactions, in the product's words."""

    def orders(self) -> Self:
        """Order lines."""
        return self.filter(kind="order")

    def since(self, moment: datetime) -> Self:
        """What happened at or after a moment."""
        return self.filter(occurred_at__gte=moment)

    def latest_first(self, before: tuple[datetime, int] | None = None) -> Self:
        """Newest first with products joined; `before` is the (occurred_at, id) of the last row of the page before."""
        ordered = self.select_related("product").order_by("-occurred_at", "-id")
        if before is None:
            return ordered
        moment, pk = before
        return ordered.filter(Q(occurred_at__lt=moment) | Q(occurred_at=moment, id__lt=pk))
