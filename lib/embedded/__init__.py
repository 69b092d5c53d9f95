"""PostgreSQL and Redis from wheels, started under `var/` and shared by every process that uses them.

    with embedded.running(var_dir) as services:
        ...

`urls()` says where they answer without starting anything. The last user to leave stops both servers, and so
does the end of every user by any other way: see `lib.embedded.keeper`.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from lib.embedded import postgres
from lib.embedded.identity import ourselves
from lib.embedded.locks import is_free, lock
from lib.embedded.places import (
    START_SECONDS,
    STOP_SECONDS,
    Places,
    Services,
    ServicesError,
    broker_url,
    places,
    postgres_binary,
    urls,
)

__all__ = [
    "Services",
    "ServicesError",
    "bound",
    "broker_url",
    "checkpoint",
    "is_running",
    "pin",
    "places",
    "postgres_binary",
    "running",
    "stop",
    "urls",
]

PROJECT = Path(__file__).resolve().parents[2]


def bound(*command: str, ends_with: signal.Signals = signal.SIGTERM) -> list[str]:
    """Return a command line that runs `command` and sends it the signal when the caller ends, even by kill -9."""
    return ourselves().command(*command, ends_with=ends_with)


@contextlib.contextmanager
def running(var_dir: Path | str) -> Iterator[Services]:
    """Have both servers running inside the block, starting what is not; many processes may do so at once.

    RELATA_TEST_FAST=1 in the environment of the process that starts them gives up safety against power loss.
    Raises ServicesError when a server cannot be started.
    """
    where = places(var_dir)
    where.make()
    keeper = None
    try:
        # Waits here while a keeper is stopping the servers, and starts them anew after it.
        with lock(where.users_lock, fcntl.LOCK_SH):
            keeper = _ensure(where)
            yield urls(where.var)
    finally:
        _leave(where)
        if keeper is not None and not where.pinned.exists() and is_free(where.keeper_lock):
            keeper.wait()


def _ensure(where: Places) -> "subprocess.Popen[bytes] | None":
    """Start a keeper unless there is one, and wait until both servers answer."""
    with lock(where.start_lock, fcntl.LOCK_EX):
        keeper = _spawn(where) if is_free(where.keeper_lock) else None
        until = time.monotonic() + START_SECONDS
        while not where.ready.exists():
            if keeper is not None and keeper.poll() is not None and is_free(where.keeper_lock):
                raise ServicesError(_failure(where))
            if keeper is None and is_free(where.keeper_lock):
                raise ServicesError(_failure(where))
            if time.monotonic() > until:
                raise ServicesError(f"The services did not answer within {START_SECONDS:.0f} s (see {where.log}).")
            time.sleep(0.02)
        return keeper


def _spawn(where: Places) -> "subprocess.Popen[bytes]":
    for stale in (where.failure, where.ready, where.pinned):
        stale.unlink(missing_ok=True)
    command = [sys.executable, "-m", "lib.embedded.keeper", str(where.var)]
    if os.environ.get("RELATA_TEST_FAST") == "1":
        command.append("--fast")
    with (where.log / "services.log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def _failure(where: Places) -> str:
    if where.failure.exists():
        return where.failure.read_text()
    return f"The services stopped while starting (see {where.log / 'services.log'})."


def _leave(where: Places) -> None:
    """Return when the servers are down, or when somebody else still uses them."""
    until = time.monotonic() + STOP_SECONDS + 2
    while not is_free(where.keeper_lock) and not where.pinned.exists() and time.monotonic() < until:
        if not is_free(where.users_lock):
            try:
                with lock(where.users_lock, fcntl.LOCK_SH | fcntl.LOCK_NB):
                    return
            except BlockingIOError:
                pass
        time.sleep(0.02)


def is_running(var_dir: Path | str) -> bool:
    """Whether the services of this `var` directory are up."""
    where = places(var_dir)
    return where.run.is_dir() and not is_free(where.keeper_lock)


def pin(var_dir: Path | str) -> None:
    """Start the services and let them outlive their users, until `stop`. Raises ServicesError."""
    with running(var_dir):
        places(var_dir).pinned.touch()


def checkpoint(var_dir: Path | str) -> None:
    """Write what PostgreSQL holds in memory to disk now, so that stopping it soon after takes less time.

    Raises psycopg.Error when it cannot.
    """
    with postgres.connect(places(var_dir), "postgres") as connection:
        connection.execute("CHECKPOINT")


def stop(var_dir: Path | str) -> bool:
    """Stop the services now, whoever uses them; returns False when they were not running.

    Raises ServicesError when they do not stop.
    """
    where = places(var_dir)
    if not is_running(var_dir):
        return False
    os.kill(int(where.keeper_lock.read_text()), signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS + 5
    while not is_free(where.keeper_lock):
        if time.monotonic() > until:
            raise ServicesError(f"The services do not stop (see {where.log / 'services.log'}).")
        time.sleep(0.02)
    return True
