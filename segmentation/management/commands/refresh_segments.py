"""Bring every segment up to date now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from segmentation.segments.refresh import refresh_all
from segmentation.standing import keep


class Command(BaseCommand):
    """Call, say."""

    help = "Bring the memberships of every segment up to date."

    def handle(self, *args: Any, **options: Any) -> str:
        """Count orders and mails, refresh, and return one line about it."""
        keep.recount_all()
        outcome = refresh_all()
        if outcome.broken:
            raise CommandError("; ".join(f"segment {pk}: {why}" for pk, why in outcome.broken.items()))
        return f"{outcome.segments} segments: {outcome.came} came, {outcome.left} left."
