"""A real Celery worker in a process of its own, on the databases of the running test, to be killed at will."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connections

from config import heartbeat

PROJECT = Path(__file__).resolve().parents[2]
READY_SECONDS = 180.0


def address(alias: str) -> str:
    """Return the URL of the database a test uses now; its name is not the one of the settings."""
    known = connections[alias].settings_dict
    who = quote(known["USER"], safe="")
    if known["PASSWORD"]:
        who += ":" + quote(known["PASSWORD"], safe="")
    query = urlencode({"host": known["HOST"]} | ({"port": known["PORT"]} if known["PORT"] else {}), safe="/")
    return f"postgresql://{who}@/{quote(known['NAME'], safe='')}?{query}"


class Worker:
    """One worker with its pool; the test must have committed what the worker shall see (transactional databases)."""

    def __init__(self, log: Path, queues: str, concurrency: int, extra: dict[str, str]) -> None:
        self.log = log
        self.environment = {
            **os.environ,
            "DATABASE_URL": address("default"),
            "KEYSTORE_URL": address("keystore"),
            "REDIS_URL": settings.REDIS_URL,
            "VAR_DIR": str(settings.VAR_DIR),
            **extra,
        }
        self.command = [sys.executable, "-m", "celery", "-A", "config", "--quiet", "worker", "--queues", queues]
        self.command += ["--concurrency", str(concurrency), "--without-mingle", "--without-gossip"]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the worker and return when it beats."""
        with closing(heartbeat.connect()) as client:
            client.delete(heartbeat.KEY)
            with self.log.open("ab") as output:
                self.process = subprocess.Popen(
                    self.command,
                    cwd=PROJECT,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            until = time.monotonic() + READY_SECONDS
            while not client.exists(heartbeat.KEY):
                assert self.process.poll() is None, f"The worker ended:\n{self.log.read_text()[-2000:]}"
                assert time.monotonic() < until, "The worker did not come up."
                time.sleep(0.05)

    def kill(self) -> None:
        """End the worker and its pool as a power cut would: nothing of it runs another line."""
        if self.process is None:
            return
        # When it had ended already, there is nothing left of its group to end.
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None


@contextmanager
def worker(
    log: Path, queues: str = "default,control,sending,learning", concurrency: int = 2, **extra: str
) -> Iterator[Worker]:
    """Run a worker inside the block; `extra` are variables of its environment, such as MAILBOX_PORT."""
    # A wake-up that a test before left in the queue would be taken up here, in the middle of this test.
    with closing(heartbeat.connect()) as client:
        client.flushdb()
    running = Worker(log, queues, concurrency, extra)
    try:
        # Inside, so that one that does not come up in time is not left to work on the next test.
        running.start()
        yield running
    finally:
        running.kill()
