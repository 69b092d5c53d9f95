"""Write the members of a segment to a file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.access.verbs import Program
from segmentation.segments import edit
from segmentation.segments.members import COLUMNS, export
from segmentation.segments.models import Segment
from segmentation.segments.writing import csv_lines, ndjson_lines


class Command(BaseCommand):
    """Parse, call, say."""

    help = "Write the members of a segment (pseudonyms and coarse attributes) as CSV or NDJSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the segment and the file, whose ending chooses the format."""
        parser.add_argument("segment", type=int, help="id of the segment")
        parser.add_argument("file", type=Path, help="a name ending in .csv or .ndjson")

    def handle(self, *args: Any, **options: Any) -> str:
        """Write the file and return one line about it."""
        segment, file = Segment.objects.filter(pk=options["segment"]).first(), Path(options["file"])
        if segment is None:
            raise CommandError(f"There is no segment {options['segment']}.")
        if file.suffix not in {".csv", ".ndjson"}:
            raise CommandError("The file's name must end in .csv or .ndjson.")
        edit.note_export(segment=segment, form=file.suffix[1:], with_contact=False, by=Program.COMMAND)
        rows = export(segment)
        lines = csv_lines(COLUMNS, rows) if file.suffix == ".csv" else ndjson_lines(rows)
        with file.open("w", encoding="utf-8", newline="") as stream:
            written = sum(1 for line in lines if stream.write(line))
        return f"{written - (file.suffix == '.csv')} members written to {file.name}."
