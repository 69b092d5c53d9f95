"""The vocabulary for reading deliveries."""

from typing import TYPE_CHECKING, Self

from django.db import models

from campaigns.sending.states import OPEN, STOPPABLE, State

if TYPE_CHECKING:
    from campaigns.sending.models import Delivery


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries, in the product's words."""

    def open(self) -> Self:
        """Not over yet: queued, leased, being sent or deferred."""
        return self.filter(state__in=OPEN)

    def waiting(self) -> Self:
        """Nothing is on the wire yet, so it can still be stopped."""
        return self.filter(state__in=STOPPABLE)

    def sent(self) -> Self:
        """The mail server took responsibility."""
        return self.filter(state=State.SENT)
