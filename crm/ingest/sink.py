"""Where the rows of an import go: counted, batched, with bad ones written back and progress told."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from crm.catalog.upsert import upsert_products
from crm.changes.tell import Origin
from crm.ingest import intake, person
from crm.ingest.event import Event, Outcome
from crm.ingest.files import Rejects
from crm.ingest.models import ImportRun
from crm.ingest.person import Person
from lib.runs import Progress

EVENTS, PEOPLE = 50_000, 5_000
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


class Sink:
    """Takes what loaders make of rows. Every batch is a transaction; the run's counts follow it."""

    def __init__(self, run: ImportRun, rejects: Rejects, total: int, progress: Progress | None) -> None:
        self.run, self.rejects, self.total, self.progress = run, rejects, total, progress
        self.mapped: dict[str, str] = {}
        """Our column → the file's, for the rejects."""

    def events(self, lines: Iterable[Line[Event]], doing: str, *, create_products: bool = False) -> None:
        """Store interactions; raises Cancelled between batches when somebody asked to stop."""
        self._take(
            lines,
            EVENTS,
            lambda batch: intake.record(batch, create_products=create_products, origin=Origin.IMPORT),
            doing,
        )

    def people(self, lines: Iterable[Line[Person]], doing: str) -> None:
        """Store customers; raises Cancelled between batches when somebody asked to stop."""
        proof = {"import": self.run.pk}
        self._take(lines, PEOPLE, lambda batch: person.save(batch, self.run.source, proof, origin=Origin.IMPORT), doing)

    def products(self, lines: Iterable[Line[Mapping[str, Any]]], doing: str) -> None:
        """Store products; raises Cancelled between batches when somebody asked to stop."""
        self._take(lines, PEOPLE, _products, doing)

    def _take(self, lines: Iterable[Line[T]], size: int, store: Callable[[list[T]], Outcome], doing: str) -> None:
        rest: Iterator[Line[T]] = iter(lines)
        self._tell(doing)
        while batch := list(islice(rest, size)):
            good: list[T] = []
            places: list[int] = []
            for place, (line, cells, meant) in enumerate(batch):
                if isinstance(meant, tuple):
                    self._reject(line, cells, *meant)
                else:
                    good.append(meant)
                    places.append(place)
            outcome = store(good) if good else Outcome()
            for rejection in outcome.rejected:
                line, cells, _ = batch[places[rejection.index]]
                self._reject(line, cells, rejection.field, rejection.reason)
            self.run.rows_read += len(batch)
            self.run.rows_added += outcome.accepted
            self.run.rows_known += outcome.known
            self._tell(doing)

    def _reject(self, line: int, cells: Sequence[Any], column: str, reason: str) -> None:
        self.rejects.add(line, list(map(str, cells)), self.mapped.get(column, column), reason)

    def _tell(self, doing: str) -> None:
        run = self.run
        run.rows_rejected, run.reasons = self.rejects.count, self.rejects.reasons
        run.save(update_fields=["rows_read", "rows_added", "rows_known", "rows_rejected", "reasons"])
        total = max(self.total, run.rows_read)
        run.report(run.rows_read, total, doing)
        if self.progress:
            self.progress(run.rows_read, total, doing)


def _products(rows: list[Mapping[str, Any]]) -> Outcome:
    added, _ = upsert_products(rows)
    return Outcome(added, len(rows) - added)
