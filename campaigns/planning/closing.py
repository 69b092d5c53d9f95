"""The rows of cancelled campaigns are closed behind the cancelling, batch by batch: whoever cancels does not wait."""

from django.db import connection, models

from campaigns.planning.models import Campaign
from campaigns.sending.models import Delivery
from campaigns.sending.states import by_name

BATCH = 5_000
# What a worker has locked at this moment is given back by it, and closed in the next round.
_CLOSE = by_name("""
WITH held AS (
    SELECT id FROM campaigns_delivery WHERE campaign_id = %s AND waiting
    ORDER BY not_before, id LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE campaigns_delivery d SET state = {CANCELLED}, reason = 'cancelled', lease = NULL, lease_until = NULL
FROM held WHERE d.id = held.id
""")


def close_some(campaign_id: int) -> int:
    """Close at most 5,000 waiting deliveries of a cancelled campaign; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, [campaign_id, BATCH])
        return int(cursor.rowcount)


def close_cancelled() -> int:
    """Close every delivery that waits although its campaign was cancelled; return how many. Each batch is committed."""
    closed = 0
    for campaign_id in _unclosed():
        while some := close_some(campaign_id):
            closed += some
    return closed


def _unclosed() -> list[int]:
    # With a limit, as the claim's look-up: one row a campaign, whatever the statistics say.
    waiting = Delivery.objects.filter(waiting=True, campaign=models.OuterRef("pk")).values("pk")[:1]
    cancelled = Campaign.objects.filter(state=Campaign.State.CANCELLED).annotate(waits=models.Subquery(waiting))
    return list(cancelled.filter(waits__isnull=False).values_list("pk", flat=True))
