"""Walk round the circle once, with a progress bar for each stage."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import circle
from lib.runs import Progress

WIDTH = 30


class Command(BaseCommand):
    """`manage.py circle`."""

    help = "Release, portray, cluster, segment and recommend, once."

    def handle(self, *args: Any, **options: Any) -> str:
        """Walk, and return a summary.

        Raises CommandError when another walk is under way.
        """
        done = circle.walk(self.announce)
        if done.busy:
            raise CommandError("Another walk round the circle is under way.")
        lines = []
        for stage in done.stages:
            lines.append(f"{stage.name:<28} {stage.seconds:>7.1f} s")
            lines += [f"    {name}: {count}" for name, count in stage.counts.items() if count not in ("", None)]
        return "\n".join(lines)

    def announce(self, stage: str) -> Progress:
        """Return a function that draws the stage's bar, or nothing where nobody watches."""
        watched = sys.stderr.isatty()
        self.stderr.write(f"{stage} …")

        def draw(done: int, total: int, doing: str) -> None:
            if watched and total:
                filled = WIDTH * min(done, total) // total
                bar = "█" * filled + "░" * (WIDTH - filled)
                self.stderr.write(f"\r{stage:<28} {bar} {done:,} of {total:,} {doing[:30]:<30}", ending="")

        return draw
