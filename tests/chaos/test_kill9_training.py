"""A trainer is killed in the middle of its work; another goes on from what was finished, and what served serves on."""

import base64
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from crm.privacy.models import Release
from lib.runs import silence
from recommendations.models import ModelVersion, Recommendation
from recommendations.tasks import run_due_trainings
from tests.chaos.workers import Worker, worker
from workspace.demo import load
from workspace.demo.files import Size

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(databases=["default", "keystore"], transaction=True)]
PATIENCE = 240.0


@pytest.fixture
def trainer(tmp_path: Path) -> Iterator[Worker]:
    """A shop with orders, and a worker that may learn from it."""
    load.load(Size(customers=300, products=120), lambda done, total, doing: None)
    own = {"VAR_DIR": str(tmp_path / "var"), "PRIVACY_ROOT": base64.b64encode(settings.PRIVACY_ROOT).decode()}
    with worker(tmp_path / "worker.log", "learning", 1, **own) as running:
        yield running
    for name in settings.DATABASES:
        call_command("flush", database=name, interactive=False, verbosity=0)


def asked(running: Worker) -> ModelVersion:
    """Ask for a version as the page does."""
    version = ModelVersion.objects.create()
    run_due_trainings.delay()
    return until(running, version, lambda row: row.state == "running")


def until(running: Worker, version: ModelVersion, reached: Callable[[ModelVersion], bool]) -> ModelVersion:
    """Wait until the row says so, and return it."""
    end = time.monotonic() + PATIENCE
    while not reached(row := ModelVersion.objects.get(pk=version.pk)):
        assert row.active, f"{row.state}: {row.error}"
        assert time.monotonic() < end, running.log.read_text()[-3000:]
        time.sleep(0.01)
    return row


def killed_and_followed(running: Worker, version: ModelVersion) -> ModelVersion:
    """Kill the worker, let the time pass after which it is missed, and wait for what its successor makes of it."""
    running.kill()
    row = ModelVersion.objects.get(pk=version.pk)
    assert row.state == "running" and row.heartbeat_at is not None
    ModelVersion.objects.filter(pk=version.pk).update(heartbeat_at=row.heartbeat_at - 2 * silence())
    running.start()
    run_due_trainings.delay()
    return until(running, version, lambda one: one.state == "done")


def test_a_killed_training_goes_on_from_the_release_and_from_the_signed_model(trainer: Worker) -> None:
    first = asked(trainer)
    until(trainer, first, lambda row: row.doing.startswith("fitting"))
    first = killed_and_followed(trainer, first)
    assert (first.verdict, first.attempts) == ("live", 2), first.reason
    assert Release.objects.count() == 1
    served = Recommendation.objects.count()
    assert served > 0

    second = asked(trainer)
    signed = until(trainer, second, lambda row: bool(row.path)).manifest_sha256
    second = killed_and_followed(trainer, second)
    assert (second.verdict, second.attempts, second.manifest_sha256) == ("live", 2, signed), second.reason
    assert Release.objects.count() == 2
    assert Recommendation.objects.filter(version=second).count() == served
    first.refresh_from_db()
    assert first.verdict == "retired"
