"""Workers are killed in the middle of an import, a release, a painting, a search: taken up, and nothing is doubled."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.ingest.models import ImportRun
from crm.privacy import gate
from crm.privacy.models import Release
from crm.tasks import run_due_imports, run_due_releases
from lib.runs import Run, silence
from segmentation.clusters.models import Cluster, ClusterRun
from segmentation.models import Membership, Portrait, PortraitRun, Segment
from segmentation.tasks import run_due_clusters, run_due_portraits
from tests.chaos.workers import Worker, worker
from workspace.demo import load
from workspace.demo.files import Size

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(databases=["default", "keystore"], transaction=True)]
PATIENCE = 120.0
ROWS = 20_000
R = TypeVar("R", bound=Run)


@pytest.fixture
def killed(tmp_path: Path, settings: Any) -> Iterator[Worker]:
    """A worker that imports and learns, with the folders and the root key of this test."""
    settings.KEY_DIR = tmp_path / "keys"
    own = {"VAR_DIR": str(tmp_path), "PRIVACY_ROOT": base64.b64encode(settings.PRIVACY_ROOT).decode()}
    with worker(tmp_path / "worker.log", "default,learning", 1, **own) as running:
        yield running
    for name in settings.DATABASES:
        call_command("flush", database=name, interactive=False, verbosity=0)


def until(running: Worker, run: R, reached: Callable[[R], bool]) -> R:
    """Wait until the row says so, and return it."""
    end = time.monotonic() + PATIENCE
    while not reached(row := type(run)._default_manager.get(pk=run.pk)):
        assert row.state != "failed", row.error
        assert time.monotonic() < end, (row.state, row.doing, running.log.read_text()[-3000:])
        time.sleep(0.01)
    return row


@contextmanager
def stuck(table: str) -> Iterator[None]:
    """Let nobody read or write the table inside the block, so that the worker is caught in the middle of its work."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield


def caught(running: Worker, table: str, pk: int) -> None:
    """Wait until the run is under way and its worker waits for a table that somebody else holds."""
    end = time.monotonic() + PATIENCE
    while True:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT state FROM {table} WHERE id = %s", [pk])
            under_way = cursor.fetchone()[0] == "running"
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if under_way and cursor.fetchone()[0]:
                return
        assert time.monotonic() < end, running.log.read_text()[-3000:]
        time.sleep(0.05)


def taken_up(running: Worker, run: R, task: Any) -> R:
    """Let the time pass after which the dead worker is missed, and wait for what its successor makes of it."""
    row = type(run)._default_manager.get(pk=run.pk)
    assert row.state == "running", row.state
    type(run)._default_manager.filter(pk=run.pk).update(heartbeat_at=timezone.now() - 2 * silence())
    running.start()
    task.delay()
    row = until(running, run, lambda one: one.state == "done")
    assert (row.attempts, row.taken_up) == (2, True)
    return row


def test_an_import_goes_on_where_its_worker_was_and_brings_everybody_in_once(killed: Worker, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    bad = set(range(0, ROWS, 100))
    lines = [f"k{n},{'nowhere' if n in bad else f'k{n}@example.com'},DE" for n in range(ROWS)]
    path.write_text("external_id,email,country\n" + "\n".join(lines) + "\n")
    run = ImportRun.objects.create(
        subject="customers", path=str(path), rejects_path=str(tmp_path / "rejects.csv"), source="chaos"
    )
    run_due_imports.delay()
    before = until(killed, run, lambda row: row.rows_read > 0)
    killed.kill()
    assert before.rows_read < ROWS
    run = taken_up(killed, run, run_due_imports)
    assert (run.rows_read, run.rows_added, run.rows_known, run.rows_rejected) == (ROWS, ROWS - len(bad), 0, len(bad))
    assert Customer.objects.filter(external_id__startswith="k").count() == ROWS - len(bad)
    assert len((tmp_path / "rejects.csv").read_text().splitlines()) == 1 + len(bad)


def test_release_portraits_and_clusters_begin_again_and_leave_one_of_each(killed: Worker) -> None:
    load.load(Size(customers=300, products=120), lambda done, total, doing: None)

    release = Release.objects.create(purpose=int(Purpose.PROFILING), as_of=timezone.now())
    with stuck("crm_product"):
        run_due_releases.delay()
        caught(killed, "crm_release", release.pk)
        killed.kill()
    release = taken_up(killed, release, run_due_releases)
    folders = [folder.name for folder in Path(settings.RELEASE_DIR).iterdir() if str(release.pk) in folder.name]
    assert folders == [str(release.pk)]
    gate.verify(release)
    assert release.people_kept > 0

    painting = PortraitRun.objects.create(release_ref=release.pk, as_of=release.as_of)
    with stuck("segmentation_portrait"):
        run_due_portraits.delay()
        caught(killed, "segmentation_portraitrun", painting.pk)
        killed.kill()
    assert Portrait.objects.count() == 0
    painting = taken_up(killed, painting, run_due_portraits)
    assert painting.painted == Portrait.objects.count() == release.people_kept

    search = ClusterRun.objects.create(k_asked=3)
    with stuck("segmentation_membership"):
        run_due_clusters.delay()
        caught(killed, "segmentation_clusterrun", search.pk)
        killed.kill()
    assert not Cluster.objects.exists()
    search = taken_up(killed, search, run_due_clusters)
    assert Cluster.objects.filter(run=search).count() == search.k == 3
    segments = Segment.objects.filter(kind="cluster")
    assert segments.count() == 3
    assert Membership.objects.filter(segment__in=segments, until=None).count() == search.people
