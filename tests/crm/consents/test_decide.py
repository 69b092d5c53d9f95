"""The bitmap on a customer is what the events say, whatever order they come in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from crm.consents import decide
from crm.consents.decide import Decision
from crm.consents.models import ConsentEvent
from crm.consents.purposes import Purpose
from crm.customers.models import Customer

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def customer() -> Customer:
    return Customer.objects.create()


def test_granting_sets_the_bits_and_keeps_one_event_for_each(customer: Customer) -> None:
    allowed = decide.grant(customer=customer, purposes=Purpose.PROFILING | Purpose.EMAIL_MARKETING, source="test")
    assert allowed == Purpose.SERVICE | Purpose.PROFILING | Purpose.EMAIL_MARKETING
    assert customer.permission == allowed
    assert sorted(ConsentEvent.objects.values_list("purpose", "granted", "source")) == [
        (Purpose.PROFILING, True, "test"),
        (Purpose.EMAIL_MARKETING, True, "test"),
    ]


def test_withdrawing_holds_at_once_but_service_stays(customer: Customer) -> None:
    decide.grant(customer=customer, purposes=Purpose.PROFILING | Purpose.SMS, source="test")
    assert decide.withdraw(customer=customer, purposes=Purpose.SERVICE | Purpose.SMS, source="test") == (
        Purpose.SERVICE | Purpose.PROFILING
    )


def test_an_objection_to_marketing_ends_the_profiling_for_it(customer: Customer) -> None:
    everything = Purpose(0)
    for purpose in Purpose:
        everything |= purpose
    decide.grant(customer=customer, purposes=everything, source="test")
    left = decide.object_to_marketing(customer=customer, source="unsubscribe link")
    assert left == Purpose.SERVICE | Purpose.ANALYTICS | Purpose.MODEL_TRAINING | Purpose.SMS
    assert set(ConsentEvent.objects.filter(granted=False).values_list("basis", flat=True)) == {"objection"}


def test_an_older_word_that_arrives_late_does_not_undo_a_newer_one(customer: Customer) -> None:
    decide.withdraw(customer=customer, purposes=Purpose.EMAIL_MARKETING, source="page", occurred_at=NOON)
    decide.grant(
        customer=customer,
        purposes=Purpose.EMAIL_MARKETING,
        source="import",
        occurred_at=NOON - timedelta(days=30),
    )
    assert not customer.permission & Purpose.EMAIL_MARKETING


def test_many_decisions_are_two_statements_however_many(customer: Customer) -> None:
    people = [customer, *(Customer.objects.create() for _ in range(20))]
    decisions = [
        Decision(person.pk, Purpose.PROFILING | Purpose.RECOMMENDATION, True, "import", occurred_at=NOON)
        for person in people
    ]
    assert decide.record_many(decisions=decisions) == 42
    assert set(Customer.objects.values_list("permission", flat=True)) == {
        Purpose.SERVICE | Purpose.PROFILING | Purpose.RECOMMENDATION
    }


def test_the_erased_give_no_permission(customer: Customer) -> None:
    Customer.objects.filter(pk=customer.pk).update(state="erased")
    with pytest.raises(decide.ErasedCannotConsent):
        decide.grant(customer=customer, purposes=Purpose.PROFILING, source="test")


def test_events_cannot_be_changed(customer: Customer) -> None:
    decide.grant(customer=customer, purposes=Purpose.PROFILING, source="test")
    with pytest.raises(Exception, match="append-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE crm_consentevent SET granted = false")
