"""One import from beginning to end."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from crm.ingest import datasets, load_customers, load_interactions, load_products
from crm.ingest.files import FileRow, Rejects, UnreadableFile, columns, read, sniff
from crm.ingest.models import ImportRun
from crm.ingest.sink import ImportSink
from lib.progress import Progress
from lib.runs import Cancelled

Subject = ImportRun.Subject
FILES = {Subject.CUSTOMERS: load_customers, Subject.PRODUCTS: load_products, Subject.INTERACTIONS: load_interactions}
SHIFT = "shift_days"
KEPT_DAYS = 7
"""Rejected rows can be fetched for so long."""


def run_import(*, run: ImportRun, progress: Progress | None = None) -> bool:
    """Do an import that is due; False when somebody else took it first, or it did not succeed (the run says why).

    What went in before a cancellation or a failure stays in: every batch is complete in itself, and running the import
    again adds only what is missing. Raises what it did not expect, after noting it on the run.
    """
    if not run.claim():
        return False
    try:
        work(run, progress)
    except (Cancelled, UnreadableFile):
        return False
    return True


def work(run: ImportRun, progress: Progress | None = None) -> None:
    """Do an import that is claimed, from the row on that an earlier worker came to.

    Raises UnreadableFile for a file that cannot be read, Cancelled when somebody stopped it; the run says so.
    """
    try:
        with run.working(expected=(UnreadableFile,)):
            if not run.rejects_path:
                run.keep(rejects_path=str(Path(settings.IMPORT_DIR) / f"{run.pk}-rejects.csv"))
            path = Path(run.path)
            if not path.exists():
                raise UnreadableFile("The file is no longer there.")
            if run.subject == Subject.DATASET:
                _dataset(run, path, progress)
            else:
                _file(run, path, progress)
            run.finish(doing="")
    except Cancelled:
        said = f"Stopped; {run.rows_read:,} rows had been read, and what went in stays in."
        ImportRun.objects.filter(pk=run.pk, state=ImportRun.State.CANCELLED).update(doing=said)
        raise
    _drop_upload(run)


def _rejects(run: ImportRun, header: Sequence[str]) -> Rejects:
    return Rejects(Path(run.rejects_path), header, run.rejects_bytes, run.reasons)


def _drop_upload(run: ImportRun) -> None:
    """Delete a file that was uploaded: its rows are in, sealed where they name somebody. Files of a command stay."""
    path = Path(run.path)
    if run.created_by_id and path.is_relative_to(settings.IMPORT_DIR):
        path.unlink(missing_ok=True)


def expire_files(*, days: int = KEPT_DAYS) -> int:
    """Delete uploads and rejected rows older than so many days, for they name people in the clear; return how many."""
    folder, latest = Path(settings.IMPORT_DIR), timezone.now().timestamp() - days * 86_400
    old = [path for path in folder.glob("*") if path.is_file() and path.stat().st_mtime < latest]
    for path in old:
        path.unlink(missing_ok=True)
    ImportRun.objects.filter(rejects_path__in=[str(path) for path in old]).update(rejects_path="")
    return len(old)


def _file(run: ImportRun, path: Path, progress: Progress | None) -> None:
    loader = FILES[Subject(run.subject)]
    dialect = sniff(path, max_bytes=settings.MAX_IMPORT_BYTES)
    rows = read(path, dialect)
    header = _header(rows)
    places = columns(header, run.mapping, loader.COLUMNS)
    for group in loader.ONE_OF:
        if not places.keys() & set(group):
            raise UnreadableFile(f"The file has no column {' or '.join(group)}; its columns are: {', '.join(header)}")
    with _rejects(run, header) as rejects:
        sink = ImportSink(run, rejects, _count(path), progress)
        sink.mapped = {name: header[place] for name, place in places.items()}
        doing = f"Reading {dialect.encoding}, cells separated by {dialect.delimiter!r}"
        if run.subject == Subject.CUSTOMERS:
            sink.people(load_customers.lines(rows, places, run.source), doing)
        elif run.subject == Subject.PRODUCTS:
            sink.products(load_products.lines(rows, places, run.source), doing)
        else:
            sink.events(load_interactions.lines(rows, places, run.source), doing)


def _header(rows: Iterator[FileRow]) -> Sequence[str]:
    first = next(rows, None)
    if first is None or first.problem:
        raise UnreadableFile("The file has no header.")
    return first.cells


def _count(path: Path) -> int:
    # Lines, as a guess at the number of rows for the progress bar: quoted line breaks make it too high.
    with path.open("rb") as stream:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b"")) - 1


def _dataset(run: ImportRun, path: Path, progress: Progress | None) -> None:
    dataset = datasets.NAMES.get(run.filename)
    if dataset is None:
        raise UnreadableFile(f"There is no data set {run.filename}; there are {', '.join(datasets.NAMES)}.")
    with _rejects(run, dataset.HEADER) as rejects:
        sink = ImportSink(run, rejects, dataset.size(path), progress)
        dataset.load(path, sink, timedelta(days=int(run.mapping.get(SHIFT, 0))))


def shift_days(name: str, path: Path, *, to_now: bool) -> int:
    """Return by how many whole days the times of a data set move: 0, or so that its last event was yesterday.

    A data set that came in before keeps its shift, on any later day, so that it does not come in twice.
    Raises UnreadableFile for an unknown data set, or for one that came in with its own times and is now to be moved.
    """
    if name not in datasets.NAMES:
        raise UnreadableFile(f"There is no data set {name}; there are {', '.join(datasets.NAMES)}.")
    before = ImportRun.objects.filter(subject=Subject.DATASET, filename=name, rows_added__gt=0).first()
    if before is not None:
        kept = int(before.mapping.get(SHIFT, 0))
        if bool(kept) != to_now:
            raise UnreadableFile(f"This data set came in before, moved by {kept} days; it would come in twice.")
        return kept
    if not to_now:
        return 0
    yesterday = timezone.now().astimezone(UTC).date() - timedelta(days=1)
    last: date = datasets.NAMES[name].last_day(path)
    return (yesterday - last).days
