"""The dashboard's figures by day: the same as counted directly, in the workspace's days, by one caller at a time."""

import random
import threading
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.messages.models import Message
from campaigns.planning.report import WINDOW
from campaigns.sending.models import Delivery
from campaigns.sending.states import State
from crm.catalog.models import Product
from crm.customers.models import Customer
from crm.ingest.models import ImportRun
from crm.interactions import partitions
from crm.interactions.models import Interaction
from crm.privacy import erasure
from segmentation.portraits.models import Portrait
from tests.conftest import buys, person
from workspace.dashboard import figures, rollup
from workspace.dashboard.models import DayFigures, ShopFigures
from workspace.tasks import renew_figures

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
SUMS = ("orders", "revenue", "mailed", "sent", "opened", "clicked", "unsubscribed", "ordered")


@dataclass(frozen=True)
class Line:
    """A line of an order."""

    customer: int
    at: datetime
    order: str
    value: int


@dataclass(frozen=True)
class Mail:
    """A mail that was sent."""

    customer: int
    at: datetime
    opened: bool
    clicked: bool
    left: bool

    def before(self, line: Line) -> bool:
        """Whether an order counts as placed after this mail."""
        return line.customer == self.customer and self.at <= line.at < self.at + WINDOW


def invented(now: datetime, days: int, count: int, chance: random.Random) -> tuple[list[Line], list[Mail]]:
    """Write orders and mails of the last days, and return them."""
    people = list(Customer.objects.values_list("pk", flat=True))

    def moment() -> datetime:
        return now - timedelta(seconds=chance.randrange(60, days * 86_400))

    lines = [Line(chance.choice(people), moment(), "", chance.randrange(1, 90)) for _ in range(count)]
    # Orders of two lines at one moment.
    lines += [Line(one.customer, one.at, f"O-{days}-{place}", 7) for place, one in enumerate(lines) for _ in range(2)]
    mails = [Mail(chance.choice(people), moment(), *(chance.random() < 0.4 for _ in range(3))) for _ in range(count)]
    partitions.ensure(sorted({line.at.date() for line in lines}))
    Interaction.objects.bulk_create(
        Interaction(customer_id=line.customer, kind="order", value=line.value, quantity=1, order_id=line.order,
                    currency="EUR", occurred_at=line.at, source="test", message_id=f"{days}-{place}")
        for place, line in enumerate(lines)
    )  # fmt: skip
    message = Message.objects.create()
    written = [
        Delivery(message=message, customer_id=mail.customer, occasion=place, state=State.SENT, sent_at=mail.at,
                 opened_at=mail.at if mail.opened else None, clicked_at=mail.at if mail.clicked else None,
                 unsubscribed_at=mail.at if mail.left else None, not_before=mail.at, expires_at=mail.at)
        for place, mail in enumerate(mails)
    ]  # fmt: skip
    Delivery.objects.bulk_create(written)
    return lines, mails


def directly(lines: list[Line], mails: list[Mail], zone: ZoneInfo) -> dict[date, dict[str, float]]:
    """Count in Python, day by day."""
    days: dict[date, dict[str, float]] = defaultdict(lambda: dict.fromkeys(SUMS, 0.0))
    orders: dict[date, set[Any]] = defaultdict(set)
    for line in lines:
        day = line.at.astimezone(zone).date()
        orders[day].add(line.order or id(line))
        days[day]["revenue"] += line.value
        days[day]["mailed"] += line.value if any(mail.before(line) for mail in mails) else 0
    for day, found in orders.items():
        days[day]["orders"] = len(found)
    for mail in mails:
        sums = days[mail.at.astimezone(zone).date()]
        sums["sent"] += 1
        sums["opened"] += mail.opened
        sums["clicked"] += mail.clicked
        sums["unsubscribed"] += mail.left
        sums["ordered"] += any(mail.before(line) for line in lines)
    return days


def written_down() -> dict[date, dict[str, float]]:
    return {row.day: {name: getattr(row, name) for name in SUMS} for row in DayFigures.objects.all() if has_some(row)}


def has_some(row: DayFigures) -> bool:
    return any(getattr(row, name) for name in SUMS)


