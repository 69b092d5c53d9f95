"""`manage.py embedded`: look after the embedded PostgreSQL and Redis."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from lib import embedded


class Command(BaseCommand):
    """Starts, stops and describes the embedded services."""

    help = "Look after the embedded services: start keeps them up until stop; psql opens a database."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take one verb."""
        parser.add_argument("verb", choices=["start", "stop", "status", "urls", "psql"])
        parser.add_argument("database", nargs="?", choices=["facts", "keystore"], default="facts")

    def handle(self, *args: Any, verb: str, database: str, **options: Any) -> None:
        """Do what the verb says. Raises CommandError when a service cannot start or stop."""
        var = settings.VAR_DIR
        try:
            if verb == "start":
                embedded.pin(var)
            elif verb == "stop":
                embedded.stop(var)
            elif verb == "psql":
                self._psql(database)
        except embedded.ServicesError as error:
            raise CommandError(str(error)) from error
        if verb == "urls":
            addresses = embedded.urls(var)
            self.stdout.write(f"DATABASE_URL={addresses.database_url}")
            self.stdout.write(f"KEYSTORE_URL={addresses.keystore_url}")
            self.stdout.write(f"REDIS_URL={addresses.redis_url}")
        else:
            self.stdout.write("running" if embedded.is_running(var) else "stopped")

    def _psql(self, database: str) -> None:
        addresses = embedded.urls(settings.VAR_DIR)
        url = addresses.keystore_url if database == "keystore" else addresses.database_url
        with embedded.running(settings.VAR_DIR):
            os.spawnv(os.P_WAIT, embedded.postgres_binary("psql"), ["psql", url])  # noqa: S606 - no shell is wanted
