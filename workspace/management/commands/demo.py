"""Fill an empty database with a demo shop."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib.bars import bar
from workspace.demo import load
from workspace.demo.files import SCALE, Size


class Command(BaseCommand):
    """`manage.py demo --customers N` or `--scale`."""

    help = "Invent a shop with planted habits and import it. Refuses where there are customers already."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the size."""
        parser.add_argument("--customers", type=int, default=Size.customers, help="how many customers (default 2000)")
        parser.add_argument("--products", type=int, default=Size.products, help="how many products (default 240)")
        parser.add_argument(
            "--scale", action="store_true", help="1,000,000 customers, 50,000 products, about 20,000,000 interactions"
        )

    def handle(self, *args: Any, **options: Any) -> str:
        """Load, and return what came in.

        Raises CommandError where there are customers already.
        """
        size = SCALE if options["scale"] else Size(options["customers"], options["products"])
        started = time.monotonic()
        try:
            done = load.load(size, bar(self.stderr, "demo shop"))
        except load.Refused as error:
            raise CommandError("There are customers already; the demo shop is for an empty database.") from error
        lines = [f"{one.subject}: {one.added:,} added, {one.rejected:,} rejected" for one in done]
        return "\n".join([*lines, f"in {time.monotonic() - started:.1f} s"])
