"""`manage.py launch`: what `make run` runs."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.launch.foreground import DEMO_CUSTOMERS, run


class Command(BaseCommand):
    """Runs everything in the foreground."""

    help = "Run web, worker, beat and mailbox in the foreground; fill an empty database with the demo shop."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the size of the demo shop."""
        parser.add_argument(
            "--customers",
            type=int,
            default=DEMO_CUSTOMERS,
            help="customers of the demo shop an empty database gets; 0 leaves it empty",
        )

    def handle(self, *args: Any, customers: int, **options: Any) -> None:
        """Run, and exit with the code of the run."""
        code = run(customers)
        if code:
            sys.exit(code)
