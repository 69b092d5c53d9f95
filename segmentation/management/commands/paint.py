"""Paint every portrait now."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.consents.purposes import Purpose
from crm.privacy import gate
from segmentation.portraits.build import paint


class Command(BaseCommand):
    """Parse, call, say."""

    help = "Paint portraits from the newest profiling release, or from a new one with --release."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whether to build a release first."""
        parser.add_argument("--release", action="store_true", help="build a new release first")

    def handle(self, *args: Any, **options: Any) -> str:
        """Paint and return one line about it."""
        release = gate.build(purpose=Purpose.PROFILING) if options["release"] else gate.latest(Purpose.PROFILING)
        if release is None:
            raise CommandError("There is no profiling release. Run again with --release.")
        run = paint(release=release)
        return f"{run.painted} portraits painted, {run.removed} removed, as of {release.as_of:%Y-%m-%d %H:%M} UTC."
