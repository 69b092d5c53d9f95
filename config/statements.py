"""No statement without a time limit, neither of a page nor of a worker; commands, which migrate, have none."""

from typing import Any

from celery import bootsteps
from django.conf import settings
from django.db import connections


def limit(seconds: int) -> None:
    """Have PostgreSQL cancel every statement of this process and its children after so long; 0 sets no limit.

    Call it before the first connection is made.
    """
    for options in connections.settings.values():
        given = options["OPTIONS"].get("options", "")
        options["OPTIONS"] = options["OPTIONS"] | {"options": f"{given} -c statement_timeout={seconds * 1000}".strip()}


class Limited(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Limits the statements of a worker before its pool is made."""

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        limit(settings.WORKER_STATEMENT_SECONDS)
