"""From portraits to clusters to segments, twice."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from crm.customers.models import Customer
from lib.runs import Cancelled
from segmentation.clusters.matrix import DEFAULT, NothingToCompare
from segmentation.clusters.models import Cluster, ClusterRun
from segmentation.portraits.models import Portrait
from segmentation.segments import edit
from segmentation.segments.carry import match
from segmentation.segments.models import Membership, Segment
from segmentation.segments.run_clusters import run_clusters
from tests.segmentation.clusters.groups import planted
from tests.segmentation.people import NOW, customers

pytestmark = pytest.mark.django_db
CHINESE = {"zh-hans": {"name": "我们的最爱"}}
OLD = {"zh-hans": {"name": "旧名"}}


@pytest.fixture
def people() -> np.ndarray:
    """Portraits of four planted groups; returns who is in which, in the order of customer ids."""
    matrix, truth = planted(240)
    made = customers(240)
    Portrait.objects.bulk_create(
        Portrait(
            customer=customer,
            as_of=NOW,
            last_order_at=NOW - timedelta(days=float(row[0])),
            orders=int(row[1]),
            revenue=Decimal(str(round(row[2], 2))),
            average_order=Decimal(str(round(row[3], 2))),
            price_level=row[4],
            weekend_share=row[5],
            departments_bought=int(row[6]),
            items_per_order=1.0,
        )
        for customer, row in zip(sorted(made, key=lambda c: c.pk), matrix.raw, strict=True)
    )
    return truth


def claimed(**fields: object) -> ClusterRun:
    """Return a run that has been claimed."""
    run = ClusterRun.objects.create(**fields)
    assert run.claim()
    return run


def test_every_cluster_becomes_a_segment_with_its_members(people: np.ndarray) -> None:
    run = run_clusters(run=claimed())
    assert (run.state, run.k, run.people) == ("done", 4, 240)
    assert run.silhouette is not None
    assert set(run.features) < set(DEFAULT)
    for cluster in run.clusters.all():
        segment = Segment.objects.get(pk=cluster.segment_ref)
        assert (segment.kind, segment.name, segment.size) == ("cluster", cluster.name, cluster.size)
        members = Membership.objects.current().filter(segment=segment).values_list("customer_id", flat=True)
        first = Customer.objects.order_by("id").values_list("id", flat=True)[0]
        groups = people[np.array(members) - first]
        assert np.bincount(groups).max() / len(groups) > 0.9


def test_a_second_run_carries_the_same_segments_on_and_keeps_history(people: np.ndarray) -> None:
    first = run_clusters(run=claimed())
    before = set(first.clusters.values_list("segment_ref", flat=True))
    second = run_clusters(run=claimed())
    assert set(second.clusters.values_list("segment_ref", flat=True)) == before
    assert Membership.objects.count() == 240
    someone = Membership.objects.current().first()
    assert someone is not None
    lapsed = Portrait.objects.exclude(customer__memberships__segment_id=someone.segment_id).first()
    assert lapsed is not None
    changed = {f.name: getattr(lapsed, f.name) for f in Portrait._meta.fields if f.name not in {"customer", "as_of"}}
    Portrait.objects.filter(pk=someone.customer_id).update(**changed)
    third = run_clusters(run=claimed(k_asked=4))
    assert set(third.clusters.values_list("segment_ref", flat=True)) == before
    history = Membership.objects.filter(customer_id=someone.customer_id).order_by("since")
    assert [row.until is None for row in history] == [False, True]


def test_a_name_people_gave_stays_and_one_of_ours_follows(people: np.ndarray) -> None:
    first = run_clusters(run=claimed())
    [kept, ours, *_rest] = Segment.objects.filter(pk__in=first.clusters.values("segment_ref"))
    edit.rename(segment=kept, name="Our favourites", translations=CHINESE)
    Cluster.objects.filter(segment_ref=ours.pk).update(name="Older words", translations=OLD)
    Segment.objects.filter(pk=ours.pk).update(name="Older words", translations=OLD)
    second = run_clusters(run=claimed())
    kept.refresh_from_db()
    ours.refresh_from_db()
    assert kept.name == "Our favourites"
    assert ours.name == second.clusters.get(segment_ref=ours.pk).name != "Older words"


def test_segments_nobody_carries_on_are_put_away(people: np.ndarray) -> None:
    first = run_clusters(run=claimed(k_asked=8))
    second = run_clusters(run=claimed(k_asked=3))
    used = set(second.clusters.values_list("segment_ref", flat=True))
    gone = Segment.objects.filter(pk__in=set(first.clusters.values_list("segment_ref", flat=True)) - used)
    assert len(gone) >= 5
    assert all(segment.archived_at and not segment.size for segment in gone)
    assert Membership.objects.current().count() == 240


def test_too_few_people_fail_the_run_with_a_reason() -> None:
    run = claimed()
    with pytest.raises(NothingToCompare):
        run_clusters(run=run)
    assert run.state == "failed"
    assert run.error


def test_a_waiting_run_is_claimed_and_one_taken_by_another_is_left_alone(people: np.ndarray) -> None:
    run = ClusterRun.objects.create(k_asked=3)
    ClusterRun.objects.get(pk=run.pk).claim()
    assert run_clusters(run=run).state == "due"
    assert run_clusters(run=ClusterRun.objects.create(k_asked=3)).state == "done"


def test_a_cancelled_run_writes_nothing(people: np.ndarray) -> None:
    run = claimed()
    run.cancel()
    with pytest.raises(Cancelled):
        run_clusters(run=run)
    run.refresh_from_db()
    assert (run.state, Segment.objects.count()) == ("cancelled", 0)


def test_segments_go_to_the_clusters_they_share_most_with() -> None:
    overlaps = {(0, 10): 60, (1, 10): 50, (0, 11): 40, (2, 12): 1}
    assert match(overlaps, {0: 100, 1: 50, 2: 100}, {10: 110, 11: 40, 12: 100}) == {0: 11, 1: 10}
    assert match({}, {0: 1}, {}) == {}
