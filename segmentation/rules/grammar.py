"""A rule as a tree: read from JSON with clear errors, written back as JSON.

The stored form is `{"all": [rule, …]}`, `{"any": [rule, …]}`, `{"not": rule}` or `{"field", "op", "value"}`.

Every row is true or false, never unknown: a comparison with something that is not known is false. `is_not` and
`none_of` are the exact opposites of `is` and `one_of`, and `not` is the exact opposite of what it holds, so all three
are true for people about whom the thing is not known. Add a row "is known" to leave those out.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from crm.consents.purposes import BY_KEY, Purpose
from segmentation.rules.fields import FIELDS, Field, FieldKind, Op

MAX_DEPTH: Final = 3
MAX_ROWS: Final = 50
MAX_WORDS: Final = 100
MAX_WORD_LENGTH: Final = 200
MAX_DAYS: Final = 36_500
MAX_NUMBER: Final = 1e12

Value = Decimal | int | str | tuple[Decimal | int, Decimal | int] | tuple[str, ...] | tuple[int, ...] | None


class RuleError(ValueError):
    """The rule cannot be understood. `place` is the way to the wrong part: positions joined by dots, empty for all."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True)
class RuleRow:
    """One comparison. The type of `value` follows from field and operator; see `_value`."""

    field: Field
    op: Op
    value: Value = None


@dataclass(frozen=True)
class RuleGroup:
    """Rules of which all (`every`) or any must hold. An empty group of all holds for everyone."""

    every: bool
    rules: tuple["Rule", ...]


@dataclass(frozen=True)
class Not:
    """Holds where its rule does not."""

    rule: "RuleRow | RuleGroup"


Rule = RuleRow | RuleGroup | Not


def parse(data: object) -> Rule:
    """Read a rule from its stored form.

    Raises RuleError for an unknown word, a value of the wrong type, more than 50 rows or groups nested more than
    three deep.
    """
    rule = _rule(data, "", 0)
    if sum(1 for _row in rows(rule)) > MAX_ROWS:
        raise RuleError(_("A segment has at most %(most)d rows.") % {"most": MAX_ROWS})
    return rule


def rows(rule: Rule) -> Iterator[RuleRow]:
    """Yield the rows of a rule in reading order."""
    match rule:
        case RuleRow():
            yield rule
        case Not():
            yield from rows(rule.rule)
        case RuleGroup():
            for part in rule.rules:
                yield from rows(part)


def to_json(rule: Rule) -> dict[str, Any]:
    """Write a rule in its stored form; parse(to_json(rule)) == rule."""
    match rule:
        case RuleGroup():
            return {"all" if rule.every else "any": [to_json(part) for part in rule.rules]}
        case Not():
            return {"not": to_json(rule.rule)}
        case RuleRow():
            plain: dict[str, Any] = {"field": rule.field.key, "op": rule.op.value}
            return plain if rule.value is None else plain | {"value": _plain(rule.value)}


def segments_in(rule: Rule) -> set[int]:
    """Return the ids of the segments the rule asks about."""
    return {row.value for row in rows(rule) if row.field.kind is FieldKind.SEGMENT and isinstance(row.value, int)}


def needs_profiling(rule: Rule) -> bool:
    """Say whether withdrawing profiling can change what the rule says of somebody.

    It can where a row asks for what a portrait knows, about a segment, which may do so, or about that permission.
    """
    return any(
        row.field.profiling or row.field.kind is FieldKind.SEGMENT or row.value == "profiling" for row in rows(rule)
    )


def _plain(value: Value) -> Any:
    match value:
        case Decimal():
            return float(value)
        case tuple():
            return [_plain(part) for part in value]
        case _:
            return value


def _rule(data: object, place: str, depth: int) -> Rule:
    if not isinstance(data, dict):
        raise RuleError(_("A rule is a group or a row."), place)
    match sorted(data):
        case ["all"] | ["any"]:
            [(word, parts)] = data.items()
            return _group(word == "all", parts, place, depth + 1)
        case ["not"]:
            inner = _rule(data["not"], place, depth)
            if isinstance(inner, Not):
                raise RuleError(_("A double “not” says nothing."), place)
            return Not(inner)
        case ["field", "op"] | ["field", "op", "value"]:
            return _row(data, place)
        case _:
            raise RuleError(_("A rule is a group or a row."), place)


