"""Take news, in the transaction that acts on them; say who takes any."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from crm.changes.models import News, NewsReader, SignalWanted, Stream
from crm.changes.tell import Origin, Signal

KEPT = timedelta(days=7)
"""A reader that takes nothing for so long loses its news and has to look at everything again."""
# Only the rows this transaction may lock, so that several workers of one reader never take the same.
_TAKE = """
WITH head AS MATERIALIZED (
    SELECT id, size FROM crm_news WHERE reader = %(reader)s ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), chosen AS MATERIALIZED (
    SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY id) - size AS before FROM head) AS counted
    WHERE before < %(limit)s
), taken AS (
    DELETE FROM crm_news n USING chosen WHERE n.id = chosen.id
    RETURNING n.id, n.topic, n.refs, n.since, n.until, n.signals::text
)
SELECT topic, refs, since, until, signals FROM taken ORDER BY id
"""
_DEPTH = """
SELECT r.name, r.stream, coalesce(sum(n.size), 0), coalesce(extract(epoch FROM now() - min(n.written_at)), 0),
    r.lapsed_at
FROM crm_newsreader r LEFT JOIN crm_news n ON n.reader = r.name GROUP BY r.name ORDER BY r.name
"""


_FORGET = """
UPDATE crm_news SET signals = kept.signals, size = jsonb_array_length(kept.signals)
FROM (
    SELECT n.id, coalesce(
        jsonb_agg(one) FILTER (WHERE one -> 'customer' <> to_jsonb(%(customer)s::bigint)), '[]'
    ) AS signals
    FROM crm_news n, jsonb_array_elements(n.signals) AS one
    WHERE n.signals @> %(holder)s::jsonb GROUP BY n.id
) AS kept WHERE crm_news.id = kept.id
"""
_LAPSE = """
WITH old AS (DELETE FROM crm_news WHERE written_at < now() - make_interval(days => %s) RETURNING reader),
marked AS (UPDATE crm_newsreader SET lapsed_at = now() WHERE name IN (SELECT reader FROM old))
SELECT count(*) FROM old
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One row of news, as crm.changes.models.News describes its columns."""

    topic: str
    refs: list[int]
    since: datetime | None
    until: datetime | None
    signals: list[Signal]


@dataclass(frozen=True, slots=True)
class Depth:
    """How far behind a reader is."""

    name: str
    stream: Stream
    waiting: int
    """Ids or signals not taken yet."""
    oldest: timedelta
    """How long the oldest of them has waited; nothing when none waits."""
    lapsed_at: datetime | None


def take(reader: str, limit: int) -> list[Item]:
    """Return the oldest news of a reader and delete them, in the transaction that acts on them.

    At least one row when one is free, and rows until there are `limit` ids or signals, so fewer than `limit` + 1,000.
    Several workers may take at once; none waits for another, and none gets what another has. The order is nearly that
    in which things were written; of two transactions at once either may come first. If the transaction ends without a
    commit, the news are there again. Raises TransactionManagementError outside of a transaction: what was taken would
    be lost before anything was done with it.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("Take news in the transaction that acts on them.")
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"reader": reader, "limit": limit})
        return [
            Item(topic, refs, since, until, _signals(signals))
            for topic, refs, since, until, signals in cursor.fetchall()
        ]


def _signals(text: str | None) -> list[Signal]:
    rows: list[dict[str, Any]] = json.loads(text) if text else []
    return [
        Signal(
            **{
                **row,
                "occurred_at": datetime.fromisoformat(row["occurred_at"]),
                "origin": Origin(row["origin"]),
            }
        )
        for row in rows
    ]


@transaction.atomic
def switch_on(reader: str, stream: Stream) -> None:
    """Have news written for a reader from now on.

    Facts of transactions that began earlier go by. A reader that needs every fact asks for `now()` after the commit and
    looks at everything once as soon as `settled` says so: from then on the news are complete. Switching on again
    changes nothing but that a lapsed reader is no longer one. Raises ValueError when it reads another stream.
    """
    row, made = NewsReader.objects.get_or_create(name=reader, defaults={"stream": stream})
    if row.stream != stream:
        raise ValueError(f"{reader} reads {row.stream}, not {stream}.")
    if made:
        News.objects.filter(reader=reader).delete()
    elif row.lapsed_at is not None:
        NewsReader.objects.filter(pk=reader).update(lapsed_at=None)


def switch_off(reader: str) -> None:
    """Have no more news written for a reader, and drop what it has not taken.

    What a transaction that is still open writes is dropped by `sweep`.
    """
    NewsReader.objects.filter(pk=reader).delete()
    News.objects.filter(reader=reader).delete()


def listen(kinds: Iterable[str], until: datetime | None = None) -> None:
    """Have signals of these kinds written until a moment, or until `ignore`.

    As with `switch_on`, facts of transactions that began earlier give no signal; `settled` says when they have ended.
    """
    rows = [SignalWanted(kind=kind, until=until) for kind in sorted(set(kinds))]
    SignalWanted.objects.bulk_create(rows, update_conflicts=True, update_fields=["until"], unique_fields=["kind"])


def ignore(kinds: Iterable[str]) -> None:
    """Have no more signals of these kinds written; what is written already stays for its reader."""
    SignalWanted.objects.filter(kind__in=list(kinds)).delete()


def now() -> datetime:
    """Return what the database's clock says at this moment, not at the beginning of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def settled(moment: datetime) -> bool:
    """Say whether every transaction that had begun at a moment has ended, other than the caller's own."""
    with connection.cursor() as cursor:
        # By their clock, not by their ids: an open statement that has not seen a reader may get its id much later.
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND xact_start <= %s)",
            [moment],
        )
        return bool(cursor.fetchone()[0])


def depths() -> Sequence[Depth]:
    """Return how far behind every reader is, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_DEPTH)
        return [
            Depth(name, Stream(stream), int(waiting), timedelta(seconds=float(oldest)), lapsed)
            for name, stream, waiting, oldest, lapsed in cursor.fetchall()
        ]


def forget(customer: int) -> None:
    """Drop the waiting signals of a person who is erased: their references lead to the shop's books."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"customer": customer, "holder": json.dumps([{"customer": customer}])})


def sweep() -> int:
    """Delete news that nobody takes: of readers switched off, and what lay for a week; return how many rows.

    A reader that loses any is marked as lapsed.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_news n WHERE NOT EXISTS (SELECT FROM crm_newsreader r WHERE r.name = n.reader)")
        orphans = int(cursor.rowcount)
        cursor.execute(_LAPSE, [KEPT.days])
        return orphans + int(cursor.fetchone()[0])
