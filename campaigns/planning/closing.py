"""Campaigns come to an end: those of which everything was sent, and behind a cancelling, batch by batch, its rows."""

from django.db import connection, models
from django.utils import timezone

from campaigns.planning.models import Campaign
from campaigns.planning.moves import move
from campaigns.sending.models import Delivery
from campaigns.sending.sent import note_missing
from campaigns.sending.states import by_name

BATCH = 5_000
State = Campaign.State
# What a worker has locked at this moment is given back by it, and closed in the next round.
_CLOSE = by_name("""
WITH held AS (
    SELECT id FROM campaigns_delivery WHERE message_id = %s AND waiting
    ORDER BY not_before, id LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE campaigns_delivery d SET state = {CANCELLED}, reason = 'cancelled', lease = NULL, lease_until = NULL
FROM held WHERE d.id = held.id
""")
# With a limit, as the claim's look-up: one row a campaign, whatever the statistics say.
_HERE = Delivery.objects.filter(message=models.OuterRef("message"))
_WAITING = _HERE.filter(waiting=True).order_by("not_before").values("pk")[:1]
_HELD = _HERE.filter(taken=True).order_by("id").values("pk")[:1]


def finish() -> int:
    """Close campaigns with no delivery left to send, after every sent mail was noted; return how many were closed."""
    over = [(row.pk, row.message_id) for row in _over()]
    for _pk, message_id in over:
        note_missing(message_id or 0)
    # One that got something to send meanwhile waits for the next call, which notes its mails first.
    still = {row.pk for row in _over()}
    return sum(move(pk, [State.SENDING], State.SENT, finished_at=timezone.now()) for pk, _ in over if pk in still)


def close_some(message_id: int) -> int:
    """Close at most 5,000 waiting deliveries of a cancelled campaign's message; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, [message_id, BATCH])
        return int(cursor.rowcount)


def close_cancelled() -> int:
    """Close every delivery that waits although its campaign was cancelled; return how many. Each batch is committed."""
    closed = 0
    cancelled = Campaign.objects.filter(state=State.CANCELLED).annotate(waits=models.Subquery(_WAITING))
    for row in cancelled.exclude(waits=None):
        while some := close_some(row.message_id or 0):
            closed += some
    return closed


def _over() -> "models.QuerySet[Campaign]":
    sending = Campaign.objects.filter(state=State.SENDING, frozen_at__isnull=False)
    return sending.annotate(waits=models.Subquery(_WAITING), held=models.Subquery(_HELD)).filter(waits=None, held=None)
