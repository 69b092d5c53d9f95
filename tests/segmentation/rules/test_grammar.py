"""What the grammar lets through, and what it says about the rest."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segmentation.rules.fields import FIELDS, OPS
from segmentation.rules.grammar import MAX_ROWS, RuleError, parse

ROW = {"field": "orders", "op": "at_least", "value": 1}


def nested(depth: int) -> dict[str, Any]:
    """Return groups nested that deep around one row."""
    return {"all": [nested(depth - 1)]} if depth else ROW


@pytest.mark.parametrize(
    ("data", "message", "place"),
    [
        (None, "group or a row", ""),
        ({}, "group or a row", ""),
        ({"all": [ROW], "any": [ROW]}, "group or a row", ""),
        ({"all": {}}, "list of rules", ""),
        ({"any": []}, "at least one row", ""),
        ({"all": [{"all": []}]}, "at least one row", "0"),
        ({"all": [ROW, {"any": [ROW, ROW | {"field": "password"}]}]}, "nothing called “password”", "1.1"),
        ({"all": [ROW | {"field": "department_affinity"}]}, "nothing called", "0"),
        ({"all": [ROW | {"field": "pk__in"}]}, "nothing called", "0"),
        ({"all": [ROW | {"field": ["orders"]}]}, "nothing called", "0"),
        ({"all": [ROW | {"op": "contains"}]}, "cannot be compared", "0"),
        ({"all": [ROW | {"op": "__class__"}]}, "cannot be compared", "0"),
        ({"all": [ROW | {"value": "1"}]}, "whole number", "0"),
        ({"all": [ROW | {"value": True}]}, "whole number", "0"),
        ({"all": [ROW | {"value": 10**30}]}, "out of range", "0"),
        ({"all": [{"field": "revenue", "op": "at_least", "value": float("nan")}]}, "Enter a number", "0"),
        ({"all": [{"field": "revenue", "op": "between", "value": [2, 1]}]}, "lower number", "0"),
        ({"all": [{"field": "revenue", "op": "between", "value": [1]}]}, "two numbers", "0"),
        ({"all": [{"field": "country", "op": "is", "value": " "}]}, "Enter a word", "0"),
        ({"all": [{"field": "country", "op": "is", "value": "a\x00"}]}, "Enter a word", "0"),
        ({"all": [{"field": "country", "op": "one_of", "value": []}]}, "at least one value", "0"),
        ({"all": [{"field": "last_order_at", "op": "within_days", "value": -1}]}, "out of range", "0"),
        ({"all": [{"field": "in_segment", "op": "is", "value": "x"}]}, "whole number", "0"),
        ({"field": "allows", "op": "is", "value": "service"}, "Choose what is allowed", ""),
        ({"not": {"not": ROW}}, "double", ""),
        ({"all": [ROW] * (MAX_ROWS + 1)}, "at most 50 rows", ""),
        ({"all": [{"any": [ROW] * 30}, {"any": [ROW] * 30}]}, "at most 50 rows", ""),
        (nested(4), "nested 3 deep", "0.0.0"),
    ],
)
def test_a_rule_that_means_nothing_is_refused_with_its_place(data: Any, message: str, place: str) -> None:
    with pytest.raises(RuleError, match=message) as caught:
        parse(data)
    assert caught.value.place == place


def test_groups_may_be_three_deep() -> None:
    assert parse(nested(3))


def test_every_field_can_be_asked_by_every_operator_it_lists() -> None:
    values: dict[str, Any] = {"known": None, "unknown": None, "between": [1, 2], "contains": "a"}
    for field in FIELDS.values():
        for op in OPS[field.kind]:
            value = values.get(op, "a" if field.kind == "word" else 1)
            value = "profiling" if field.kind == "purpose" else value
            value = [value] if op in {"one_of", "none_of"} else value
            assert parse({"field": field.key, "op": op.value, "value": value})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.sampled_from(["all", "any", "not", "field", "op", "value"]), inside, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_arrives_it_is_a_rule_or_a_rule_error(data: Any) -> None:
    try:
        parse(data)
    except RuleError as error:
        assert str(error)