@pytest.mark.parametrize("name", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_days_weeks_and_people_are_as_counted_directly(name: str, settings: Any) -> None:
    settings.TIME_ZONE = name
    zone, now, chance = ZoneInfo(name), timezone.now(), random.Random(5)
    Customer.objects.bulk_create(Customer(external_id=f"c-{number}") for number in range(12))
    lines, mails = invented(now, 150, 60, chance)
    assert rollup.renew()
    assert written_down() == directly(lines, mails, zone)

    # What the last days bring afterwards also changes what became of mails sent before them.
    more, sent = invented(now, 2, 15, chance)
    lines, mails = lines + more, mails + sent
    assert rollup.renew()
    assert written_down() == directly(lines, mails, zone)

    found = figures.read()
    assert found is not None
    weeks: dict[date, set[int]] = defaultdict(set)
    for line in lines:
        day = line.at.astimezone(zone).date()
        weeks[day - timedelta(days=day.weekday())].add(line.customer)
    assert {week["week"]: week["buyers"] for week in found.weeks if week["buyers"]} == {
        monday: len(people) for monday, people in weeks.items()
    }
    since = now.astimezone(zone).date() - timedelta(days=rollup.PERIOD_DAYS - 1)
    last = [line for line in lines if line.at.astimezone(zone).date() >= since]
    assert found.period["buyers"] == len({line.customer for line in last})
    assert found.period["revenue"] == sum(line.value for line in last)
    assert found.period["sent"] == sum(mail.at.astimezone(zone).date() >= since for mail in mails)


def test_an_order_late_in_the_evening_counts_for_the_day_the_workspace_has(lamp: Product, settings: Any) -> None:
    settings.TIME_ZONE = "America/New_York"
    sunday = timezone.now().astimezone(UTC).date()
    sunday -= timedelta(days=sunday.weekday() + 1, weeks=1)
    buys(person("Only"), lamp, datetime(sunday.year, sunday.month, sunday.day, 23, 30, tzinfo=UTC), "SUNDAY")
    monday = sunday + timedelta(days=1)
    buys(person("Other"), lamp, datetime(monday.year, monday.month, monday.day, 2, 30, tzinfo=UTC), "SUNDAY-TOO")
    rollup.renew()
    assert {row.day: row.orders for row in DayFigures.objects.filter(orders__gt=0)} == {sunday: 2}
    # The workspace moves: its days are others, and all of them are counted anew though nothing is old.
    settings.TIME_ZONE = "UTC"
    found = figures.read()
    assert found is not None and not found.fresh
    assert rollup.renew(older_than=rollup.FRESH)
    assert {row.day: row.orders for row in DayFigures.objects.filter(orders__gt=0)} == {sunday: 1, monday: 1}


def test_after_an_erasure_sums_stay_and_what_is_counted_over_portraits_goes(lamp: Product) -> None:
    now = timezone.now()
    people = [person("First"), person("Second")]
    for customer in people:
        for number in range(2):
            buys(customer, lamp, now - timedelta(days=3 + 60 * number), f"{customer.pk}-{number}")
        Portrait.objects.create(
            customer=customer, as_of=now, orders=2, recency_score=5, frequency_score=customer.pk - people[0].pk + 1
        )
    rollup.renew()
    before, grid = written_down(), ShopFigures.objects.get().grid
    assert sorted(grid) == [[5, 1, 1], [5, 2, 1]]
    erasure.erase(customer=people[1], actor="test")
    rollup.renew(everything=True)
    assert written_down() == before
    shop = ShopFigures.objects.get()
    assert (shop.grid, shop.buyers) == ([[5, 1, 1]], 2)
    rows = str([vars(row) for row in (shop, *DayFigures.objects.all())])
    assert str(people[1].uuid) not in rows and "second" not in rows


def test_the_last_days_are_counted_anew_and_earlier_ones_once_a_day_and_after_an_import(lamp: Product) -> None:
    now = timezone.now()
    customer = person("Only")
    buys(customer, lamp, now - timedelta(weeks=5), "OLD")
    rollup.renew()
    buys(customer, lamp, now - timedelta(weeks=5), "TOLD-LATE")
    buys(customer, lamp, now - timedelta(days=1), "NEW")
    rollup.renew()
    assert sum(DayFigures.objects.values_list("orders", flat=True)) == 2
    ShopFigures.objects.update(all_at=now - timedelta(days=1))
    rollup.renew()
    assert sum(DayFigures.objects.values_list("orders", flat=True)) == 3
    buys(customer, lamp, now - timedelta(weeks=9), "IMPORTED")
    ImportRun.objects.create(subject="interactions", filename="o.csv", state="done", finished_at=timezone.now())
    rollup.renew()
    assert sum(DayFigures.objects.values_list("orders", flat=True)) == 4
    found = figures.read()
    assert found is not None and (found.period["buyers"], found.period["revenue"]) == (1, 40.0)


@pytest.mark.django_db(transaction=True, databases=["default", "keystore"])
def test_many_who_come_at_once_or_one_after_the_other_cost_one_count(
    lamp: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, count_days = [], rollup._count_days
    gate = threading.Barrier(4)

    def noted(first: date, now: datetime) -> None:
        counted.append(first)
        count_days(first, now)

    def look() -> None:
        gate.wait(10)
        renew_figures()
        connection.close()

    monkeypatch.setattr(rollup, "_count_days", noted)
    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    renew_figures()
    assert len(counted) == 1
    ShopFigures.objects.update(made_at=timezone.now() - rollup.FRESH)
    renew_figures()
    assert len(counted) == 2


@pytest.mark.django_db(transaction=True, databases=["default", "keystore"])
def test_one_caller_counts_at_a_time(lamp: Product) -> None:
    second = connection.copy()
    try:
        with second.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [rollup.LOCK])
        assert not rollup.renew()
        assert not ShopFigures.objects.exists()
        with second.cursor() as cursor:
            # Not left to the closing: the server notices that in its own time.
            cursor.execute("SELECT pg_advisory_unlock(%s)", [rollup.LOCK])
    finally:
        second.close()
    assert rollup.renew()
