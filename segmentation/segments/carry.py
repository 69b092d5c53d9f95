"""Each cluster is carried by a segment that keeps its identity from run to run, with its memberships and history."""

from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection, transaction
from django.utils import timezone
from scipy.optimize import linear_sum_assignment

from lib import copying
from segmentation.clusters.models import Cluster, ClusterRun
from segmentation.segments import trend
from segmentation.segments.models import Segment
from segmentation.segments.refresh import refresh

SAME = 0.2
"""Overlap (Jaccard) from which a cluster is the one a segment carried before."""
STAGING = "cluster_members"
_OVERLAPS = """
SELECT found.number, m.segment_id, count(*) FROM cluster_members found
JOIN segmentation_membership m ON m.customer_id = found.customer_id AND m.until IS NULL
JOIN segmentation_segment s ON s.id = m.segment_id AND s.kind = 'cluster' AND s.archived_at IS NULL
GROUP BY found.number, m.segment_id
"""
_CLOSE = """
UPDATE segmentation_membership m SET until = %s FROM segmentation_segment s
WHERE s.id = m.segment_id AND s.kind = 'cluster' AND s.archived_at IS NULL AND m.until IS NULL AND NOT EXISTS (
    SELECT 1 FROM cluster_members found JOIN segmentation_cluster c ON c.run_id = %s AND c.number = found.number
    WHERE found.customer_id = m.customer_id AND c.segment_ref = m.segment_id)
"""
# Whoever was erased while the clusters were sought has no portrait any more, and is left out.
_OPEN = """
INSERT INTO segmentation_membership (segment_id, customer_id, since, profiled)
SELECT c.segment_ref, found.customer_id, %s, true FROM cluster_members found
JOIN segmentation_cluster c ON c.run_id = %s AND c.number = found.number
JOIN segmentation_portrait p ON p.customer_id = found.customer_id
WHERE NOT EXISTS (SELECT 1 FROM segmentation_membership m
    WHERE m.segment_id = c.segment_ref AND m.customer_id = found.customer_id AND m.until IS NULL)
"""


@transaction.atomic
def carry_clusters(*, run: ClusterRun, people: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> None:
    """Give each cluster of a run its segment, and make the memberships what the run found.

    `people` holds customer ids, `labels` the number of each one's cluster, both of shape (people,). A cluster goes on
    in the segment it shares most people with; the others get new segments, and segments nobody carries on are put away.
    A name people gave to a segment stays; one that came from an earlier run follows the new description.
    """
    found = zip(people.tolist(), labels.tolist(), strict=True)
    copying.stage(STAGING, {"customer_id": "bigint", "number": "smallint"}, found)
    copying.analyse(STAGING)
    now = timezone.now()
    # Memberships change under the lock of their segment, here as everywhere: see withdraw.py.
    locked = Segment.objects.select_for_update().in_use().filter(kind=Segment.Kind.CLUSTER).order_by("pk")
    before = {segment.pk: segment for segment in locked}
    clusters = list(run.clusters.all())
    matched = match(_overlaps(), {c.number: c.size for c in clusters}, {pk: s.size for pk, s in before.items()})
    carriers: list[Segment] = []
    for cluster in clusters:
        segment = before.pop(matched.get(cluster.number, 0), None)
        carriers.append(_carrier(cluster, segment))
        cluster.segment_ref = carriers[-1].pk
        cluster.save(update_fields=["segment_ref"])
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, [now, run.pk])
        cursor.execute(_OPEN, [now, run.pk])
    for carrier in carriers:
        refresh(segment=carrier)
    _put_away(list(before), now)


def match(overlaps: dict[tuple[int, int], int], clusters: dict[int, int], segments: dict[int, int]) -> dict[int, int]:
    """Return cluster number → segment id, one to one, so that the sum of overlaps (Jaccard) is the largest possible.

    `overlaps` counts shared people; `clusters` and `segments` give sizes. Pairs that overlap less than SAME are left
    out. The assignment is Kuhn's Hungarian method (1955) as scipy solves it.
    """
    numbers, ids = list(clusters), list(segments)
    if not numbers or not ids:
        return {}
    likeness = np.array([
        [_jaccard(overlaps.get((number, pk), 0), clusters[number], segments[pk]) for pk in ids] for number in numbers
    ])  # fmt: skip
    rows, columns = linear_sum_assignment(likeness, maximize=True)
    return {numbers[r]: ids[c] for r, c in zip(rows, columns, strict=True) if likeness[r, c] >= SAME}


def _jaccard(shared: int, one: int, other: int) -> float:
    return shared / max(1, one + other - shared)


def _overlaps() -> dict[tuple[int, int], int]:
    with connection.cursor() as cursor:
        cursor.execute(_OVERLAPS)
        return {(number, segment): count for number, segment, count in cursor.fetchall()}


def _carrier(cluster: Cluster, segment: Segment | None) -> Segment:
    """Return the segment of a cluster: the one before, renamed if its name was ours, or a new one."""
    if segment is None:
        return Segment.objects.create(**_names(cluster), kind=Segment.Kind.CLUSTER)
    if Cluster.objects.filter(segment_ref=segment.pk, **_names(segment)).exists():
        segment.name, segment.translations = cluster.name, cluster.translations
        segment.save(update_fields=["name", "translations", "updated_at"])
    return segment


def _names(thing: Cluster | Segment) -> dict[str, Any]:
    return {"name": thing.name, "translations": thing.translations}


def _put_away(segment_ids: list[int], now: datetime) -> None:
    for segment in Segment.objects.filter(pk__in=segment_ids):
        segment.size, segment.reachable, segment.refreshed_at, segment.archived_at = 0, 0, now, now
        segment.save(update_fields=["size", "reachable", "refreshed_at", "archived_at"])
        trend.note(segment)
