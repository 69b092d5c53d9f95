"""Who no longer allows profiling is gone from all that rests on it within a minute."""

import time

import pytest
from django.utils import timezone

from config.schedule import SCHEDULE
from config.settings import CELERY_TASK_ROUTES
from crm.changes.models import Stream
from crm.changes.read import listen, switch_on, take
from crm.customers.models import Customer
from segmentation.portraits.models import Portrait
from segmentation.rules.compile import compile_rule
from segmentation.rules.grammar import parse
from segmentation.segments import edit, members
from segmentation.segments.models import Membership, Segment
from segmentation.tasks import forget_withdrawn
from tests.segmentation.people import customers, portray

pytestmark = pytest.mark.django_db
ORDERS = {"field": "orders", "op": "at_least", "value": 3}
GERMAN = {"field": "country", "op": "is", "value": "DE"}


@pytest.fixture
def people() -> list[Customer]:
    """Three people with five orders each."""
    made = customers(3, country="DE")
    for customer in made:
        portray(customer, orders=5)
    return made


def withdraw(customer: Customer) -> None:
    """Take the permission back, as every door does in the end."""
    Customer.objects.filter(pk=customer.pk).update(permission=1)


def open_in(segment: Segment) -> set[int]:
    """Return whose memberships are open."""
    return set(Membership.objects.open().filter(segment=segment).values_list("customer_id", flat=True))


def test_a_withdrawal_reaches_rules_memberships_and_exports_at_once(people: list[Customer]) -> None:
    segment = edit.create(name="Many", rule={"all": [ORDERS]})
    withdraw(people[0])
    assert Customer.objects.filter(compile_rule(parse({"all": [ORDERS]}))).count() == 2
    assert Membership.objects.current().filter(segment=segment).count() == 2
    assert str(people[0].uuid) not in {row["customer"] for row in members.export(segment)}


def test_a_withdrawal_reaches_portraits_and_stored_memberships_within_a_minute(people: list[Customer]) -> None:
    by_portrait = edit.create(name="Many", rule={"all": [ORDERS]})
    by_facts = edit.create(name="German or many", rule={"any": [ORDERS, GERMAN]})
    cluster = Segment.objects.create(name="Cluster", kind=Segment.Kind.CLUSTER, size=3)
    Membership.objects.bulk_create(
        Membership(segment=cluster, customer=one, since=timezone.now(), profiled=True) for one in people
    )
    withdraw(people[0])
    began = time.monotonic()
    forget_withdrawn()
    took = time.monotonic() - began
    stayed = {people[1].pk, people[2].pk}
    assert set(Portrait.objects.values_list("pk", flat=True)) == stayed
    assert open_in(by_portrait) == open_in(cluster) == stayed
    assert open_in(by_facts) == stayed | {people[0].pk}
    by_portrait.refresh_from_db()
    assert by_portrait.size == 2
    assert SCHEDULE["segmentation.withdrawn"]["schedule"] + took < 60
    assert CELERY_TASK_ROUTES["segmentation.tasks.forget_withdrawn"]["queue"] != "learning"


def test_who_leaves_by_withdrawing_is_told_to_whoever_listens(people: list[Customer]) -> None:
    segment = edit.create(name="Many", rule={"all": [ORDERS]})
    switch_on("journeys", Stream.SIGNALS)
    listen([f"segment:left:{segment.pk}"])
    withdraw(people[0])
    forget_withdrawn()
    [item] = take("journeys", 10)
    assert [(signal.kind, signal.customer) for signal in item.signals] == [(f"segment:left:{segment.pk}", people[0].pk)]


def test_who_is_in_a_segment_that_is_being_refreshed_waits_for_the_next_look(people: list[Customer]) -> None:
    edit.create(name="Many", rule={"all": [ORDERS]})
    forget_withdrawn()
    assert Portrait.objects.count() == 3
