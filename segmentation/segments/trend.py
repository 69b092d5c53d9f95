"""How large segments were, read from the history of memberships."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

_SIZES = """
SELECT segment.id, moment.at, count(m.id)
FROM unnest(%s::bigint[]) AS segment(id) CROSS JOIN unnest(%s::timestamptz[]) AS moment(at)
LEFT JOIN segmentation_membership m
    ON m.segment_id = segment.id AND m.since <= moment.at AND (m.until IS NULL OR m.until > moment.at)
GROUP BY segment.id, moment.at ORDER BY segment.id, moment.at
"""


def moments(*, days: int, steps: int, now: datetime | None = None) -> list[datetime]:
    """Return `steps` moments at equal distances over the last `days`, the last one now."""
    end = now or timezone.now()
    return [end - timedelta(days=days) * (steps - 1 - step) / (steps - 1) for step in range(steps)]


def sizes(segment_ids: Sequence[int], at: Sequence[datetime]) -> dict[int, list[int]]:
    """Return segment id → how many people were in it at each moment, in one query."""
    found: dict[int, list[int]] = {pk: [] for pk in segment_ids}
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [list(segment_ids), list(at)])
        for pk, _moment, size in cursor.fetchall():
            found[pk].append(size)
    return found
