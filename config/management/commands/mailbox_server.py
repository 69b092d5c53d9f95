"""`manage.py mailbox_server`: the local mail server behind /mailbox/."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from lib.mailbox.__main__ import main


class Command(BaseCommand):
    """Takes mails on the loopback interface and delivers none."""

    help = "Take every mail sent to 127.0.0.1 and keep it for /mailbox/; nothing leaves this machine."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the port to listen on."""
        parser.add_argument("--port", type=int, default=settings.MAILBOX_PORT)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        """Serve until ended."""
        sys.exit(main([str(settings.VAR_DIR), str(port)]))
