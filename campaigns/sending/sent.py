"""Each mail that was sent is an interaction: the customer's history shows it, and the next portrait knows it."""

from collections.abc import Sequence

from django.db import connection

from campaigns.sending.models import Delivery
from campaigns.sending.states import by_name
from crm.ingest import intake
from crm.ingest.event import Event

SOURCE = "sending"
BATCH = 5_000
# The interaction's own unique index (source, message_id, occurred_at) answers for each row.
_MISSING = by_name("""
SELECT d.id FROM campaigns_delivery d
WHERE d.message_id = %s AND d.state = {SENT} AND NOT EXISTS (
    SELECT 1 FROM crm_interaction i
    WHERE i.source = 'sending' AND i.message_id = d.key::text AND i.occurred_at = d.sent_at
)
ORDER BY d.id LIMIT %s
""")


def note_sent(delivery_ids: Sequence[int]) -> int:
    """Record sent deliveries as interactions, each once however often it is asked; return how many were new."""
    if not delivery_ids:
        return 0
    rows = Delivery.objects.sent().filter(pk__in=delivery_ids)
    events = [
        Event(
            kind="email_sent",
            message_id=str(key),
            source=SOURCE,
            occurred_at=sent_at,
            customer_id=customer_id,
            channel="email",
            campaign_ref=message_id,
            delivery_ref=pk,
        )
        for pk, key, customer_id, message_id, sent_at in rows.values_list(
            "pk", "key", "customer_id", "message_id", "sent_at"
        )
        if sent_at is not None
    ]
    return intake.record(events).accepted


def note_missing(message_id: int) -> int:
    """Record what a worker that died between outcome and interaction left out; return how many.

    Stops when a round adds nothing: people erased meanwhile take no more interactions.
    """
    noted = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_MISSING, [message_id, BATCH])
            ids = [row[0] for row in cursor.fetchall()]
        added = note_sent(ids)
        noted += added
        if not added:
            return noted
