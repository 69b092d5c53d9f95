"""The worker's sign of life: a key in Redis that the worker process itself renews and that expires when it stops."""

from contextlib import closing
from typing import Any

import redis
from celery import bootsteps
from django.conf import settings

KEY = "relata:worker"
# Seconds between two beats, and until a worker that stopped beating counts as gone.
EVERY = 5
EXPIRES = 20


def connect() -> redis.Redis:
    """Return a client of our Redis that gives up after two seconds rather than wait."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)


def beat() -> None:
    """Say that a worker is alive. Raises redis.RedisError when Redis is not reachable."""
    with closing(connect()) as client:
        client.set(KEY, 1, ex=EXPIRES)


class Heartbeat(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Beats in the worker's own loop, so that a worker that hangs stops beating."""

    requires = {"celery.worker.components:Timer"}

    def __init__(self, worker: Any, **options: Any) -> None:
        super().__init__(worker, **options)
        self.entry: Any = None

    def start(self, worker: Any) -> None:
        """Beat now and from now on; the timer logs a failed beat and goes on."""
        beat()
        self.entry = worker.timer.call_repeatedly(EVERY, beat, priority=10)

    def stop(self, worker: Any) -> None:
        """Stop beating; the key expires by itself, because another worker may share it."""
        if self.entry is not None:
            self.entry.cancel()
