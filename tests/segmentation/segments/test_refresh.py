"""Memberships follow rules, and their history is kept."""

from datetime import UTC, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from crm.changes.models import Stream
from crm.changes.read import listen, switch_on, take
from crm.consents.purposes import Purpose
from crm.customers.models import Customer, Identity
from segmentation.portraits.models import Portrait
from segmentation.rules.grammar import RuleError, parse
from segmentation.segments import edit, lists
from segmentation.segments.count import Count, count_rule
from segmentation.segments.models import Membership, Segment, SegmentSize
from segmentation.segments.refresh import refresh, refresh_all
from segmentation.segments.starters import STARTERS, ensure, start
from segmentation.segments.trend import days, sizes
from tests.segmentation.people import customers, portray

pytestmark = pytest.mark.django_db
MANY = {"all": [{"field": "orders", "op": "at_least", "value": 3}]}


@pytest.fixture
def buyers() -> list[Portrait]:
    """Ten people with 0 to 9 orders."""
    return [portray(customer, orders=number) for number, customer in enumerate(customers(10))]


def inside(segment: Segment) -> set[int]:
    """Return who is in now."""
    return set(Membership.objects.current().filter(segment=segment).values_list("customer_id", flat=True))


def test_a_new_segment_holds_whom_its_rule_finds(buyers: list[Portrait]) -> None:
    segment = edit.create(name="Many", rule=MANY)
    assert (segment.size, inside(segment)) == (7, {p.pk for p in buyers[3:]})
    assert segment.refreshed_at is not None


def test_who_leaves_is_closed_and_who_comes_back_is_opened_again(buyers: list[Portrait]) -> None:
    segment = edit.create(name="Many", rule=MANY)
    Portrait.objects.filter(pk=buyers[9].pk).update(orders=0)
    Portrait.objects.filter(pk=buyers[0].pk).update(orders=5)
    result = refresh(segment=segment)
    assert (result.size, result.came, result.left) == (7, 1, 1)
    Portrait.objects.filter(pk=buyers[9].pk).update(orders=9)
    assert refresh(segment=segment).came == 1
    history = Membership.objects.filter(segment=segment, customer_id=buyers[9].pk).order_by("since")
    assert [row.until is None for row in history] == [False, True]


def test_refreshing_twice_changes_nothing(buyers: list[Portrait]) -> None:
    segment = edit.create(name="Many", rule=MANY)
    result = refresh(segment=segment)
    assert (result.came, result.left, Membership.objects.count()) == (0, 0, 7)


def test_restricted_people_and_canaries_are_in_no_segment(buyers: list[Portrait]) -> None:
    Customer.objects.filter(pk=buyers[9].pk).update(state="restricted")
    Customer.objects.filter(pk=buyers[8].pk).update(canary=True)
    assert edit.create(name="Many", rule=MANY).size == 5


def test_segments_that_others_ask_about_are_refreshed_first(buyers: list[Portrait]) -> None:
    inner = edit.create(name="z inner", rule=MANY)
    rule = {"all": [{"field": "in_segment", "op": "is_not", "value": inner.pk}]}
    outer = edit.create(name="a outer", rule=rule)
    assert outer.size == 3
    Portrait.objects.update(orders=9)
    outcome = refresh_all()
    outer.refresh_from_db()
    assert (outcome.segments, outer.size) == (2, 0)


def test_a_segment_can_not_ask_about_itself_even_through_another(buyers: list[Portrait]) -> None:
    one = edit.create(name="one", rule=MANY)
    two = edit.create(name="two", rule={"all": [{"field": "in_segment", "op": "is", "value": one.pk}]})
    with pytest.raises(RuleError, match="itself"):
        edit.change(segment=one, name="one", rule={"all": [{"field": "in_segment", "op": "is", "value": two.pk}]})
    with pytest.raises(RuleError, match="asks about this one"):
        edit.archive(segment=one)
    with pytest.raises(RuleError, match="not in use"):
        edit.create(name="none", rule={"all": [{"field": "in_segment", "op": "is", "value": 987654}]})


def test_a_rule_that_can_no_longer_be_read_is_told_and_the_others_are_refreshed(buyers: list[Portrait]) -> None:
    good = edit.create(name="good", rule=MANY)
    bad = Segment.objects.create(name="bad", rule={"all": [{"field": "gone", "op": "is", "value": 1}]})
    Portrait.objects.update(orders=9)
    outcome = refresh_all()
    good.refresh_from_db()
    assert (list(outcome.broken), good.size) == ([bad.pk], 10)


def test_archiving_empties_a_segment_and_keeps_its_history(buyers: list[Portrait]) -> None:
    segment = edit.create(name="Many", rule=MANY)
    edit.archive(segment=segment)
    assert (segment.size, inside(segment), Membership.objects.count()) == (0, set(), 7)
    edit.restore(segment=segment)
    assert (segment.size, Membership.objects.count()) == (7, 14)


def test_people_without_a_portrait_leave_cluster_segments_too(buyers: list[Portrait]) -> None:
    segment = Segment.objects.create(name="cluster", kind=Segment.Kind.CLUSTER)
    Membership.objects.bulk_create(
        Membership(segment=segment, customer=p.customer, since=timezone.now()) for p in buyers
    )
    buyers[0].delete()
    assert refresh(segment=segment).left == 1


