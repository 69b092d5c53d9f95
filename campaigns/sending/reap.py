"""Clear up after workers that died, and after time that ran out."""

from dataclasses import dataclass

from django.db import connection

from campaigns.sending.states import by_name

# Nothing was on the wire: safe to send again.
_RETURNED = by_name("""
UPDATE campaigns_delivery SET state = {QUEUED}, lease = NULL, lease_until = NULL
WHERE state = {LEASED} AND lease_until < now()
""")
# It may have been on the wire. Sending again could be a duplicate, so it never goes back; the lease stays, and with it
# the right of a worker that was merely slow to say what happened.
_UNKNOWN = by_name("""
UPDATE campaigns_delivery SET state = {UNKNOWN}, reason = 'crash', lease_until = NULL
WHERE state = {INFLIGHT} AND lease_until < now()
""")
_EXPIRED = by_name("""
UPDATE campaigns_delivery SET state = {FAILED}, reason = 'expired' WHERE state IN {WAITING} AND expires_at <= now()
""")


@dataclass(frozen=True)
class Reaped:
    """How many deliveries went back to the queue, became unknown, and were too late to send."""

    returned: int
    unknown: int
    expired: int


def reap() -> Reaped:
    """Give back leases of dead workers, mark unanswered sends as unknown, and end what is too late to send."""
    counts = []
    with connection.cursor() as cursor:
        for statement in (_RETURNED, _UNKNOWN, _EXPIRED):
            cursor.execute(statement)
            counts.append(int(cursor.rowcount))
    return Reaped(*counts)
