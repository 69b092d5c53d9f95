"""Clear up after workers that died, and after time that ran out."""

from dataclasses import dataclass

from django.db import connection

from campaigns.sending.states import by_name

BATCH = 10_000
"""Rows ended in one statement: it never holds many, nor for long."""
# Nothing was on the wire: safe to send again.
_RETURNED = by_name("""
UPDATE campaigns_delivery SET state = {QUEUED}, lease = NULL, lease_until = NULL
WHERE taken AND state = {LEASED} AND lease_until < now()
""")
# It may have been on the wire. Sending again could be a duplicate, so it never goes back; the lease stays, and with it
# the right of a worker that was merely slow to say what happened.
_UNKNOWN = by_name("""
UPDATE campaigns_delivery SET state = {UNKNOWN}, reason = 'crash', lease_until = NULL
WHERE taken AND state = {INFLIGHT} AND lease_until < now()
""")
_EXPIRED = by_name("""
WITH late AS (
    SELECT id FROM campaigns_delivery WHERE waiting AND expires_at <= now()
    ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE campaigns_delivery d SET state = {FAILED}, reason = 'expired' FROM late WHERE d.id = late.id
""")


@dataclass(frozen=True)
class Reaped:
    """How many deliveries went back to the queue, became unknown, and were too late to send."""

    returned: int
    unknown: int
    expired: int


def reap() -> Reaped:
    """Give back leases of dead workers, mark unanswered sends as unknown, and end what is too late to send."""
    return Reaped(_done(_RETURNED), _done(_UNKNOWN), _in_batches(_EXPIRED))


def _done(statement: str, *values: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def _in_batches(statement: str) -> int:
    ended = last = _done(statement, BATCH)
    while last == BATCH:
        last = _done(statement, BATCH)
        ended += last
    return ended
