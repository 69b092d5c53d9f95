"""The compiled query against plain Python, on random rules over random people."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmentation.portraits.models import Portrait
from segmentation.rules.compile import compile_rule
from segmentation.rules.explain import explain
from segmentation.rules.fields import FIELDS, OPS
from segmentation.rules.grammar import parse, to_json
from segmentation.segments.models import Membership, Segment
from tests.segmentation.people import NOW, crowd
from tests.segmentation.rules.oracle import holds

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
}
ASKED = [
    "recency_score", "orders", "usual_weekday", "revenue", "price_level", "typical_gap_days", "last_order_at",
    "top_department", "country", "gender", "in_segment",
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
def people() -> Iterator[list[Portrait]]:
    """Eighty people, a third of them in a segment, some of them only in the past."""
    made = crowd(80)
    segment = Segment.objects.create(pk=SEGMENT, name="some")
    Membership.objects.bulk_create(
        Membership(segment=segment, customer=p.customer, since=NOW, until=NOW if n % 2 else None)
        for n, p in enumerate(made[:40])
    )
    yield made


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_the_query_finds_exactly_whom_plain_python_finds(people: list[Portrait], data: st.DataObject) -> None:
    stored = data.draw(RULES)
    members = {SEGMENT: {p.pk for n, p in enumerate(people[:40]) if n % 2 == 0}}
    expected = {p.pk for p in people if holds(p, stored, NOW, members)}
    rule = parse(stored)
    assert set(Portrait.objects.filter(compile_rule(rule, now=NOW)).values_list("pk", flat=True)) == expected
    assert parse(to_json(rule)) == rule


def test_an_empty_group_of_all_is_everyone(people: list[Portrait]) -> None:
    assert Portrait.objects.filter(compile_rule(parse({"all": []}))).count() == len(people)


def test_is_not_holds_where_nothing_is_known_and_at_most_does_not(people: list[Portrait]) -> None:
    unknown = Portrait.objects.filter(revenue=None, top_department="")
    other = parse({"field": "top_department", "op": "is_not", "value": "Tea"})
    little = parse({"field": "revenue", "op": "at_most", "value": 1000})
    assert unknown.exists()
    assert unknown.filter(compile_rule(other)).count() == unknown.count()
    assert not unknown.filter(compile_rule(little)).exists()


def test_the_explanation_of_each_row_is_what_the_query_says(people: list[Portrait]) -> None:
    stored = {
        "any": [
            {"field": "orders", "op": "at_least", "value": 3},
            {"field": "country", "op": "is", "value": "DE"},
            {"field": "in_segment", "op": "is", "value": SEGMENT},
        ]
    }
    members = {SEGMENT: {p.pk for n, p in enumerate(people[:40]) if n % 2 == 0}}
    for portrait in people[:20]:
        reasons = explain(parse(stored), portrait, now=NOW)
        assert [reason.holds for reason in reasons] == [holds(portrait, row, NOW, members) for row in stored["any"]]
        assert reasons[0].value == ("—" if portrait.orders is None else str(portrait.orders))


def test_a_row_reads_as_a_sentence_with_the_value_known_of_the_person(people: list[Portrait]) -> None:
    portrait = next(p for p in people if p.revenue is not None)
    rule = parse({"field": "revenue", "op": "between", "value": [1, 2000.5]})
    [reason] = explain(rule, portrait, now=NOW)
    assert reason.sentence == "Revenue is between EUR 1 and EUR 2,000.50"
    assert reason.value.startswith("EUR ")
