"""Rules judged in plain Python, from the words of grammar.py, without its parser or compiler."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from segmentation.portraits.models import Portrait

ABOUT = {"country", "region", "language", "age_band", "gender"}
Members = Mapping[int, Collection[int]]
"""Segment id → customer ids."""


def value_of(portrait: Portrait, field: str) -> Any:
    """Return what is known, None for nothing."""
    value = getattr(portrait.customer, field) if field in ABOUT else getattr(portrait, field)
    return None if value == "" else value


def row_holds(portrait: Portrait, row: dict[str, Any], now: datetime, members: Members) -> bool:
    """Say whether one row holds."""
    op, wanted = row["op"], row.get("value")
    if row["field"] == "in_segment":
        return (portrait.pk in members.get(wanted, ())) == (op == "is")
    value = value_of(portrait, row["field"])
    if op == "known":
        return value is not None
    if op == "unknown":
        return value is None
    if op == "is_not":
        return value is None or value != wanted
    if op == "none_of":
        return value is None or value not in wanted
    if value is None:
        return False
    if isinstance(value, Decimal):
        wanted = [Decimal(str(w)) for w in wanted] if isinstance(wanted, list) else Decimal(str(wanted))
    match op:
        case "is":
            return bool(value == wanted)
        case "one_of":
            return value in wanted
        case "contains":
            return wanted.lower() in value.lower()
        case "at_least":
            return bool(value >= wanted)
        case "at_most":
            return bool(value <= wanted)
        case "between":
            return bool(wanted[0] <= value <= wanted[1])
        case "within_days":
            return bool(value >= now - timedelta(days=wanted))
        case "more_than_days_ago":
            return bool(value < now - timedelta(days=wanted))
    raise AssertionError(op)


def holds(portrait: Portrait, rule: dict[str, Any], now: datetime, members: Members) -> bool:
    """Say whether a stored rule holds for a person."""
    if "all" in rule:
        return all(holds(portrait, part, now, members) for part in rule["all"])
    if "any" in rule:
        return any(holds(portrait, part, now, members) for part in rule["any"])
    if "not" in rule:
        return not holds(portrait, rule["not"], now, members)
    return row_holds(portrait, rule, now, members)
