"""Clear up after workers that died, and after time that ran out."""

from dataclasses import dataclass

from django.db import connection

# Nothing was on the wire: safe to send again.
_RETURNED = """
UPDATE campaigns_delivery SET state = 0, lease = NULL, lease_until = NULL WHERE state = 1 AND lease_until < now()
"""
# It may have been on the wire. Sending again could be a duplicate, so it never goes back; the lease stays, and with it
# the right of a worker that was merely slow to say what happened.
_UNKNOWN = """
UPDATE campaigns_delivery SET state = 5, reason = 'crash', lease_until = NULL WHERE state = 2 AND lease_until < now()
"""
_EXPIRED = """
UPDATE campaigns_delivery SET state = 6, reason = 'expired' WHERE state IN (0, 4) AND expires_at <= now()
"""


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
