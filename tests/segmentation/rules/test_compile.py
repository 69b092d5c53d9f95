"""The compiled query against plain Python, on random rules over random people."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.customers.models import Customer
from segmentation.rules.compile import by_profiling, compile_rule
from segmentation.rules.explain import explain
from segmentation.rules.fields import FIELDS, OPS
from segmentation.rules.grammar import parse, to_json
from segmentation.segments.models import Membership, Segment
from tests.segmentation.people import NOW, crowd
from tests.segmentation.rules.oracle import holds, value_of

pytestmark = pytest.mark.django_db
SEGMENT = 1
WORDS = st.sampled_from(["Tea", "Books", "tea_50%", "DE", "en", "female", "%", "_"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "whole": st.integers(-1, 7),
    "number": st.floats(-1, 70, allow_nan=False).map(lambda number: round(number, 2)),
    "money": st.floats(-1, 210, allow_nan=False).map(lambda number: round(number, 2)),
    "share": st.sampled_from([0, 0.25, 0.5, 0.75, 1]),
    "word": WORDS,
    "segment": st.sampled_from([SEGMENT, 99]),
    "moment": st.integers(0, 61),
    "purpose": st.sampled_from(["profiling", "email_marketing"]),
}
ASKED = [
    "recency_score", "orders", "usual_weekday", "revenue", "price_level", "typical_gap_days", "last_order_at",
    "top_department", "opens_90d", "country", "gender", "source", "known_since", "allows", "order_count", "order_sum",
    "order_last", "mail_opens", "mail_clicks", "mail_clicked", "in_segment",
]  # fmt: skip


@st.composite
def row(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a row over the fields the crowd differs in."""
    field = FIELDS[draw(st.sampled_from(ASKED))]
    op = draw(st.sampled_from(OPS[field.kind]))
    values = VALUES[field.kind]
    made: dict[str, Any] = {"field": field.key, "op": op.value}
    if op in {"known", "unknown"}:
        return made
    if op == "between":
        return made | {"value": sorted(draw(st.lists(values, min_size=2, max_size=2)))}
    if op in {"one_of", "none_of"}:
        return made | {"value": draw(st.lists(values, min_size=1, max_size=3))}
    return made | {"value": draw(values)}


