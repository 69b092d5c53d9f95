"""Wrap every person's keys anew."""

from typing import Any

from django.core.management.base import BaseCommand

from crm.privacy import keystore


class Command(BaseCommand):
    """Parse, call, say."""

    help = "Re-wrap every person's keys under a new key-encryption key. May be stopped and started again."

    def handle(self, *args: Any, **options: Any) -> str:
        """Rotate and return one line about it."""
        epoch = keystore.epoch_to_finish()
        moved = sum(keystore.rewrap(epoch))
        return f"{moved} keys are wrapped under epoch {epoch}."
