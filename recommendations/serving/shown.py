"""What was shown to whom, kept in memory for a moment and written many at once; old months are dropped.

A process that is killed loses what it showed in its last SHOWN_BUFFER_SECONDS; one that ends writes it first.
"""

import atexit
import json
import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from crm.consents.purposes import Purpose
from crm.interactions import partitions
from recommendations.serving.live import LiveAnswer
from recommendations.serving.models import Placement, Shown

TABLE = Shown._meta.db_table
MONTHS_AHEAD = 3
MONTHS_KEPT = 6
"""Whole months before this one, so that nothing is kept for longer than seven months (models.KEPT)."""
MOST_WAITING = 20_000
"""Lists kept in memory while the database does not take them; then the oldest are given up."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Impression:
    """One list that one customer was shown; see models.Shown."""

    customer_id: int
    placement_id: int | None
    product_ids: list[int]
    ranks: list[int]
    propensities: list[float]
    version_ref: int | None
    shown_at: datetime


class Buffer:
    """Impressions on their way into the database, and the thread that takes them there."""

    def __init__(self) -> None:
        """Begin empty; the thread starts with the first impression, after a server has forked."""
        self._lock = threading.Lock()
        self._waiting: list[Impression] = []
        self._filled = threading.Event()
        self._writer: threading.Thread | None = None

    def add(self, impression: Impression) -> None:
        """Keep an impression until the next write, or write it at once where SHOWN_BUFFER_SECONDS is 0."""
        if settings.SHOWN_BUFFER_SECONDS <= 0:
            write([impression])
            return
        with self._lock:
            self._waiting.append(impression)
            if self._writer is None or not self._writer.is_alive():
                self._writer = threading.Thread(target=self._run, name="shown", daemon=True)
                self._writer.start()
        self._filled.set()

    def flush(self) -> int:
        """Write what waits; return how many lists. What the database does not take waits for the next time."""
        with self._lock:
            taken, self._waiting = self._waiting, []
        try:
            return write(taken)
        except DatabaseError:
            connection.close()
            with self._lock:
                self._waiting = [*taken, *self._waiting][-MOST_WAITING:]
            log.exception("What was shown could not be written; %s lists wait", len(taken))
            return 0

    def _run(self) -> None:
        while True:
            self._filled.wait()
            time.sleep(settings.SHOWN_BUFFER_SECONDS)
            self._filled.clear()
            self.flush()


BUFFER = Buffer()
atexit.register(lambda: BUFFER.flush())


def record(answer: LiveAnswer, placement: Placement | None) -> None:
    """Take down what a person was shown; nothing of people who do not allow personal recommendations."""
    if not answer.person.allowed or not answer.rows:
        return
    BUFFER.add(
        Impression(
            customer_id=answer.person.id,
            placement_id=placement.pk if placement else None,
            product_ids=[one.product_id for one in answer.rows],
            ranks=answer.drawn.ranks,
            propensities=[round(one, 6) for one in answer.drawn.propensities],
            version_ref=answer.version_id,
            shown_at=timezone.now(),
        )
    )


def write(impressions: Sequence[Impression]) -> int:
    """Write impressions in one statement; return how many lists were kept.

    Permission is asked for once more: who withdrew since leaves no trace.
    """
    if not impressions:
        return 0
    partitions.ensure({one.shown_at.date() for one in impressions}, TABLE)
    need = int(Purpose.RECOMMENDATION)
    rows = [{**asdict(one), "shown_at": one.shown_at.isoformat()} for one in impressions]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO recommendations_shown
                (customer_id, placement_id, product_ids, ranks, propensities, version_ref, shown_at)
            SELECT v.customer_id, p.id, v.product_ids, v.ranks, v.propensities, v.version_ref, v.shown_at
            FROM jsonb_to_recordset(%s::jsonb) AS v(customer_id bigint, placement_id bigint, product_ids bigint[],
                ranks smallint[], propensities double precision[], version_ref bigint, shown_at timestamptz)
            JOIN crm_customer c ON c.id = v.customer_id
            LEFT JOIN recommendations_placement p ON p.id = v.placement_id
            WHERE c.state = 'active' AND NOT c.canary AND c.permission & %s = %s
            """,
            [json.dumps(rows), need, need],
        )
        return int(cursor.rowcount)


def keep_house(today: date | None = None) -> int:
    """Make the partitions of the months to come and drop those older than MONTHS_KEPT; return how many were dropped."""
    now = partitions.month_of(today or timezone.now().date())
    ahead = [now]
    for _ in range(MONTHS_AHEAD):
        ahead.append(partitions.next_month(ahead[-1]))
    partitions.ensure(ahead, TABLE)
    oldest = date(now.year - (now.month <= MONTHS_KEPT), (now.month - MONTHS_KEPT - 1) % 12 + 1, 1)
    return partitions.drop_before(oldest, TABLE)
