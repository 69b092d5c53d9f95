"""`manage.py mailbox_server`: the local mail server behind /mailbox/."""

import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib import mailbox


class Command(BaseCommand):
    """Takes mails on the loopback interface and delivers none."""

    help = "Take every mail sent to 127.0.0.1 and keep it for /mailbox/; nothing leaves this machine."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address to listen on."""
        parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
        parser.add_argument("--port", type=int, default=settings.MAILBOX_PORT)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        """Serve until ended."""

        def ready(number: int) -> None:
            taken = "" if number == port else f" (port {port} is taken)"
            self.stdout.write(f"The mailbox takes mail on {host}:{number}{taken}.")
            self.stdout.flush()

        try:
            asyncio.run(mailbox.serve(settings.VAR_DIR, mailbox.listen(host, port), ready))
        except mailbox.MailboxError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            return
