"""Write the record of processing."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crm.privacy import inventory


class Command(BaseCommand):
    """Parse, call, say."""

    help = "Print what every field of every model holds about a person, as CSV or JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the format."""
        parser.add_argument("--format", choices=["csv", "json"], default="csv")

    def handle(self, *args: Any, **options: Any) -> str:
        """Return the record."""
        return inventory.as_json() if options["format"] == "json" else inventory.as_csv()
