"""Erase one person."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from crm.customers.models import Customer
from crm.privacy import erasure


class Command(BaseCommand):
    """Parse, call, say."""

    help = "Erase one person for good: destroy the keys, blank what points back, delete what was worked out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the customer, and a word that it is meant."""
        parser.add_argument("uuid", type=UUID)
        parser.add_argument("--yes", action="store_true", help="It cannot be undone; say that you mean it.")

    def handle(self, *args: Any, **options: Any) -> str:
        """Erase and return one line about it."""
        if not options["yes"]:
            raise CommandError("Erasing cannot be undone. Add --yes if you mean it.")
        customer = Customer._base_manager.filter(uuid=options["uuid"]).first()
        if customer is None:
            raise CommandError("There is no such customer.")
        before = erasure.erase(customer=customer, actor="command")
        return ", ".join(f"{store}: {count}" for store, count in before.items())
