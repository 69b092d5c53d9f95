"""The vocabulary for reading customers."""

from datetime import date
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q

if TYPE_CHECKING:
    from crm.customers.models import Customer


class CustomerQuerySet(models.QuerySet["Customer"]):
    """Customers, in the product's words."""

    def real(self) -> Self:
        """People, without the invented ones that only prove promises and without the erased."""
        return self.filter(canary=False).exclude(state="erased")

    def active(self) -> Self:
        """People who may be processed today."""
        return self.filter(state="active", canary=False)

    def permitting(self, bits: int) -> Self:
        """People who allow every purpose in the bitmap."""
        return self.alias(_allowed=F("permission").bitand(bits)).filter(_allowed=bits)

    def latest_first(self, before: tuple[date | None, int] | None = None) -> Self:
        """Newest day of activity first; `before` is the (seen_on, id) of the last row of the page before."""
        ordered = self.order_by(F("seen_on").desc(nulls_last=True), "-id")
        if before is None:
            return ordered
        seen, pk = before
        if seen is None:
            return ordered.filter(seen_on__isnull=True, pk__lt=pk)
        return ordered.filter(Q(seen_on__lt=seen) | Q(seen_on=seen, pk__lt=pk) | Q(seen_on__isnull=True))