def groups(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw a group, or its opposite, of what is drawn inside."""
    parts = st.lists(inside, min_size=1, max_size=3)
    group = st.one_of(parts.map(lambda p: {"all": p}), parts.map(lambda p: {"any": p}))
    return st.one_of(group, group.map(lambda g: {"not": g}))


LEAVES = st.one_of(row(), row().map(lambda r: {"not": r}))
RULES = st.one_of(groups(LEAVES), groups(groups(LEAVES) | LEAVES), groups(groups(groups(LEAVES) | LEAVES) | LEAVES))


@pytest.fixture
def people() -> Iterator[list[Customer]]:
    """Eighty people, half of them in a segment: some only in the past, some only because profiling says so."""
    made = crowd(80)
    segment = Segment.objects.create(pk=SEGMENT, name="some")
    Membership.objects.bulk_create(
        Membership(segment=segment, customer=c, since=NOW, until=NOW if n % 2 else None, profiled=n % 4 == 0)
        for n, c in enumerate(made[:40])
    )
    yield made


def members(people: list[Customer]) -> dict[int, dict[int, bool]]:
    """Return who is in the segment of `people` now, as the oracle takes it."""
    return {SEGMENT: {c.pk: n % 4 == 0 for n, c in enumerate(people[:40]) if n % 2 == 0}}


@pytest.fixture
def without_profiling(people: list[Customer]) -> list[Customer]:
    """The same people as if nobody allowed profiling; made once, so that what they look up is looked up once."""
    return [
        type(c)(**{f.attname: getattr(c, f.attname) for f in c._meta.concrete_fields if f.attname != "permission"},
                permission=c.permission & ~4)
        for c in people
    ]  # fmt: skip


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_the_query_finds_exactly_whom_plain_python_finds(
    people: list[Customer], without_profiling: list[Customer], data: st.DataObject
) -> None:
    stored = data.draw(RULES)
    inside = members(people)
    expected = {c.pk for c in people if holds(c, stored, NOW, inside)}
    by_facts = {c.pk for c in without_profiling if holds(c, stored, NOW, inside)}
    rule = parse(stored)
    found = dict(Customer.objects.filter(compile_rule(rule, now=NOW)).values_list("pk", by_profiling(rule, now=NOW)))
    assert found.keys() == expected
    assert {pk for pk, profiled in found.items() if not profiled} == expected & by_facts
    assert parse(to_json(rule)) == rule


def test_an_empty_group_of_all_is_everyone(people: list[Customer]) -> None:
    assert Customer.objects.filter(compile_rule(parse({"all": []}))).count() == len(people)


def test_is_not_holds_where_nothing_is_known_and_at_most_does_not(people: list[Customer]) -> None:
    unknown = Customer.objects.filter(portrait=None)
    other = parse({"field": "top_department", "op": "is_not", "value": "Tea"})
    little = parse({"field": "revenue", "op": "at_most", "value": 1000})
    assert unknown.exists()
    assert unknown.filter(compile_rule(other)).count() == unknown.count()
    assert not unknown.filter(compile_rule(little)).exists()


def test_no_opens_are_known_only_of_those_whose_opens_are_noticed(people: list[Customer]) -> None:
    for field in ("mail_opens", "opens_90d"):
        none = parse({"field": field, "op": "at_most", "value": 0})
        found = Customer.objects.filter(compile_rule(none))
        assert found.exists()
        assert not [c for c in found if not c.permission & 64]
    never_mailed = Customer.objects.create(permission=1 | 64)
    found = Customer.objects.filter(compile_rule(parse({"field": "mail_opens", "op": "is", "value": 0})))
    assert never_mailed in found


def test_orders_are_counted_of_everybody_and_none_is_known_to_be_none(people: list[Customer]) -> None:
    fresh = Customer.objects.create(permission=1)
    none = parse({"field": "order_count", "op": "at_most", "value": 0})
    assert fresh in Customer.objects.filter(compile_rule(none))


def test_the_explanation_of_each_row_is_what_the_query_says(people: list[Customer]) -> None:
    stored = {
        "any": [
            {"field": "orders", "op": "at_least", "value": 3},
            {"field": "country", "op": "is", "value": "DE"},
            {"field": "in_segment", "op": "is", "value": SEGMENT},
            {"field": "allows", "op": "is", "value": "email_marketing"},
            {"field": "mail_opens", "op": "at_most", "value": 1},
        ]
    }
    for customer in people[:20]:
        reasons = explain(parse(stored), customer.pk, now=NOW)
        assert [reason.holds for reason in reasons] == [
            holds(customer, row, NOW, members(people)) for row in stored["any"]
        ]
        orders = value_of(customer, "orders")
        assert reasons[0].value == ("—" if orders is None else str(orders))


def test_a_row_reads_as_a_sentence_with_the_value_known_of_the_person(people: list[Customer]) -> None:
    customer = next(c for c in people if value_of(c, "revenue") is not None)
    rule = parse({"field": "revenue", "op": "between", "value": [1, 2000.5]})
    [reason] = explain(rule, customer.pk, now=NOW)
    assert reason.sentence == "Revenue is between EUR 1 and EUR 2,000.50"
    assert reason.value.startswith("EUR ")


def test_every_field_can_be_asked_and_explained(people: list[Customer]) -> None:
    for field in FIELDS.values():
        value = {"segment": SEGMENT, "purpose": "sms"}.get(field.kind)
        row = {"field": field.key, "op": "known"} if value is None else {"field": field.key, "op": "is", "value": value}
        assert explain(parse(row), people[0].pk)[0].sentence
        assert Customer.objects.filter(compile_rule(parse(row))).count() <= len(people)
