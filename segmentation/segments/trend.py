"""How large segments were, read from the history of memberships."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from django.db import connection
from django.utils import timezone

# One pass over the memberships, whatever the number of moments: each comes before one moment and goes before another.
_CHANGES = """
SELECT segment_id, width_bucket(since, %(at)s::timestamptz[]), count(*) FROM segmentation_membership
WHERE segment_id = ANY(%(ids)s) GROUP BY 1, 2
UNION ALL
SELECT segment_id, width_bucket(until, %(at)s::timestamptz[]), -count(*) FROM segmentation_membership
WHERE segment_id = ANY(%(ids)s) AND until IS NOT NULL GROUP BY 1, 2
"""


def moments(*, days: int, steps: int, now: datetime | None = None) -> list[datetime]:
    """Return `steps` moments at equal distances over the last `days`, the last one now."""
    end = now or timezone.now()
    return [end - timedelta(days=days) * (steps - 1 - step) / (steps - 1) for step in range(steps)]


def sizes(segment_ids: Sequence[int], at: Sequence[datetime]) -> dict[int, list[int]]:
    """Return segment id → how many people were in it at each moment, in one query."""
    changes = {pk: [0] * (len(at) + 1) for pk in segment_ids}
    with connection.cursor() as cursor:
        cursor.execute(_CHANGES, {"ids": list(segment_ids), "at": list(at)})
        for pk, place, change in cursor.fetchall():
            changes[pk][place] += change
    return {pk: list(accumulate(changed[:-1])) for pk, changed in changes.items()}
