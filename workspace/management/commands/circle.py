"""Walk round the circle once, with a progress bar for each stage."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib.bars import NAMED, bar
from lib.progress import Progress
from workspace.circle import walk as circle


class Command(BaseCommand):
    """`manage.py circle`."""

    help = "Release, portray, cluster, segment and recommend, once; with --send also a campaign over the clusters."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what to do besides."""
        parser.add_argument(
            "--send", action="store_true", help="send a demo campaign over the clusters afterwards, whose readers react"
        )

    def handle(self, *args: Any, **options: Any) -> str:
        """Walk, and return a summary.

        Raises CommandError when another walk is under way.
        """
        done = circle.walk(self.announce)
        if done.busy:
            raise CommandError("Another walk round the circle is under way.")
        if options["send"]:
            done.stages += circle.send(self.announce)
        lines = []
        for stage in done.stages:
            lines.append(f"{stage.name:<{NAMED}} {stage.seconds:>7.1f} s")
            lines += [f"    {name}: {count}" for name, count in stage.counts.items() if count not in ("", None)]
        return "\n".join(lines)

    def announce(self, stage: str) -> Progress:
        """Say that a stage begins, and return where its progress goes."""
        self.stderr.write(f"{stage} …")
        return bar(self.stderr, stage)
