"""The one way in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from crm.catalog.models import Product
from crm.customers.models import AnonymousId, Customer
from crm.ingest.event import Event
from crm.ingest.intake import record
from crm.interactions.models import Interaction

pytestmark = pytest.mark.django_db
MARCH = datetime(2024, 3, 5, 12, tzinfo=UTC)


def event(number: int = 1, **more: object) -> Event:
    given = {"kind": "page", "message_id": f"m{number}", "source": "test", "occurred_at": MARCH, "external_id": "c-1"}
    return Event(**{**given, **more})


def test_an_event_of_somebody_unknown_makes_a_customer_who_may_only_be_served() -> None:
    outcome = record([event()])
    assert (outcome.accepted, outcome.known, outcome.rejected) == (1, 0, [])
    customer = Customer.objects.get(external_id="c-1")
    assert customer.permission == 1
    assert customer.first_seen == customer.last_seen == MARCH
    assert customer.interactions.get().message_id == "m1"


def test_the_same_event_twice_is_stored_once() -> None:
    assert record([event(), event()]).known == 1
    again = record([event()])
    assert (again.accepted, again.known) == (0, 1)
    assert Interaction.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "dance"}, "kind"),
        ({"occurred_at": datetime(1980, 1, 1, tzinfo=UTC)}, "occurred_at"),
        ({"occurred_at": timezone.now() + timedelta(days=2)}, "occurred_at"),
        ({"occurred_at": datetime(2024, 1, 1)}, "occurred_at"),  # noqa: DTZ001 naive on purpose
        ({"external_id": ""}, "external_id"),
        ({"external_id": "x" * 121}, "external_id"),
        ({"value": float("nan")}, "value"),
        ({"value": float("inf")}, "value"),
        ({"quantity": 10**9}, "quantity"),
        ({"currency": "euro"}, "currency"),
        ({"sku": "nobody knows"}, "sku"),
        ({"external_id": "", "customer_id": 10**9}, "customer_id"),
        ({"properties": {str(n): "x" * 400 for n in range(100)}}, "properties"),
        ({"order_id": "a\x00b"}, "order_id"),
    ],
)
def test_a_bad_event_is_rejected_alone_with_its_reason(wrong: dict, field: str) -> None:
    outcome = record([event(1), event(2, **wrong), event(3)])
    assert outcome.accepted == 2
    assert [(r.index, r.field) for r in outcome.rejected] == [(1, field)]
    assert outcome.rejected[0].reason


def test_products_are_found_by_sku_or_made_when_asked() -> None:
    product = Product.objects.create(sku="A1", name="Lamp")
    outcome = record(
        [event(1, kind="view", sku="A1"), event(2, kind="view", sku="B2", product={"name": "Shade", "brand": "Acme"})],
        create_products=True,
    )
    assert outcome.accepted == 2
    assert Interaction.objects.get(message_id="m1").product_id == product.pk
    assert Interaction.objects.get(message_id="m2").product.name == "Shade"


def test_nothing_is_stored_about_the_erased_and_the_restricted() -> None:
    Customer.objects.create(external_id="c-1", state="restricted")
    erased = Customer.objects.create(state="erased")
    outcome = record([event(), event(2, external_id="", customer_id=erased.pk)])
    assert outcome.accepted == 0
    assert len(outcome.rejected) == 2


def test_an_address_used_as_an_id_becomes_a_keyed_pseudonym_everywhere() -> None:
    record(
        [
            event(
                1,
                external_id="ada@example.com",
                order_id="ada@example.com-1",
                message_id="ada@example.com/9",
                properties={"email": "ada@example.com", "q": "mail ada@example.com", "nested": {"phone": "1", "ok": 2}},
            ),
            event(2, external_id="ADA@example.com"),
            event(3, external_id="", anonymous_id="+49 151 1234 5678"),
        ]
    )
    assert Customer.objects.filter(external_id__startswith="h_").count() == 1
    assert AnonymousId.objects.get().value.startswith("h_")
    stored = str(list(Interaction.objects.values())) + str(list(Customer.objects.values()))
    assert "ada@" not in stored.casefold()
    assert "1234" not in stored
    assert Interaction.objects.get(order_id__startswith="h_").properties == {"q": "mail [email]", "nested": {"ok": 2}}


def test_an_event_with_both_ids_gives_the_anonymous_past_to_the_known_person() -> None:
    record([event(1, external_id="", anonymous_id="browser-1", occurred_at=MARCH - timedelta(days=9))])
    record([event(2, external_id="c-1", anonymous_id="browser-1")])
    customer = Customer.objects.get(external_id="c-1")
    assert customer.interactions.count() == 2
    assert customer.first_seen == MARCH - timedelta(days=9)
    record([event(3, external_id="", anonymous_id="browser-1")])
    assert customer.interactions.count() == 3


def test_a_mail_we_sent_is_not_an_act_of_the_customer() -> None:
    record([event()])
    record([event(2, kind="email_sent", occurred_at=MARCH + timedelta(days=30))])
    assert Customer.objects.get().last_seen == MARCH
