"""Show who reads news and how far behind each reader is; drop what nobody takes."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crm.changes import read


class Command(BaseCommand):
    """`manage.py news [--sweep]`."""

    help = "Show who reads news and how far behind each is; --sweep drops what nobody takes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whether to sweep."""
        parser.add_argument("--sweep", action="store_true", help="drop news of readers switched off and of last week")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep when asked, then write one line for each reader."""
        if options["sweep"]:
            self.stdout.write(f"{read.sweep():,} rows dropped")
        depths = read.depths()
        if not depths:
            self.stdout.write("Nobody reads news.")
        for depth in depths:
            oldest = f", the oldest for {depth.oldest.total_seconds():,.0f} s" if depth.waiting else ""
            lapsed = f"; lapsed {depth.lapsed_at:%Y-%m-%d %H:%M} UTC" if depth.lapsed_at else ""
            self.stdout.write(f"{depth.name} reads {depth.stream}: {depth.waiting:,} waiting{oldest}{lapsed}")
