"""Load a file, or one of the public data sets."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from crm.access import acts
from crm.access.verbs import Program, Verb
from crm.ingest.files import UnreadableFile
from crm.ingest.models import ImportRun
from crm.ingest.runs import SHIFT, run_import, shift_days


class Command(BaseCommand):
    """`manage.py import interactions FILE`, `manage.py import dataset NAME DIR`."""

    help = "Loads customers, products or interactions from a CSV file, or a public data set from its folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the four subjects."""
        kinds = parser.add_subparsers(dest="subject", required=True)
        for subject in ("interactions", "customers", "products"):
            one = kinds.add_parser(subject, help=f"a CSV file of {subject}, with a header")
            one.add_argument("file", type=Path)
            one.add_argument("--map", nargs="+", action="extend", default=[], metavar="OURS=THEIRS")
            one.add_argument("--source", default="import", help="where the rows come from, at most 40 characters")
            one.add_argument("--rejects", type=Path, help="where rows that cannot go in are written")
        dataset = kinds.add_parser("dataset", help="a public data set, with invented identities")
        dataset.add_argument("name")
        dataset.add_argument("file", type=Path, metavar="DIR")
        dataset.add_argument("--rejects", type=Path, help="where rows that cannot go in are written")
        dataset.add_argument(
            "--shift-to-now", action="store_true", help="move the times by whole days, so that the last is yesterday"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the import and say what came in."""
        path: Path = options["file"].resolve()
        if not path.exists():
            raise CommandError(f"There is no {path.name}.")
        started = time.monotonic()
        try:
            run = self._run(path, options)
        except UnreadableFile as error:
            raise CommandError(str(error)) from error
        succeeded = run_import(run=run, progress=self._progress)
        seconds = time.monotonic() - started
        run.refresh_from_db()
        if self.stderr.isatty():
            self.stderr.write("")
        self.stdout.write(
            f"{run.rows_read:,} rows read, {run.rows_added:,} added, {run.rows_known:,} known already, "
            f"{run.rows_rejected:,} rejected, in {seconds:.1f} seconds."
        )
        for reason, count in sorted(run.reasons.items(), key=lambda pair: -pair[1]):
            self.stdout.write(f"  rejected {count:,}: {reason}")
        if run.rows_rejected:
            self.stdout.write(f"The rejected rows are in {run.rejects_path}")
        if not succeeded:
            raise CommandError(run.error or run.doing)

    def _run(self, path: Path, options: dict[str, Any]) -> ImportRun:
        run = ImportRun(
            subject=options["subject"],
            filename=options.get("name") or path.name[:200],
            path=str(path),
            source=(options.get("name") or options.get("source") or "")[:40],
            rejects_path=str(options["rejects"].resolve()) if options["rejects"] else "",
        )
        if options["subject"] == ImportRun.Subject.DATASET:
            shift = shift_days(options["name"], path, to_now=options["shift_to_now"])
            run.mapping = {SHIFT: shift} if shift else {}
        else:
            run.mapping = {theirs: ours for ours, theirs in map(self._pair, options["map"])}
        with transaction.atomic(durable=True):
            run.save()
            acts.record(by=Program.COMMAND, verb=Verb.STARTED, on=run, subject=run.subject)
        return run

    def _pair(self, text: str) -> tuple[str, str]:
        ours, equals, theirs = text.partition("=")
        if not (ours and equals and theirs):
            raise CommandError(f"--map takes ours=theirs, not {text}")
        return ours, theirs

    def _progress(self, done: int, total: int, doing: str) -> None:
        share = f"{min(100, done * 100 // total):3d} %" if total else "     "
        if self.stderr.isatty():
            self.stderr.write(f"\r{share} {done:,} of {total:,} {doing}\x1b[K", ending="")
            self.stderr.flush()