def _group(every: bool, parts: object, place: str, depth: int) -> RuleGroup:
    if depth > MAX_DEPTH:
        raise RuleError(_("Groups can be nested %(most)d deep.") % {"most": MAX_DEPTH}, place)
    if not isinstance(parts, list):
        raise RuleError(_("A group holds a list of rules."), place)
    if not parts and (depth > 1 or not every):
        raise RuleError(_("A group needs at least one row."), place)
    if len(parts) > MAX_ROWS:
        raise RuleError(_("A segment has at most %(most)d rows.") % {"most": MAX_ROWS}, place)
    before = f"{place}." if place else ""
    return RuleGroup(every, tuple(_rule(part, f"{before}{number}", depth) for number, part in enumerate(parts)))


def _row(data: dict[str, Any], place: str) -> RuleRow:
    field = FIELDS.get(data["field"]) if isinstance(data["field"], str) else None
    if field is None:
        raise RuleError(
            _("There is nothing called “%(name)s” to ask about.") % {"name": str(data["field"])[:80]}, place
        )
    op = next((known for known in field.ops if known.value == data["op"]), None)
    if op is None:
        raise RuleError(
            _("“%(field)s” cannot be compared by “%(op)s”.") % {"field": field.label, "op": str(data["op"])[:40]}, place
        )
    return RuleRow(field, op, _value(field, op, data.get("value"), place))


def _value(field: Field, op: Op, value: object, place: str) -> Value:
    match op:
        case Op.KNOWN | Op.UNKNOWN:
            return None
        case Op.WITHIN_DAYS | Op.MORE_THAN_DAYS_AGO:
            return _whole(value, place, 0, MAX_DAYS)
        case Op.BETWEEN:
            low, high = (_number(field, part, place) for part in _list(value, place, exactly=2))
            if low > high:
                raise RuleError(_("The lower number comes first."), place)
            return low, high
        case Op.ONE_OF | Op.NONE_OF:
            parts = _list(value, place)
            if field.kind is FieldKind.WHOLE:
                return tuple(_whole(part, place) for part in parts)
            return tuple(_word(part, place) for part in parts)
        case Op.CONTAINS:
            return _word(value, place)
        case Op.IS | Op.IS_NOT:
            if field.kind is FieldKind.WORD:
                return _word(value, place)
            if field.kind is FieldKind.PURPOSE:
                return _purpose(value, place)
            return _whole(value, place, 1 if field.kind is FieldKind.SEGMENT else None)
        case Op.AT_LEAST | Op.AT_MOST:
            return _number(field, value, place)


def _number(field: Field, value: object, place: str) -> Decimal | int:
    if field.kind is FieldKind.WHOLE:
        return _whole(value, place)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise RuleError(_("Enter a number."), place)
    if abs(value) > MAX_NUMBER:
        raise RuleError(_("This number is too large."), place)
    return Decimal(str(value))


def _whole(value: object, place: str, least: int | None = None, most: int = int(MAX_NUMBER)) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise RuleError(_("Enter a whole number."), place)
    if not (-most if least is None else least) <= value <= most:
        raise RuleError(_("This number is out of range."), place)
    return value


def _word(value: object, place: str) -> str:
    if not isinstance(value, str) or not value.strip() or "\x00" in value:
        raise RuleError(_("Enter a word."), place)
    if len(value) > MAX_WORD_LENGTH:
        raise RuleError(_("This is too long."), place)
    return value


def _purpose(value: object, place: str) -> str:
    if not isinstance(value, str) or value not in BY_KEY or BY_KEY[value] is Purpose.SERVICE:
        raise RuleError(_("Choose what is allowed."), place)
    return value


def _list(value: object, place: str, exactly: int | None = None) -> list[object]:
    if not isinstance(value, list) or not value:
        raise RuleError(_("Enter at least one value."), place)
    if exactly is not None and len(value) != exactly:
        raise RuleError(_("Enter two numbers."), place)
    if len(value) > MAX_WORDS:
        raise RuleError(_("At most %(most)d values.") % {"most": MAX_WORDS}, place)
    return value
