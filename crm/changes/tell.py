"""Say what is new, in the transaction of the fact itself. Who is not switched on is told nothing."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection

ROW = 1_000
"""Ids or signals in one row of news, at most."""
DATA_LIMIT = 1_024
"""Characters of a signal's data, at most."""


class Topic(StrEnum):
    """What happened; `refs` of PEOPLE are always customer ids, those of FACTS as said here."""

    EVENTS = "events"
    """They did something. FACTS: ids of interactions, between `since` and `until`."""
    CONSENT = "consent"
    """They allowed or refused something. FACTS: ids of consent events."""
    CREATED = "created"
    """They are new to us. FACTS: customer ids."""
    PROFILE = "profile"
    """Something was said about them, or their address changed. FACTS: customer ids."""
    MERGED = "merged"
    """Two ids, [the anonymous one, which is empty now, the known one], for either stream."""
    RESTRICTED = "restricted"
    """They may not be processed now, or may again. FACTS: customer ids."""
    ERASED = "erased"
    """They are gone. FACTS: customer ids."""
    PRODUCTS = "products"
    """Products are new or other than before; nothing for PEOPLE. FACTS: product ids."""
    SEGMENT = "segment"
    """They entered or left a segment; nothing for FACTS."""


class Origin(StrEnum):
    """Did it happen now, or was it brought in from elsewhere?"""

    LIVE = "live"
    IMPORT = "import"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One fact for whoever listens to its kind. Never a name, an address or free text of the person."""

    kind: str
    """At most 80 characters; see SignalWanted.kind."""
    customer: int | None
    """Null for news of a product, which concern many."""
    occurred_at: datetime
    ref: str = ""
    """Order id, or another key of the occasion."""
    product: int | None = None
    origin: Origin = Origin.LIVE
    data: dict[str, Any] = field(default_factory=dict)
    """JSON of at most 1,024 characters."""


# Mostly nobody: then this one look is all that it costs to tell.
_ON = "SELECT DISTINCT stream FROM crm_newsreader"
_PEOPLE_AND_FACTS = """
INSERT INTO crm_news (reader, topic, refs, since, until, size)
SELECT name, %(topic)s, refs, %(since)s, %(until)s, cardinality(refs)
FROM (
    SELECT name, CASE stream WHEN 'people' THEN %(customers)s::bigint[] ELSE %(facts)s::bigint[] END AS refs
    FROM crm_newsreader WHERE stream IN ('people', 'facts')
) AS told WHERE cardinality(refs) > 0
"""
_SIGNALS = """
INSERT INTO crm_news (reader, topic, refs, size, signals)
SELECT r.name, 'signals', '{}', jsonb_array_length(heard.signals), heard.signals
FROM crm_newsreader r, (
    SELECT jsonb_agg(s.one ORDER BY s.place) AS signals
    FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS s (one, place)
    JOIN crm_signalwanted w ON w.kind = s.one ->> 'kind' AND (w.until IS NULL OR w.until > now())
) AS heard
WHERE r.stream = 'signals' AND heard.signals IS NOT NULL
"""
# 1000 is ROW.
EVENTS = """
    INSERT INTO crm_news (reader, topic, refs, since, until, size, signals)
    SELECT r.name, 'events', p.refs, p.since, p.until, cardinality(p.refs), NULL::jsonb
    FROM crm_newsreader r, LATERAL (
        SELECT array_agg(customer_id) AS refs, min(since) AS since, max(until) AS until FROM (
            SELECT customer_id, min(occurred_at) AS since, max(occurred_at) AS until,
                (row_number() OVER () - 1) / 1000 AS part
            FROM fresh WHERE r.stream = 'people' GROUP BY customer_id
        ) AS each_one GROUP BY part ORDER BY part
    ) AS p WHERE r.stream = 'people'
    UNION ALL
    SELECT r.name, 'events', f.refs, f.since, f.until, cardinality(f.refs), NULL::jsonb
    FROM crm_newsreader r, LATERAL (
        SELECT array_agg(id) AS refs, min(occurred_at) AS since, max(occurred_at) AS until FROM (
            SELECT id, occurred_at, (row_number() OVER () - 1) / 1000 AS part FROM fresh WHERE r.stream = 'facts'
        ) AS each_one GROUP BY part ORDER BY part
    ) AS f WHERE r.stream = 'facts'
    UNION ALL
    SELECT r.name, 'signals', '{}', NULL, NULL, jsonb_array_length(s.signals), s.signals
    FROM crm_newsreader r, LATERAL (
        SELECT jsonb_agg(signal) AS signals FROM (
            SELECT jsonb_build_object(
                'kind', w.kind, 'customer', customer_id, 'ref', order_id, 'product', product_id,
                'occurred_at', occurred_at, 'origin', %(origin)s::text,
                'data', jsonb_strip_nulls(jsonb_build_object(
                    'interaction', id, 'value', value, 'quantity', quantity, 'currency', nullif(currency, ''),
                    'channel', nullif(channel, ''), 'event', left(properties ->> 'event', 100)
                ))
            ) AS signal, (row_number() OVER () - 1) / 1000 AS part
            FROM fresh JOIN crm_signalwanted w ON w.kind = 'event:' || fresh.kind
            WHERE r.stream = 'signals' AND (w.until IS NULL OR w.until > now())
        ) AS heard GROUP BY part ORDER BY part
    ) AS s WHERE r.stream = 'signals'
"""
"""News of new interactions, as a part of the statement that inserts them: it reads their columns from `fresh` and takes
the parameter `origin`. In the same statement, so that intake pays no round trip for it."""


def tell(
    topic: Topic,
    *,
    customers: Iterable[int] = (),
    facts: Iterable[int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    signals: Iterable[Signal] = (),
) -> None:
    """Tell the readers who are switched on; must run in the transaction that writes the facts.

    `facts` are ids of new rows as the topic says, the customers themselves when None. `since` and `until` are the
    earliest and latest moments at which something happened. `signals` are made only while somebody reads any, and of
    them only those are kept whose kind is wanted. Raises ValueError for a signal whose data are too long.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ON)
        on = {stream for (stream,) in cursor.fetchall()}
        if on & {"people", "facts"}:
            people = list(dict.fromkeys(customers))
            rows = people if facts is None else list(facts)
            for start in range(0, max(len(people), len(rows)), ROW):
                part = slice(start, start + ROW)
                values = {"customers": people[part], "facts": rows[part], "since": since, "until": until}
                cursor.execute(_PEOPLE_AND_FACTS, {"topic": topic, **values})
        if "signals" in on:
            for piece in _pieces([_told(signal) for signal in signals]):
                cursor.execute(_SIGNALS, [json.dumps(piece, ensure_ascii=False)])


def about(
    topic: Topic, customers: Iterable[int], occurred_at: datetime, origin: Origin = Origin.LIVE
) -> Iterator[Signal]:
    """Yield the signal `customer:<topic>` for each customer."""
    for pk in customers:
        yield Signal(kind=f"customer:{topic}", customer=pk, occurred_at=occurred_at, origin=origin)


def _told(signal: Signal) -> dict[str, Any]:
    if signal.data and len(json.dumps(signal.data, ensure_ascii=False)) > DATA_LIMIT:
        raise ValueError(f"The data of a signal {signal.kind} are longer than {DATA_LIMIT} characters.")
    return {**asdict(signal), "occurred_at": signal.occurred_at.isoformat()}


def _pieces(told: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    for start in range(0, len(told), ROW):
        yield told[start : start + ROW]
