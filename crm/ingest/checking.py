"""What an event must be before it may become a fact."""

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from crm.ingest.event import NOT_ACTS, Event
from crm.ingest.scrubbing import clean_properties, clean_reference
from crm.interactions.kinds import KINDS

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
MAX_PROPERTIES = 16_000  # characters of JSON, after cleaning
LIMITS = (
    ("message_id", 120),
    ("source", 40),
    ("external_id", 120),
    ("anonymous_id", 120),
    ("sku", 120),
    ("order_id", 120),
    ("channel", 40),
)
# What numeric(14, 2) and numeric(12, 3) hold.
MAX_VALUE, MAX_QUANTITY = 10**12, 10**9
CURRENCY = re.compile(r"[A-Z]{3}")


def problem_of(event: Event, latest: datetime) -> tuple[str, str] | None:
    """Return (field, reason) of what is wrong with an event, if anything; `latest` is the last moment allowed."""
    if event.kind not in KINDS and event.kind not in NOT_ACTS:
        return "kind", "This kind of event is not known."
    moment = event.occurred_at
    if moment.tzinfo is None:
        return "occurred_at", "The time has no time zone."
    if not EARLIEST <= moment <= latest:
        return "occurred_at", "The time is before 1990 or more than a day ahead."
    if event.customer_id is None and not event.external_id and not event.anonymous_id:
        return "external_id", "Nobody is named."
    if not event.message_id or not event.source:
        return "message_id", "The message id or the source is missing."
    for name, limit in LIMITS:
        text = getattr(event, name)
        if text and (len(text) > limit or "\x00" in text):
            return name, f"Longer than {limit} characters, or with a zero byte."
    if event.currency and not CURRENCY.fullmatch(event.currency):
        return "currency", "A currency is three capital letters (ISO 4217)."
    if not _fits(event.value, MAX_VALUE):
        return "value", "The value is not a finite number of at most 12 digits."
    if not _fits(event.quantity, MAX_QUANTITY):
        return "quantity", "The quantity is not a finite number of at most 9 digits."
    return None


def _fits(number: Any, limit: int) -> bool:
    return number is None or (math.isfinite(number) and -limit < number < limit)


def facts_of(event: Event) -> tuple[Any, ...] | None:
    """Return the columns of an event that hold no ids (see intake.COLUMNS); None if properties are too many."""
    text = "{}"
    if event.properties:
        text = json.dumps(clean_properties(event.properties), ensure_ascii=False, default=str)
        if len(text) > MAX_PROPERTIES:
            return None
    return (
        event.kind,
        event.value,
        event.quantity,
        event.currency,
        clean_reference(event.order_id),
        event.channel,
        event.campaign_ref,
        event.delivery_ref,
        text,
        event.occurred_at,
        event.source,
        clean_reference(event.message_id),
    )
