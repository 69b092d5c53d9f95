"""Background work: who ticks is small, who starts campaigns never waits for who sends, nothing takes for ever."""

import inspect
import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import connections

from campaigns.sending import shift
from config import expired, statements
from config.celery import app
from config.launch.foreground import programs
from config.schedule import SCHEDULE
from tests.chaos.workers import address

PROJECT = Path(__file__).resolve().parents[2]
LOADED = """
import sys
from config.clock import app
app.loader.init_worker()
app.finalize()
assert app.conf.beat_schedule and app.conf.task_routes and app.conf.broker_url
print(*(name for name in ("numpy", "sklearn", "crm", "campaigns") if name in sys.modules))
"""


def consumed() -> dict[str, set[str]]:
    """Which program takes which queues."""
    found = {}
    for program in programs("127.0.0.1", 8000):
        if "--queues" in program.command:
            found[program.name] = set(program.command[program.command.index("--queues") + 1].split(","))
    return found


def queue_of(task: str) -> str:
    return str(app.amqp.router.route({}, task)["queue"].name)


def test_the_process_that_ticks_loads_nothing_of_the_house() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_periodic_task_exists_and_somebody_takes_its_queue() -> None:
    app.loader.import_default_modules()
    taken = set().union(*consumed().values())
    for entry in SCHEDULE.values():
        assert entry["task"] in app.tasks
        assert queue_of(entry["task"]) in taken


def test_who_starts_and_closes_campaigns_never_waits_for_who_sends() -> None:
    takers = consumed()
    sending = queue_of("campaigns.tasks.pump_deliveries")
    for task in ("campaigns.tasks.start_due_campaigns", "campaigns.tasks.reap_leases"):
        [taker] = [name for name, queues in takers.items() if queue_of(task) in queues]
        assert sending not in takers[taker]


def test_no_look_for_due_rows_expires_within_a_shift() -> None:
    longest = inspect.signature(shift.work).parameters["seconds"].default
    expiries = [entry["options"]["expires"] for entry in SCHEDULE.values() if "options" in entry]
    assert expiries
    assert min(expiries) > 2 * longest
    app.loader.import_default_modules()
    assert not [entry["task"] for entry in SCHEDULE.values() if app.tasks[entry["task"]].expires]


def test_a_task_that_expires_is_noticed_once_a_minute(caplog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expired, "_last", {})
    expired._since.clear()
    with caplog.at_level(logging.WARNING, "config.expired"):
        for _again in range(3):
            expired.note(SimpleNamespace(name="tests.late"), expired=True)
        expired.note(SimpleNamespace(name="tests.revoked"), expired=False)
    assert [record.getMessage() for record in caplog.records] == [
        "1 of tests.late expired before a worker was free; their rows wait for the next look."
    ]
    monkeypatch.setattr(expired, "_last", {"tests.late": -1e9})
    with caplog.at_level(logging.WARNING, "config.expired"):
        expired.note(SimpleNamespace(name="tests.late"), expired=True)
    assert caplog.records[-1].getMessage().startswith("3 of tests.late")


@pytest.mark.django_db(databases=["default", "keystore"])
def test_a_statement_that_takes_too_long_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    for alias in ("default", "keystore"):
        kept = dict(connections.settings[alias]["OPTIONS"])
        monkeypatch.setitem(connections.settings[alias], "OPTIONS", kept)
    statements.limit(1)
    for alias in ("default", "keystore"):
        options = connections.settings[alias]["OPTIONS"]["options"]
        with psycopg.connect(address(alias), options=options) as own, pytest.raises(psycopg.errors.QueryCanceled):
            own.execute("SELECT pg_sleep(5)")
