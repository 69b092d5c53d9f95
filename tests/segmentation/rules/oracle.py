"""Rules judged in plain Python, from the words of grammar.py, without its parser or compiler."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from crm.customers.models import Customer

PROFILING, EMAIL, OPENS, CLICKS = 4, 32, 64, 128
ABOUT = {"country", "region", "language", "age_band", "gender", "source"}
DATES = {"created": "created_at", "known_since": "first_seen", "last_active": "last_seen"}
COUNTED = {
    "order_count": ("orders", 0),
    "order_sum": ("revenue", 0),
    "mail_count": ("mails", 0),
    "mail_opens": ("opens", OPENS),
    "mail_clicks": ("clicks", CLICKS),
}
DATED = {
    "order_first": ("first_order_at", 0), "order_last": ("last_order_at", 0), "mail_last": ("last_mail_at", 0),
    "mail_opened": ("last_open_at", OPENS), "mail_clicked": ("last_click_at", CLICKS),
}  # fmt: skip
NOTICED = {"opens_90d": OPENS, "clicks_90d": CLICKS}
PURPOSES = {"profiling": PROFILING, "email_marketing": EMAIL}
Members = Mapping[int, Mapping[int, bool]]
"""Segment id → customer id → whether only profiling says so."""


def value_of(customer: Customer, field: str) -> Any:
    """Return what is known and may be, None for nothing."""
    if field in ABOUT:
        return getattr(customer, field) or None
    if field in DATES:
        return getattr(customer, DATES[field])
    standing = getattr(customer, "standing", None)
    if field in COUNTED:
        name, needs = COUNTED[field]
        return (getattr(standing, name) if standing else 0) if customer.permission & needs == needs else None
    if field in DATED:
        name, needs = DATED[field]
        return getattr(standing, name) if standing and customer.permission & needs == needs else None
    needs = PROFILING | NOTICED.get(field, 0)
    portrait = getattr(customer, "portrait", None)
    if portrait is None or customer.permission & needs != needs:
        return None
    value = getattr(portrait, field)
    return None if value == "" else value


def row_holds(customer: Customer, row: dict[str, Any], now: datetime, members: Members) -> bool:
    """Say whether one row holds."""
    op, wanted = row["op"], row.get("value")
    if row["field"] == "in_segment":
        by_profiling = members.get(wanted, {}).get(customer.pk)
        inside = by_profiling is False or (by_profiling is True and bool(customer.permission & PROFILING))
        return inside == (op == "is")
    if row["field"] == "allows":
        return bool(customer.permission & PURPOSES[wanted]) == (op == "is")
    value = value_of(customer, row["field"])
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


def holds(customer: Customer, rule: dict[str, Any], now: datetime, members: Members) -> bool:
    """Say whether a stored rule holds for a person."""
    if "all" in rule:
        return all(holds(customer, part, now, members) for part in rule["all"])
    if "any" in rule:
        return any(holds(customer, part, now, members) for part in rule["any"])
    if "not" in rule:
        return not holds(customer, rule["not"], now, members)
    return row_holds(customer, rule, now, members)
