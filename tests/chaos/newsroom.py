"""Writers of facts and readers of news, each a process of its own, killed at random points and replaced.

`python -m tests.chaos.newsroom KILLS [careless]`. A reader writes down what it was told in `chaos_heard`, in the
transaction that takes the news; a careless one does so afterwards, which the test must catch.
"""

import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import django

django.setup()

from django.db import connection, transaction  # noqa: E402

from crm.changes import read  # noqa: E402
from crm.changes.models import Stream  # noqa: E402
from crm.ingest.event import Event  # noqa: E402
from crm.ingest.intake import record  # noqa: E402

PEOPLE, BATCH = 60, 20


def write() -> None:
    """Take events of a few people in, for ever; a third of them are orders."""
    lot = random.Random(os.urandom(8))
    while True:
        record(
            [
                Event(
                    kind=lot.choice(["order", "page", "view"]),
                    message_id=uuid4().hex,
                    source="chaos",
                    occurred_at=datetime.now(UTC),
                    external_id=f"c-{lot.randrange(PEOPLE)}",
                    order_id=uuid4().hex,
                )
                for _ in range(BATCH)
            ]
        )


def hear() -> None:
    """Take what is new and write it down, for ever."""
    while True:
        for stream in Stream:
            with transaction.atomic():
                note(stream, taken(stream))


def hear_carelessly() -> None:
    """How not to do it: the news are gone before anything is done with them."""
    while True:
        for stream in Stream:
            with transaction.atomic():
                found = taken(stream)
            time.sleep(0.1)
            note(stream, found)


def taken(stream: Stream) -> list[int]:
    """Take some news; return ids of interactions, of customers for PEOPLE."""
    items = read.take(stream, 100)
    if stream == Stream.SIGNALS:
        return [one.data["interaction"] for item in items for one in item.signals]
    return [ref for item in items if item.topic == "events" for ref in item.refs]


def note(stream: Stream, refs: list[int]) -> None:
    """Write down what was heard."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO chaos_heard SELECT %s, unnest(%s::bigint[])", [stream, refs])


def child(work: Callable[[], None]) -> int:
    """Start a process that does the work until it is killed; return its id."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    return pid


def main(kills: int, *, careless: bool) -> None:
    """Kill and replace so many of two writers and two readers, then the last ones."""
    lot = random.Random()
    roles = [write, write, *[hear_carelessly if careless else hear] * 2]
    children = {child(work): work for work in roles}
    for _ in range(kills):
        time.sleep(lot.uniform(0.03, 0.3))
        pid = lot.choice(list(children))
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            raise SystemExit("A process ended before it was killed.")
        end(pid)
        work = children.pop(pid)
        children[child(work)] = work
    for pid in children:
        end(pid)


def end(pid: int) -> None:
    """Kill a process as a power cut would."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), careless="careless" in sys.argv)
