"""Take addresses that do not exist, or that nobody empties, off every future mail."""

from collections.abc import Sequence

from django.db import connection

from campaigns.sending import outcome
from campaigns.sending.ledger import Outcome
from campaigns.sending.models import Delivery
from crm.privacy import suppression

IN_A_ROW = 3
"""Mails that found the mailbox full for a day, none between that did not."""
# Of each person, the newest deliveries that came to an end.
_FULL = """
SELECT p.customer_id FROM unnest(%(people)s::bigint[]) AS p(customer_id)
WHERE %(times)s = (
    SELECT count(*) FILTER (WHERE last.reason = 'full') FROM (
        SELECT d.reason FROM campaigns_delivery d
        WHERE d.customer_id = p.customer_id AND d.state = ANY(%(over)s)
        ORDER BY d.created_at DESC LIMIT %(times)s
    ) last
)
"""


def strike(outcomes: Sequence[Outcome]) -> int:
    """Put on the suppression list whose address does not exist, or was full too often; return how many were put."""
    bounced = _people([one.id for one in outcomes if one.reason == outcome.BOUNCED])
    full = _often_full(_people([one.id for one in outcomes if one.reason == outcome.FULL]))
    people = sorted({*bounced, *full})
    if not people:
        return 0
    return suppression.suppress_customers(customer_ids=people, reason=suppression.Reason.BOUNCED, actor="sending")


def _people(delivery_ids: Sequence[int]) -> list[int]:
    if not delivery_ids:
        return []
    return list(Delivery.objects.filter(pk__in=delivery_ids).values_list("customer_id", flat=True))


def _often_full(people: Sequence[int]) -> list[int]:
    if not people:
        return []
    over = [Delivery.State.SENT, Delivery.State.FAILED]
    with connection.cursor() as cursor:
        cursor.execute(_FULL, {"people": list(people), "times": IN_A_ROW, "over": [int(state) for state in over]})
        return [row[0] for row in cursor.fetchall()]
