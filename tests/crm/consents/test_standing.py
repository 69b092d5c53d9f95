"""A refusal always holds: no history of grants, whatever their dates, outlives a no."""

import importlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.consents import decide
from crm.consents.decide import Decision, Statement
from crm.consents.models import ConsentEvent
from crm.consents.purposes import MARKETING_OBJECTION, Purpose
from crm.customers.models import Customer

pytestmark = pytest.mark.django_db
MAIL = Purpose.EMAIL_MARKETING
REPAIR = importlib.import_module("crm.migrations.0005_words_ahead_of_the_clock")

dates = st.one_of(
    st.none(), st.datetimes(timezones=st.sampled_from([UTC, *map(timezone.get_fixed_timezone, (-1439, 1439))]))
)
words = st.lists(
    st.tuples(st.booleans(), dates, st.sampled_from([MAIL, MARKETING_OBJECTION, Purpose.PROFILING])), max_size=6
)
# The database is rolled back after the test, not after each example; each example has a customer of its own.
many = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def customer() -> Customer:
    return Customer.objects.create()


def test_a_consent_dated_ahead_can_be_withdrawn(customer: Customer) -> None:
    decide.grant(customer=customer, purposes=MAIL, source="api", occurred_at=datetime(2099, 1, 1, tzinfo=UTC))
    event = ConsentEvent.objects.get()
    assert event.occurred_at == event.recorded_at
    assert decide.withdraw(customer=customer, purposes=MAIL, source="page") == Purpose.SERVICE


@many
@given(history=words, bulk=st.booleans())
def test_whatever_was_said_before_and_however_it_was_dated_a_withdrawal_holds(history: Any, bulk: bool) -> None:
    customer = Customer.objects.create()
    for granted, at, purposes in history:
        if bulk:
            yes, no = (purposes, Purpose(0)) if granted else (Purpose(0), purposes)
            said = Statement(customer.pk, yes, no, "file", at, undoes_refusal=True)
            decide.record_statements(statements=[said])
        else:
            decide.record_many(decisions=[Decision(customer.pk, purposes, granted, "api", occurred_at=at)])
    left = decide.withdraw(customer=customer, purposes=MAIL, source="page")
    assert not left & MARKETING_OBJECTION
    assert customer.permission == left


@many
@given(earlier=dates.filter(bool), purposes=st.sampled_from([MAIL, MARKETING_OBJECTION]))
def test_no_yes_of_before_the_refusal_that_comes_later_beats_it(earlier: datetime, purposes: Purpose) -> None:
    customer = Customer.objects.create()
    decide.withdraw(customer=customer, purposes=MAIL, source="page")
    before = min(earlier, timezone.now() - timedelta(seconds=1))
    decide.grant(customer=customer, purposes=purposes, source="import", occurred_at=before)
    said = Statement(customer.pk, purposes, Purpose(0), "file", before, undoes_refusal=True)
    decide.record_statements(statements=[said])
    assert customer.permission == Purpose.SERVICE


def test_a_person_who_says_yes_after_the_no_is_heard(customer: Customer) -> None:
    decide.withdraw(customer=customer, purposes=MAIL, source="page")
    assert decide.grant(customer=customer, purposes=MAIL, source="preference page") & MAIL
    assert not decide.withdraw(customer=customer, purposes=MAIL, source="page") & MAIL


def test_a_no_counts_from_when_it_was_heard_although_it_is_dated_long_ago(customer: Customer) -> None:
    decide.grant(customer=customer, purposes=MAIL, source="form")
    long_ago = datetime(2019, 1, 1, tzinfo=UTC)
    assert not decide.withdraw(customer=customer, purposes=MAIL, source="api", occurred_at=long_ago) & MAIL
    assert not decide.grant(
        customer=customer, purposes=MAIL, source="import", occurred_at=long_ago + timedelta(days=9)
    ) & MAIL  # fmt: skip


@pytest.mark.parametrize(
    ("said", "undoes", "allowed"),
    [
        (timedelta(0), True, True),
        (timedelta(0), False, False),
        (None, True, False),
        (timedelta(minutes=10), True, False),
        (-timedelta(days=1), True, False),
    ],
)
def test_a_told_yes_undoes_a_no_only_when_it_says_how_and_an_honest_later_date(
    customer: Customer, said: timedelta | None, undoes: bool, allowed: bool
) -> None:
    decide.withdraw(customer=customer, purposes=MAIL, source="page")
    at = None if said is None else timezone.now() + said
    decide.record_statements(statements=[Statement(customer.pk, MAIL, Purpose(0), "file", at, undoes_refusal=undoes)])
    customer.refresh_from_db()
    assert bool(customer.permission & MAIL) is allowed


def test_a_told_no_ends_all_marketing_and_is_not_written_twice(customer: Customer) -> None:
    decide.grant(customer=customer, purposes=MARKETING_OBJECTION | Purpose.ANALYTICS, source="form")
    no = Statement(customer.pk, Purpose.PROFILING, MAIL, "file")
    assert decide.record_statements(statements=[no]) == 6
    assert decide.record_statements(statements=[no]) == 0
    customer.refresh_from_db()
    assert customer.permission == Purpose.SERVICE | Purpose.ANALYTICS


def test_who_leaves_the_box_for_mail_empty_may_allow_the_rest_of_the_form(customer: Customer) -> None:
    decide.record_statements(statements=[Statement(customer.pk, Purpose.PROFILING, MAIL, "file")])
    customer.refresh_from_db()
    assert customer.permission == Purpose.SERVICE | Purpose.PROFILING
    assert ConsentEvent.objects.filter(granted=False).values_list("purpose", flat=True).get() == MAIL


def test_rows_stored_ahead_of_the_clock_are_repaired_and_the_withdrawal_after_them_holds(customer: Customer) -> None:
    ahead = datetime(2099, 1, 1, tzinfo=UTC)
    ConsentEvent.objects.create(customer=customer, purpose=MAIL, granted=True, source="api", occurred_at=ahead)
    ConsentEvent.objects.create(customer=customer, purpose=MAIL, granted=False, source="p", occurred_at=timezone.now())
    other = Customer.objects.create(permission=1 | MAIL)
    ConsentEvent.objects.create(customer=other, purpose=MAIL, granted=True, source="api", occurred_at=ahead)
    erased = Customer.objects.create(permission=0, state="erased")
    ConsentEvent.objects.create(customer=erased, purpose=MAIL, granted=True, source="api", occurred_at=ahead)
    never = Customer.objects.create(permission=1)
    Customer.objects.filter(pk=customer.pk).update(permission=1 | MAIL)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(REPAIR.REPAIR + REPAIR.RECOMPUTE)
    assert list(Customer.objects.order_by("pk").values_list("pk", "permission")) == [
        (customer.pk, 1), (other.pk, 1 | MAIL), (erased.pk, 0), (never.pk, 1),
    ]  # fmt: skip
    event = ConsentEvent.objects.get(customer=other)
    assert event.occurred_at == event.recorded_at
    assert event.proof["dated"].startswith("2099-01-01")
    with pytest.raises(Exception, match="append-only"):
        ConsentEvent.objects.update(granted=False)


def test_nobody_erased_or_merged_gets_a_permission_back(customer: Customer) -> None:
    decide.grant(customer=customer, purposes=MARKETING_OBJECTION, source="form")
    Customer.objects.filter(pk=customer.pk).update(permission=0, state="erased")
    decide.withdraw(customer=customer, purposes=MAIL, source="late link")
    assert customer.permission == 0
