"""Is everything alive? One page that needs no login, for people, load balancers and `make run`."""

from contextlib import closing

import redis
from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from config.heartbeat import KEY, connect


def missing() -> list[str]:
    """Return what does not answer, out of `facts`, `keystore`, `redis` and `worker`."""
    absent = [name for alias, name in (("default", "facts"), ("keystore", "keystore")) if not _database_answers(alias)]
    try:
        with closing(connect()) as client:
            if not client.exists(KEY):
                absent.append("worker")
    except redis.RedisError:
        # Without Redis nobody can say anything about the worker, and it cannot work.
        absent += ["redis", "worker"]
    return absent


def _database_answers(alias: str) -> bool:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connections[alias].close()
        return False
    return True


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the web, both databases, Redis and a worker are alive, else 503 with what is missing."""
    absent = missing()
    status = {"status": "unavailable" if absent else "ok", "missing": absent}
    return JsonResponse(status, status=503 if absent else 200)
