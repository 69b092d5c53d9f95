"""Take addresses that do not exist off every future mail."""

from collections.abc import Sequence

from campaigns.sending.models import Delivery
from crm.privacy import suppression


def strike(delivery_ids: Sequence[int]) -> int:
    """Put the addresses of bounced deliveries on the suppression list; return how many."""
    if not delivery_ids:
        return 0
    people = list(Delivery.objects.filter(pk__in=delivery_ids).values_list("customer_id", flat=True))
    return suppression.suppress_customers(customer_ids=people, reason=suppression.Reason.BOUNCED, actor="sending")
