"""Build one release now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from crm.access import acts
from crm.access.verbs import Program, Verb
from crm.consents.purposes import Purpose
from crm.privacy import gate


class Command(BaseCommand):
    """Parse, call, say."""

    help = "Build a release for a purpose: profiling, recommendation or analytics."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the purpose."""
        parser.add_argument("purpose", choices=["profiling", "recommendation", "analytics"])

    def handle(self, *args: Any, **options: Any) -> str:
        """Build and return one line about it."""
        release = gate.build(purpose=Purpose[str(options["purpose"]).upper()])
        with transaction.atomic(durable=True):
            acts.record(by=Program.COMMAND, verb=Verb.BUILT, on=release, purpose=release.purpose)
        return f"Release {release.pk}: {release.people_kept} people, {release.interactions_kept} interactions."
