"""Whoever writes a fact says so in the same transaction, once, and only to those who read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.catalog.exclude import exclude
from crm.catalog.models import Product
from crm.catalog.upsert import upsert_products
from crm.changes import read
from crm.changes.models import News, Stream
from crm.changes.read import Item
from crm.changes.tell import Origin
from crm.consents import decide
from crm.consents.models import ConsentEvent
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.ingest import identify
from crm.ingest.event import IDENTIFY, Event
from crm.ingest.intake import record
from crm.ingest.person import IncomingPerson, save
from crm.interactions.models import Interaction
from crm.privacy import erasure

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
MARCH = datetime(2026, 3, 5, 12, tzinfo=UTC)


@pytest.fixture
def readers() -> Iterator[None]:
    """One reader of each stream, named after it, and every kind of signal used here wanted."""
    for stream in Stream:
        read.switch_on(stream, stream)
    read.listen(["event:order", "customer:created", "customer:profile", "customer:erased"])
    yield


def event(number: int = 1, **more: object) -> Event:
    given = {"kind": "page", "message_id": f"m{number}", "source": "test", "occurred_at": MARCH, "external_id": "c-1"}
    return Event(**{**given, **more})


def told(reader: str, topic: str) -> list[Item]:
    return [item for item in read.take(reader, 10_000) if item.topic == topic]


def test_events_are_told_with_whose_they_are_which_rows_and_when(readers: None) -> None:
    later = MARCH + timedelta(hours=1)
    record([event(1), event(2, external_id="c-2", occurred_at=later), event(3)])
    ids = dict(Customer.objects.values_list("external_id", "pk"))
    (people,) = told("people", "events")
    assert sorted(people.refs) == sorted(ids.values())
    assert (people.since, people.until) == (MARCH, later)
    (facts,) = told("facts", "events")
    assert sorted(facts.refs) == sorted(Interaction.objects.values_list("id", flat=True))
    assert (facts.since, facts.until) == (MARCH, later)


def test_an_event_sent_twice_is_news_once(readers: None) -> None:
    record([event(1), event(1)])
    record([event(1)])
    assert [len(item.refs) for item in told("facts", "events")] == [1]


def test_an_order_gives_a_signal_with_its_number_and_nothing_else_does(readers: None) -> None:
    lamp = Product.objects.create(sku="A1", name="Lamp")
    record([event(1), event(2, kind="order", sku="A1", value=9.5, quantity=1, currency="EUR", order_id="O-7")])
    signals = [one for item in read.take("signals", 100) for one in item.signals if one.kind == "event:order"]
    (order,) = signals
    assert (order.ref, order.product, order.occurred_at, order.origin) == ("O-7", lamp.pk, MARCH, "live")
    assert (order.data["value"], order.data["currency"]) == (9.5, "EUR")
    assert order.data["interaction"] == Interaction.objects.get(message_id="m2").id


def test_many_events_of_one_call_come_in_rows_of_a_thousand(readers: None) -> None:
    record([event(n, kind="order", order_id=f"O-{n}") for n in range(2_300)])
    assert [len(item.refs) for item in told("facts", "events")] == [1_000, 1_000, 300]
    orders = [item for item in read.take("signals", 10_000) if item.signals[0].kind == "event:order"]
    assert [len(item.signals) for item in orders] == [1_000, 1_000, 300]


def test_somebody_new_is_told_once(readers: None) -> None:
    record([event(1), event(2, external_id="", anonymous_id="browser-1")])
    record([event(3), event(4, external_id="", anonymous_id="browser-1")])
    created = [pk for item in told("people", "created") for pk in item.refs]
    assert sorted(created) == sorted(Customer.objects.values_list("pk", flat=True))


def test_what_is_said_about_a_person_is_told_as_new_or_as_changed(readers: None) -> None:
    save([IncomingPerson(external_id="c-1", country="DE")], "file")
    pk = Customer.objects.get().pk
    assert [(item.topic, item.refs) for item in read.take("people", 100)] == [("created", [pk])]
    save([IncomingPerson(external_id="c-1", country="FR")], "file")
    assert [(item.topic, item.refs) for item in read.take("facts", 100)] == [("created", [pk]), ("profile", [pk])]
    kinds = [one.kind for item in read.take("signals", 100) for one in item.signals]
    assert kinds == ["customer:created", "customer:profile"]


def test_an_anonymous_visitor_who_says_something_is_told(readers: None) -> None:
    identify.apply([event(kind=IDENTIFY, external_id="", anonymous_id="browser-1", traits={"country": "DE"})])
    assert [item.refs for item in told("people", "profile")] == [[Customer.objects.get().pk]]


def test_two_ids_that_become_one_person_are_told_in_their_order(readers: None) -> None:
    record([event(1, external_id="", anonymous_id="browser-1")])
    anonymous = Customer.objects.get().pk
    record([event(2, anonymous_id="browser-1")])
    known = Customer.objects.get(external_id="c-1").pk
    assert [item.refs for item in told("people", "merged")] == [[anonymous, known]]


def test_who_is_erased_is_told_and_what_waited_about_the_orders_is_forgotten(readers: None, ada: Customer) -> None:
    record([event(9, kind="order", external_id="ada", order_id="O-1")])
    erasure.erase(customer=ada, actor="test")
    assert ada.pk in [pk for item in told("facts", "erased") for pk in item.refs]
    signals = [one for item in read.take("signals", 100) for one in item.signals if one.customer == ada.pk]
    assert [one.kind for one in signals] == ["customer:erased"]


def test_products_are_told_when_they_are_new_or_other_than_before(readers: None) -> None:
    upsert_products([{"sku": "A1", "name": "Lamp"}, {"sku": "B2", "name": "Shade"}])
    upsert_products([{"sku": "A1", "name": "Lamp"}, {"sku": "B2", "name": "Big shade"}])
    lamp, shade = Product.objects.order_by("sku")
    exclude(product=lamp, excluded=True)
    assert [sorted(item.refs) for item in told("facts", "products")] == [[lamp.pk, shade.pk], [shade.pk], [lamp.pk]]
    assert told("people", "products") == []


def test_a_fact_that_is_rolled_back_is_not_told(readers: None) -> None:
    class Broken(Exception):
        pass

    with pytest.raises(Broken), transaction.atomic():
        record([event(1)])
        raise Broken
    assert not News.objects.exists()


def test_while_nobody_reads_nothing_is_written_and_intake_asks_no_more_than_this(ada: Customer) -> None:
    record([event(1, external_id="ada", occurred_at=timezone.now())])
    with CaptureQueriesContext(
        connection,
    ) as asked:
        record([event(n, external_id="ada", occurred_at=timezone.now()) for n in range(2, 50)])
    # Partitions, whose it is, which products, the rows; and the savepoint of a test's transaction, twice.
    statements = [one["sql"] for one in asked if "SAVEPOINT" not in one["sql"]]
    assert len(statements) == 4, statements
    assert not any("TEMPORARY" in one or "ANALYZE" in one for one in statements)
    assert not News.objects.exists()


def test_when_somebody_was_seen_no_index_hears_of_it() -> None:
    record([event(1, occurred_at=timezone.now() - timedelta(minutes=2))])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.attname FROM pg_index i"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)"
            " WHERE i.indrelid = 'crm_customer'::regclass"
        )
        indexed: set[Any] = {name for (name,) in cursor.fetchall()}
    assert not indexed & {"last_seen", "first_seen"}
    assert Customer.objects.get().seen_on == (timezone.now() - timedelta(minutes=2)).astimezone(UTC).date()


def test_what_a_person_allows_and_refuses_is_told_with_its_rows_and_its_origin(readers: None) -> None:
    read.listen(["consent:granted:email_marketing", "consent:withdrawn:email_marketing"])
    customer = Customer.objects.create(external_id="c-1")
    decide.grant(customer=customer, purposes=Purpose.EMAIL_MARKETING | Purpose.PROFILING, source="form")
    decide.withdraw(customer=customer, purposes=Purpose.EMAIL_MARKETING, source="unsubscribe")
    given = IncomingPerson(external_id="c-2", consents={"email_marketing": True}, consented_at=MARCH)
    save([given], "file", origin=Origin.IMPORT)
    people = [item.refs for item in told("people", "consent")]
    assert people == [[customer.pk], [customer.pk], [Customer.objects.get(external_id="c-2").pk]]
    ids = [pk for item in told("facts", "consent") for pk in item.refs]
    assert ids == list(ConsentEvent.objects.order_by("id").values_list("pk", flat=True))
    signals = [one for item in read.take("signals", 100) for one in item.signals if one.kind.startswith("consent")]
    assert [(one.kind.split(":")[1], one.origin) for one in signals] == [
        ("granted", "live"),
        ("withdrawn", "live"),
        ("granted", "import"),
    ]