def test_only_erasure_takes_somebody_off_a_fixed_list(buyers: list[Portrait]) -> None:
    listed = Segment.objects.create(name="Guests", kind=Segment.Kind.FIXED)
    for portrait in buyers[:3]:
        Membership.objects.create(segment=listed, customer_id=portrait.pk, since=timezone.now())
    unprofiled = buyers[0].pk
    buyers[0].delete()
    Customer.objects.filter(pk=buyers[1].pk).update(state="restricted")
    Customer.objects.filter(pk=buyers[2].pk).update(state="erased")
    refresh(segment=listed)
    assert set(Membership.objects.open().filter(segment=listed).values_list("customer_id", flat=True)) == {
        unprofiled,
        buyers[1].pk,
    }
    assert inside(listed) == {unprofiled}


def test_people_are_put_on_a_fixed_list_once_and_on_no_other_kind(buyers: list[Portrait]) -> None:
    listed = Segment.objects.create(name="Guests", kind=Segment.Kind.FIXED)
    some = Customer.objects.filter(pk__in=[portrait.pk for portrait in buyers[:4]])
    assert (lists.add(segment=listed, customers=some), lists.add(segment=listed, customers=some)) == (4, 0)
    assert (listed.size, len(inside(listed))) == (4, 4)
    with pytest.raises(lists.NotAList):
        lists.add(segment=edit.create(name="Many", rule=MANY), customers=some)


def test_the_count_says_how_many_there_are_and_how_many_can_be_written_to(buyers: list[Portrait]) -> None:
    for number, portrait in enumerate(buyers):
        Identity.objects.create(customer=portrait.customer, email_index=bytes([number]) if number != 9 else None)
    allowed = int(Purpose.EMAIL_MARKETING | Purpose.PROFILING)
    Customer.objects.filter(pk__in=[p.pk for p in buyers[5:]]).update(permission=allowed)
    assert count_rule(parse(MANY)) == Count(total=7, reachable=4)
    segment = edit.create(name="Many", rule=MANY)
    assert (segment.size, segment.reachable) == (7, 4)


def test_somebody_who_allows_mail_and_no_profiling_is_found_by_language_and_can_be_written_to(db: None) -> None:
    customer = Customer.objects.create(language="de", permission=int(Purpose.SERVICE | Purpose.EMAIL_MARKETING))
    Identity.objects.create(customer=customer, email_index=b"1")
    german = edit.create(name="German", rule={"all": [{"field": "language", "op": "is", "value": "de"}]})
    assert (inside(german), german.reachable) == ({customer.pk}, 1)
    assert edit.create(name="Some", rule={"all": [{"field": "orders", "op": "unknown"}]}).size == 1


def test_counting_takes_one_query(buyers: list[Portrait], django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        count_rule(parse(MANY))


def test_the_trend_is_read_from_what_refreshes_wrote_down(buyers: list[Portrait]) -> None:
    segment = edit.create(name="Many", rule=MANY)
    today = timezone.now().astimezone(UTC).date()
    for ago, size in ((20, 2), (15, 1)):
        SegmentSize.objects.create(segment=segment, day=today - timedelta(days=ago), size=size)
    other = Segment.objects.create(name="empty")
    at = days(span=30, steps=4, today=today)
    assert sizes([segment.pk, other.pk], at) == {segment.pk: [0, 2, 1, 7], other.pk: [0, 0, 0, 0]}
    Portrait.objects.update(orders=9)
    refresh(segment=segment)
    assert sizes([segment.pk], at)[segment.pk] == [0, 2, 1, 10]


@pytest.mark.parametrize("kind", [Segment.Kind.FIXED, Segment.Kind.CLUSTER, Segment.Kind.RULE])
def test_a_refresh_reads_its_people_once_whatever_the_memory_is(kind: str) -> None:
    # With the least memory a server may give, a NOT IN over this many people is one scan a member: 30 s and more.
    made = customers(3_000)
    Portrait.objects.bulk_create(Portrait(customer=c, as_of=timezone.now(), orders=5) for c in made)
    segment = Segment.objects.create(name="All", kind=kind, rule=MANY if kind == Segment.Kind.RULE else {})
    Membership.objects.bulk_create(Membership(segment=segment, customer=c, since=timezone.now()) for c in made)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SET LOCAL work_mem = '64kB'")
        cursor.execute("SET LOCAL statement_timeout = '2s'")
        assert refresh(segment=segment).size == 3_000
        cursor.execute("SET LOCAL statement_timeout = 0")


def test_who_comes_and_who_leaves_is_told_to_whoever_listens(buyers: list[Portrait]) -> None:
    segment = edit.create(name="Many", rule=MANY)
    switch_on("journeys", Stream.SIGNALS)
    listen([f"segment:entered:{segment.pk}", f"segment:left:{segment.pk}"])
    Portrait.objects.filter(pk=buyers[9].pk).update(orders=0)
    Portrait.objects.filter(pk=buyers[0].pk).update(orders=5)
    refresh(segment=segment)
    told = {(signal.kind, signal.customer) for item in take("journeys", 100) for signal in item.signals}
    assert told == {
        (f"segment:entered:{segment.pk}", buyers[0].pk),
        (f"segment:left:{segment.pk}", buyers[9].pk),
    }


@pytest.mark.parametrize("key", list(STARTERS))
def test_every_ready_made_segment_can_be_made(key: str) -> None:
    assert start(key=key).size == 0


def test_ready_made_segments_are_made_once_and_not_again_after_they_were_put_away() -> None:
    assert len(ensure()) == 7
    Segment.objects.update(archived_at=timezone.now())
    assert ensure() == []
