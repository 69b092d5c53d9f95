"""The one way in for what customers did: check, find whose it is, store once."""

import json
from collections.abc import Sequence
from datetime import UTC, date
from operator import itemgetter
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from crm.changes import tell
from crm.changes.tell import Origin
from crm.ingest import goods, people
from crm.ingest.checking import AHEAD, facts_of, problem_of
from crm.ingest.event import NOT_ACTS, Event, EventOutcome, Rejection
from crm.interactions import partitions

BATCH = 50_000
UNKNOWN_PRODUCT = "unknown product"
# The order of a row: what checking.facts_of gives, after customer and product. The types are those of the JSON the rows
# travel in; a value too long for its column is refused when it gets there.
COLUMNS = {
    "customer_id": "bigint",
    "product_id": "bigint",
    "kind": "text",
    "value": "numeric",
    "quantity": "numeric",
    "currency": "text",
    "order_id": "text",
    "channel": "text",
    "campaign_ref": "bigint",
    "delivery_ref": "bigint",
    "properties": "text",
    "occurred_at": "timestamptz",
    "source": "text",
    "message_id": "text",
}
OCCURRED = list(COLUMNS).index("occurred_at")
CHUNK = 5_000
"""Rows in one statement, at most."""
# One statement and no temporary table: each statement costs a round trip and a plan, each table a dozen rows of the
# catalogue. It stores the rows, notes when their people were seen, and writes the news of what was really new. People
# are locked in one order, so that two batches about the same ones cannot lock each other up.
# An e-mail we sent is not an act of the customer's.
_INSERT = f"""
WITH fresh AS (
    INSERT INTO crm_interaction ({", ".join(COLUMNS)})
    SELECT {", ".join(COLUMNS).replace("properties", "properties::jsonb")}
    FROM json_to_recordset(%(rows)s::json) AS given ({", ".join(map(" ".join, COLUMNS.items()))})
    ON CONFLICT (source, message_id, occurred_at) DO NOTHING
    RETURNING id, customer_id, product_id, kind, value, quantity, currency, order_id, channel, properties, occurred_at
), seen AS (
    SELECT customer_id, min(occurred_at) AS lo, max(occurred_at) AS hi FROM fresh
    WHERE kind <> 'email_sent' GROUP BY customer_id
), held AS (
    SELECT c.id, seen.lo, seen.hi FROM crm_customer c JOIN seen ON seen.customer_id = c.id
    WHERE c.first_seen IS NULL OR c.last_seen IS NULL OR seen.lo < c.first_seen OR seen.hi > c.last_seen
    ORDER BY c.id FOR NO KEY UPDATE OF c
), touched AS (
    UPDATE crm_customer c SET first_seen = least(c.first_seen, held.lo), last_seen = greatest(c.last_seen, held.hi)
    FROM held WHERE held.id = c.id
), told AS ({tell.EVENTS})
SELECT count(*) FROM fresh
"""  # noqa: S608 our own words only


def record(events: Sequence[Event], *, create_products: bool = False, origin: Origin = Origin.LIVE) -> EventOutcome:
    """Store what customers did, each event once however often it is sent, and say what became of each.

    People nobody knows become customers who may be served and nothing else. A product nobody knows rejects its event,
    or with `create_products` is made from what the event says. Bad events are rejected one by one; the good ones go in.
    Batches of 50,000 are a transaction each, which also tells the readers of news. `origin` says whether it happens now
    or is brought in from elsewhere. Raises ValueError for IDENTIFY and ALIAS, which `identify.apply` takes.
    """
    accepted = known = 0
    rejected: list[Rejection] = []
    for start in range(0, len(events), BATCH):
        part = _record_batch(events[start : start + BATCH], start, rejected, create_products, origin)
        accepted, known = accepted + part[0], known + part[1]
    rejected.sort(key=lambda rejection: rejection.index)
    return EventOutcome(accepted, known, rejected)


def _record_batch(
    events: Sequence[Event], start: int, rejected: list[Rejection], create_products: bool, origin: Origin
) -> tuple[int, int]:
    good: list[tuple[int, Event, tuple[Any, ...]]] = []
    days: set[date] = set()
    latest = timezone.now() + AHEAD
    for index, event in enumerate(events, start):
        if event.kind in NOT_ACTS:
            raise ValueError("identify and alias are not acts")
        problem = problem_of(event, latest)
        if problem:
            rejected.append(Rejection(index, *problem))
            continue
        facts = facts_of(event)
        if facts is None:
            rejected.append(Rejection(index, "properties", "The properties are too large."))
            continue
        good.append((index, event, facts))
        days.add(event.occurred_at.astimezone(UTC).date().replace(day=1))
    if not good:
        return 0, 0
    partitions.ensure(days)
    with transaction.atomic():
        rows = _rows(good, rejected, create_products, origin)
        added = _store(rows, origin)
    return added, len(rows) - added


def _rows(
    good: list[tuple[int, Event, tuple[Any, ...]]], rejected: list[Rejection], create_products: bool, origin: Origin
) -> list[tuple[Any, ...]]:
    who = people.resolve((event for _, event, _ in good), good[0][1].source, origin)
    skus = goods.resolve((event for _, event, _ in good), create=create_products)
    products = goods.existing({event.product_id for _, event, _ in good if event.product_id is not None})
    rows = []
    for index, event, facts in good:
        customer = who.of(event)
        if customer is None:
            gone = event.customer_id is not None and event.customer_id not in who.internal
            rejected.append(Rejection(index, "customer_id", "No such customer." if gone else people.CLOSED))
            continue
        product = event.product_id if event.product_id is not None else skus.get(event.sku)
        if (event.sku and product is None) or (product is not None and event.product_id and product not in products):
            rejected.append(Rejection(index, "sku", UNKNOWN_PRODUCT))
            continue
        rows.append((customer, product, *facts))
    return rows


def _store(rows: list[tuple[Any, ...]], origin: Origin) -> int:
    # In the order of time the rows of a month go into its indexes together, instead of touching every month in turn.
    rows.sort(key=itemgetter(OCCURRED))
    added = 0
    with connection.cursor() as cursor:
        for start in range(0, len(rows), CHUNK):
            given = [dict(zip(COLUMNS, row, strict=True)) for row in rows[start : start + CHUNK]]
            cursor.execute(_INSERT, {"rows": json.dumps(given, ensure_ascii=False, default=str), "origin": origin})
            added += cursor.fetchone()[0]
    return added
