"""How large segments were, read from what each refresh wrote down."""

from collections.abc import Sequence
from datetime import UTC, date, timedelta

from django.db import connection
from django.utils import timezone

from segmentation.segments.models import Segment, SegmentSize

# The last size known at each day; 0 before the first.
_SIZES = """
SELECT asked.segment, asked.day, coalesce((
    SELECT s.size FROM segmentation_segmentsize s
    WHERE s.segment_id = asked.segment AND s.day <= asked.day ORDER BY s.day DESC LIMIT 1
), 0)
FROM (SELECT segment, day FROM unnest(%(ids)s::bigint[]) segment, unnest(%(days)s::date[]) day) AS asked
ORDER BY asked.segment, asked.day
"""


def days(*, span: int, steps: int, today: date | None = None) -> list[date]:
    """Return `steps` days at equal distances over the last `span` days, the last one today (UTC)."""
    end = today or _today()
    return [end - timedelta(days=round(span * (steps - 1 - step) / (steps - 1))) for step in range(steps)]


def sizes(segment_ids: Sequence[int], at: Sequence[date]) -> dict[int, list[int]]:
    """Return segment id → how many people were in it at the end of each day, in the order of the days."""
    found: dict[int, list[int]] = {pk: [] for pk in segment_ids}
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, {"ids": list(segment_ids), "days": sorted(at)})
        for pk, _day, size in cursor.fetchall():
            found[pk].append(size)
    return found


def note(segment: Segment) -> None:
    """Write down how large a segment is today."""
    SegmentSize.objects.bulk_create(
        [SegmentSize(segment=segment, day=_today(), size=segment.size)],
        update_conflicts=True,
        unique_fields=["segment", "day"],
        update_fields=["size"],
    )


def _today() -> date:
    return timezone.now().astimezone(UTC).date()
