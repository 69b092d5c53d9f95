"""Processes that send, a mail server in a process of its own, and a hand that kills them."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from campaigns.sending.models import Delivery
from lib.mailbox import Mailbox, known_port, open_mailbox
from tests.chaos.workers import PROJECT, address

PATIENCE = 180.0


def environment(var_dir: Path) -> dict[str, str]:
    """Return what a process needs to work on the test's databases with the test's keys and its own mail server."""
    return {
        "DATABASE_URL": address("default"),
        "KEYSTORE_URL": address("keystore"),
        "REDIS_URL": settings.REDIS_URL,
        "PRIVACY_ROOT_FILE": str(settings.KEY_DIR / "privacy_root"),
        "SECRET_KEY_FILE": str(settings.KEY_DIR / "secret_key"),
        "VAR_DIR": str(var_dir),
        "EMAIL_URL": "",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


class Process:
    """A program that can be killed and started again."""

    def __init__(self, arguments: Sequence[str], var_dir: Path, extra: Mapping[str, str] | None = None) -> None:
        self.command = [sys.executable, *arguments]
        self.environment = {**os.environ, **environment(var_dir), **(extra or {})}
        self.log = var_dir / "processes.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0

    def start(self) -> None:
        """Start it."""
        self.started = time.monotonic()
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

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def mail_server(var_dir: Path) -> Iterator[Mailbox]:
    """Run the mail server beside the senders, and give what it received."""
    server = Process(["-m", "lib.mailbox", str(var_dir), "0"], var_dir)
    server.start()
    try:
        until = time.monotonic() + 30
        while not known_port(var_dir, 0):
            assert time.monotonic() < until, server.log.read_text()
            time.sleep(0.05)
        with open_mailbox(var_dir) as box:
            yield box
    finally:
        server.kill()


@dataclass(frozen=True)
class Tally:
    """What a campaign came to, seen from the mailbox and from the ledger."""

    kills: int
    received: int
    duplicates: int
    states: Counter[int]
    missing: int
    """Deliveries the ledger calls sent that never arrived."""
    unknown_received: int
    """Deliveries the ledger calls unknown that did arrive."""

    def __str__(self) -> str:
        states = ", ".join(f"{Delivery.State(state).label} {count}" for state, count in sorted(self.states.items()))
        return (
            f"{self.kills} kills: {self.received} received, {self.duplicates} duplicates, {self.missing} missing; "
            f"{states}; of the unknown {self.unknown_received} had arrived"
        )


def tally(box: Mailbox, kills: int) -> Tally:
    """Compare the mailbox with the ledger."""
    received = box.count_by_delivery()
    rows = {str(key): state for key, state in Delivery.objects.values_list("key", "state")}
    assert received.keys() <= rows.keys()
    return Tally(
        kills=kills,
        received=len(received),
        duplicates=sum(count - 1 for count in received.values()),
        states=Counter(rows.values()),
        missing=sum(1 for key, state in rows.items() if state == Delivery.State.SENT and key not in received),
        unknown_received=sum(1 for key, state in rows.items() if state == Delivery.State.UNKNOWN and key in received),
    )


def torment(senders: Sequence[Process], box: Mailbox, kills: int, every: int, over: Callable[[], bool]) -> int:
    """Let the senders work, kill one after about `every` mails, start it again, `kills` times; then let them finish.

    Returns how many were killed in the middle of the work.
    """
    chance = random.Random(7)
    done = 0
    for sender in senders:
        sender.start()
    try:
        until = time.monotonic() + PATIENCE
        target = box.count() + every
        while not over():
            assert time.monotonic() < until, senders[0].log.read_text()[-3000:]
            if done < kills and box.count() >= target:
                # The one that runs longest is sending; the others may still be starting.
                victim = min(senders, key=lambda sender: sender.started)
                victim.kill()
                victim.start()
                done += 1
                target = box.count() + chance.randint(every // 2, every)
            time.sleep(0.02)
    finally:
        for sender in senders:
            sender.kill()
    return done
