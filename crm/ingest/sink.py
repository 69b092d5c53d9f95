"""Where the rows of an import go: counted, batched, with bad ones written back and progress told."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from itertools import islice
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from crm.catalog.upsert import upsert_products
from crm.changes.tell import Origin
from crm.ingest import intake, person
from crm.ingest.checking import AHEAD, EARLIEST
from crm.ingest.event import Event, EventOutcome
from crm.ingest.files import Rejects
from crm.ingest.models import ImportRun
from crm.ingest.person import IncomingPerson
from crm.interactions import partitions
from lib.progress import Progress, silent

EVENTS, PEOPLE = 20_000, 5_000
"""Rows of a batch: what somebody who stops an import waits for, at most two seconds."""
T = TypeVar("T")
Line = tuple[int, Sequence[Any], T | tuple[str, str]]
"""Line number, the original cells, and what they mean, or (column, reason) when they mean nothing."""


class Fingerprints:
    """Message ids for rows that have none: a hash of the content, and which of several equal rows it is.

    So two equal rows of one file both count, and the same file again adds nothing. Keeps 8 bytes of each row in memory,
    with Python's overhead about 100 MB a million rows.
    """

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def of(self, content: str) -> str:
        """Return the message id of the next row with this content."""
        digest = hashlib.blake2b(content.encode(), digest_size=16).digest()
        key = int.from_bytes(digest[:8])
        before = self._seen.get(key, 0)
        self._seen[key] = before + 1
        return f"{digest.hex()}-{before}" if before else digest.hex()


class ImportSink:
    """Takes what loaders make of rows. A batch, its counts and the place in the file are one transaction.

    So a run whose worker died is gone on with by skipping the rows it has read.
    """

    def __init__(self, run: ImportRun, rejects: Rejects, total: int, listener: Progress | None) -> None:
        self.run, self.rejects, self.total, self.listener = run, rejects, total, listener or silent
        self.skip = run.rows_read
        """Rows that an earlier worker brought in."""
        self.mapped: dict[str, str] = {}
        """Our column → the file's, for the rejects."""

    def events(self, lines: Iterable[Line[Event]], doing: str, *, create_products: bool = False) -> None:
        """Store interactions; raises Cancelled between batches when somebody asked to stop."""
        self._take(
            lines,
            EVENTS,
            lambda batch: intake.record(batch, create_products=create_products, origin=Origin.IMPORT),
            doing,
            _make_months,
        )

    def people(self, lines: Iterable[Line[IncomingPerson]], doing: str) -> None:
        """Store customers; raises Cancelled between batches when somebody asked to stop."""
        proof = {"import": self.run.pk}
        self._take(lines, PEOPLE, lambda batch: person.save(batch, self.run.source, proof, origin=Origin.IMPORT), doing)

    def products(self, lines: Iterable[Line[Mapping[str, Any]]], doing: str) -> None:
        """Store products; raises Cancelled between batches when somebody asked to stop."""
        self._take(lines, PEOPLE, _products, doing)

    def _take(
        self,
        lines: Iterable[Line[T]],
        size: int,
        store: Callable[[list[T]], EventOutcome],
        doing: str,
        before: Callable[[list[T]], None] = lambda rows: None,
    ) -> None:
        """Store the lines by batches of `size`; `before` sees the rows of each outside its transaction."""
        rest: Iterator[Line[T]] = iter(lines)
        self._skip(rest)
        self._tell(doing)
        while batch := list(islice(rest, size)):
            before([meant for _line, _cells, meant in batch if not isinstance(meant, tuple)])
            try:
                with transaction.atomic():
                    outcome = self._store(batch, store)
                    self._tell(doing, len(batch), outcome)
            except BaseException:
                # What is rejected of a batch that did not go in is read again.
                self.rejects.cut(self.run.rejects_bytes)
                raise
            self.listener(self.run.done, self.run.total, doing)

    def _skip(self, rest: Iterator[Line[T]]) -> None:
        while self.skip and (passed := sum(1 for _line in islice(rest, min(self.skip, EVENTS)))):
            self.skip -= passed
            self.run.report(self.run.rows_read, self.run.total, "Going on from where the lost worker was")

    def _store(self, batch: list[Line[T]], store: Callable[[list[T]], EventOutcome]) -> EventOutcome:
        good: list[T] = []
        places: list[int] = []
        for place, (line, cells, meant) in enumerate(batch):
            if isinstance(meant, tuple):
                self._reject(line, cells, *meant)
            else:
                good.append(meant)
                places.append(place)
        outcome = store(good) if good else EventOutcome()
        for rejection in outcome.rejected:
            line, cells, _ = batch[places[rejection.index]]
            self._reject(line, cells, rejection.field, rejection.reason)
        return outcome

    def _reject(self, line: int, cells: Sequence[Any], column: str, reason: str) -> None:
        self.rejects.add(line, list(map(str, cells)), self.mapped.get(column, column), reason)

    def _tell(self, doing: str, read: int = 0, outcome: EventOutcome | None = None) -> None:
        run = self.run
        outcome = outcome or EventOutcome()
        rows = run.rows_read + read
        run.report(
            rows,
            max(self.total, rows),
            doing,
            rows_read=rows,
            rows_added=run.rows_added + outcome.accepted,
            rows_known=run.rows_known + outcome.known,
            rows_rejected=self.rejects.count,
            rejects_bytes=self.rejects.flush(),
            reasons=self.rejects.reasons,
        )


def _make_months(events: list[Event]) -> None:
    """Make the partitions of a batch before its transaction: a new one locks the whole table until the commit."""
    latest = timezone.now() + AHEAD
    moments = (event.occurred_at for event in events if event.occurred_at.tzinfo is not None)
    partitions.ensure({at.astimezone(UTC).date().replace(day=1) for at in moments if EARLIEST <= at <= latest})


def _products(rows: list[Mapping[str, Any]]) -> EventOutcome:
    added, _ = upsert_products(rows)
    return EventOutcome(added, len(rows) - added)
