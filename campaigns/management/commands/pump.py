"""Send what is due, without Celery."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, connections

from campaigns.planning import closing, holding
from campaigns.sending import reap, shift


class Command(BaseCommand):
    """`manage.py pump [--loop]`."""

    help = "Send due deliveries: once, or over and over until ended. Any number may run side by side."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the size of a batch, how long a lease lasts, and whether to go on."""
        parser.add_argument("--loop", action="store_true", help="Go on until ended.")
        parser.add_argument("--limit", type=int, default=settings.SEND_BATCH, help="Deliveries claimed at once.")
        parser.add_argument("--lease", type=float, default=60, help="Seconds after which a dead worker's claim ends.")
        parser.add_argument("--pause", type=float, default=1, help="Seconds to wait when nothing is due.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Work one shift after another."""
        while True:
            try:
                claimed = self._work(options)
            except (OperationalError, InterfaceError) as error:
                if not options["loop"]:
                    raise
                # The database went away or broke a statement off. What was on the wire becomes unknown, all else is
                # in the ledger; the next round asks over new connections.
                self.stderr.write(f"The database does not answer ({type(error).__name__}); trying again.")
                connections.close_all()
                claimed = 0
            if not options["loop"]:
                return
            if not claimed:
                time.sleep(options["pause"])

    def _work(self, options: dict[str, Any]) -> int:
        holding.follow()
        done = shift.work(limit=options["limit"], lease_seconds=options["lease"], worker="pump")
        if done.claimed:
            self.stdout.write(f"claimed {done.claimed}, sent {done.sent}")
        closing.close_cancelled()
        holding.follow()
        reap.reap()
        closing.finish()
        return done.claimed
