"""What was shown is taken down for those who allow it, goes with the person, and ends after seven months."""

from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.interactions import partitions
from crm.privacy import erasure, inventory
from recommendations.models import Shown
from recommendations.serving import live, placing, shown
from recommendations.serving.models import KEPT
from recommendations.serving.shown import Buffer, Impression
from tests.conftest import person
from tests.recommendations import shelves

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


@pytest.fixture
def ann(db: None) -> Customer:
    """She allows personal recommendations."""
    customer = person("Ann")
    decide.grant(customer=customer, purposes=Purpose.RECOMMENDATION, source="test")
    customer.refresh_from_db()
    return customer


def impression(customer: Customer, at: datetime | None = None) -> Impression:
    return Impression(customer.pk, None, [3, 1], [1, 2], [1.0, 1.0], None, at or timezone.now())


def months() -> list[str]:
    return [name.removeprefix(f"{shown.TABLE}_") for name in partitions._names(shown.TABLE)]


def test_a_list_is_taken_down_with_place_propensity_and_version(ann: Customer) -> None:
    goods, version = shelves.products(6), shelves.version()
    shelves.shelf(ann, goods, version)
    placement = placing.find("home")
    assert placement
    placing.change(
        placement=placement, terms=placing.PlacementTerms(key="home", name="Home", length=3, exploration=0.2)
    )
    placement.refresh_from_db()
    found = live.answer(live.LiveQuestion(ann.uuid, placement=placement))
    assert found
    shown.record(found, placement)
    row = Shown.objects.get()
    assert (row.customer_id, row.placement_id, row.version_ref) == (ann.pk, placement.pk, version.pk)
    assert row.product_ids == [one.product_id for one in found.rows]
    assert [goods[rank - 1].pk for rank in row.ranks] == row.product_ids
    likely = [0.8 * (rank == place) + 0.2 / 6 for place, rank in enumerate(row.ranks, 1)]
    assert row.propensities == pytest.approx(likely, abs=1e-6)
    assert timezone.now() - row.shown_at < timedelta(minutes=1)


def test_nothing_is_taken_down_of_who_refuses_and_of_empty_lists(ann: Customer) -> None:
    empty = live.answer(live.LiveQuestion(ann.uuid))
    assert empty
    shown.record(empty, None)
    shelves.favourites("all", shelves.products(3), shelves.version())
    decide.withdraw(customer=ann, purposes=Purpose.RECOMMENDATION, source="test")
    found = live.answer(live.LiveQuestion(ann.uuid))
    assert found and found.rows
    shown.record(found, None)
    assert Shown.objects.count() == 0


def test_who_withdraws_while_it_waits_leaves_no_trace(ann: Customer) -> None:
    bea = person("Bea")
    decide.grant(customer=bea, purposes=Purpose.RECOMMENDATION, source="test")
    waiting = [impression(ann), impression(bea), impression(ann)]
    decide.withdraw(customer=ann, purposes=Purpose.RECOMMENDATION, source="test")
    Customer.objects.filter(pk=bea.pk).update(state=Customer.State.RESTRICTED)
    assert shown.write(waiting) == 0
    Customer.objects.filter(pk=bea.pk).update(state=Customer.State.ACTIVE)
    assert shown.write(waiting) == 1
    assert Shown.objects.get().customer_id == bea.pk


def test_it_goes_with_the_person(ann: Customer) -> None:
    shown.write([impression(ann)])
    counted = erasure.erase(customer=ann, actor="test")
    assert counted["recommendations.shown"] == 1
    assert Shown.objects.count() == 0


def test_impressions_wait_and_are_written_together(ann: Customer, settings: object) -> None:
    settings.SHOWN_BUFFER_SECONDS = 60  # type: ignore[attr-defined]
    buffer = Buffer()
    buffer._writer = Thread(target=lambda: buffer._filled.wait(), daemon=True)
    buffer._writer.start()
    buffer._writer.is_alive = lambda: True  # type: ignore[method-assign]
    for _ in range(3):
        buffer.add(impression(ann))
    assert Shown.objects.count() == 0
    assert buffer.flush() == 3
    assert Shown.objects.count() == 3
    assert buffer.flush() == 0


def test_what_the_database_does_not_take_waits_and_the_oldest_is_given_up(
    ann: Customer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(impressions: object) -> int:
        raise DatabaseError("no")

    monkeypatch.setattr(shown, "MOST_WAITING", 2)
    monkeypatch.setattr(connection, "close", lambda: None)
    buffer = Buffer()
    now = timezone.now()
    buffer._waiting = [impression(ann, now + timedelta(seconds=at)) for at in range(3)]
    with monkeypatch.context() as broken:
        broken.setattr(shown, "write", refuse)
        assert buffer.flush() == 0
    assert "could not be written" in caplog.text
    assert buffer.flush() == 2
    assert min(Shown.objects.values_list("shown_at", flat=True)) == now + timedelta(seconds=1)


def test_months_are_made_ahead_and_dropped_after_six(ann: Customer) -> None:
    for month in (12, 1, 2):
        shown.write([impression(ann, datetime(2025 + (month < 12), month, 15, tzinfo=UTC))])
    assert shown.keep_house(date(2026, 7, 31)) == 1
    assert months()[:2] == ["y2026m01", "y2026m02"]
    assert {"y2026m07", "y2026m08", "y2026m09", "y2026m10"} <= set(months())
    assert Shown.objects.count() == 2
    assert shown.keep_house(date(2026, 8, 1)) == 1
    assert Shown.objects.get().shown_at.month == 2


def test_the_inventory_declares_how_long_it_is_kept() -> None:
    assert f"P{shown.MONTHS_KEPT + 1}M" == KEPT
    kept = {entry.field: entry.declaration for entry in inventory.entries() if entry.model is Shown}
    personal = {name: one for name, one in kept.items() if one.personal and name != "customer"}
    assert set(personal) == {"placement", "product_ids", "ranks", "propensities", "shown_at"}
    assert {(one.retention, one.erase, one.purposes) for one in personal.values()} == {
        (KEPT, "delete", ("recommendation",))
    }
