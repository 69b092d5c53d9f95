"""A run is claimed once, reports while it works, hears of a cancellation, and tells nobody's address when it fails."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from crm.privacy.models import Release
from lib.runs import SILENT, Cancelled, Run
from recommendations.models import ModelVersion

pytestmark = pytest.mark.django_db


def fresh(run: Run) -> Run:
    return type(run)._default_manager.get(pk=run.pk)


@pytest.fixture
def run() -> Run:
    """Work that waits; what it is about does not matter here."""
    return ModelVersion.objects.create()


def test_work_waits_until_it_is_claimed(run: Run) -> None:
    assert (run.state, run.active, run.percent, run.started_at) == ("due", True, 0, None)
    assert run.claim()
    assert (run.state, run.active) == ("running", True)
    assert run.started_at is not None
    assert run.heartbeat_at == run.started_at


def test_only_one_of_two_can_claim(run: Run) -> None:
    other = fresh(run)
    assert run.claim()
    assert not other.claim()
    assert not run.claim()
    assert fresh(run).started_at == run.started_at


@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_at_once_one_claims() -> None:
    run = ModelVersion.objects.create()

    def attempt(_number: int) -> bool:
        try:
            return ModelVersion.objects.get(pk=run.pk).claim()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


def test_progress_is_written_where_others_read_it(run: Run) -> None:
    run.claim()
    run.report(3, 4, "reading")
    read = fresh(run)
    assert (read.done, read.total, read.doing, read.percent) == (3, 4, "reading", 75)
    assert read.heartbeat_at is not None and read.started_at is not None
    assert read.heartbeat_at >= read.started_at
    run.report(9, 4, "x" * 500)
    assert fresh(run).percent == 100
    assert len(fresh(run).doing) == 120


def test_work_that_was_cancelled_learns_it_at_its_next_report(run: Run) -> None:
    run.claim()
    run.report(1, 4)
    assert fresh(run).cancel()
    with pytest.raises(Cancelled):
        run.report(2, 4)
    read = fresh(run)
    assert (read.state, read.done, read.active) == ("cancelled", 1, False)
    assert read.finished_at is not None


def test_work_that_waits_can_be_cancelled_and_is_then_claimed_by_nobody(run: Run) -> None:
    assert run.cancel()
    assert not run.claim()
    assert fresh(run).state == "cancelled"


@pytest.mark.parametrize("end", ["finish", "fail"])
def test_what_is_over_cannot_be_cancelled(run: Run, end: str) -> None:
    run.claim()
    run.finish() if end == "finish" else run.fail("no")
    assert not run.cancel()
    assert fresh(run).state == ("done" if end == "finish" else "failed")
    with pytest.raises(Cancelled):
        run.report(1, 1)


def test_nothing_is_reported_into_work_that_nobody_claimed(run: Run) -> None:
    with pytest.raises(Cancelled):
        run.report(1, 2)
    assert fresh(run).done == 0


def test_a_failure_says_what_went_wrong_but_not_to_whom(run: Run) -> None:
    run.claim()
    run.fail(ValueError("no customer ada@example.com, +49 30 1234567"))
    assert fresh(run).error == "ValueError: no customer [email], [phone]"
    run.fail("The file of bo@example.com is empty.")
    assert fresh(run).error == "The file of [email] is empty."


def test_runs_of_different_kinds_do_not_touch_each_other(run: Run) -> None:
    release = Release.objects.create(purpose=8, as_of="2026-01-01T00:00:00Z")
    run.claim()
    assert fresh(release).state == "due"


def silence(run: Run, seconds: float) -> None:
    type(run)._default_manager.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=seconds))


def test_a_run_is_lost_once_its_worker_is_silent_for_long_and_found_again_by_a_beat(run: Run) -> None:
    long = SILENT.total_seconds()
    silence(run, 2 * long)
    assert not type(run).lost().exists()
    run.claim()
    silence(run, long - 5)
    assert not type(run).lost().exists()
    silence(run, long + 5)
    assert type(run).lost().get() == run
    run.beat()
    assert not type(run).lost().exists()
    assert not run.take_back()


def test_who_was_taken_for_dead_hears_that_the_work_is_no_longer_theirs(run: Run) -> None:
    run.claim()
    silence(run, 2 * SILENT.total_seconds())
    assert fresh(run).take_back()
    with pytest.raises(Cancelled):
        run.report(1, 2)
    other = fresh(run)
    assert (other.state, other.done) == ("due", 0)
    assert other.claim()
    other.report(1, 3)
    with pytest.raises(Cancelled):
        run.report(2, 2)
    silence(run, 2 * SILENT.total_seconds())
    run.beat()
    assert type(run).lost().exists()
    assert fresh(run).total == 3


def test_a_finished_run_is_never_lost(run: Run) -> None:
    run.claim()
    run.finish()
    silence(run, 2 * SILENT.total_seconds())
    run.beat()
    assert not type(run).lost().exists()
    assert not run.take_back()


@pytest.mark.django_db(transaction=True)
def test_a_beat_does_not_wait_for_the_lock_of_its_own_worker() -> None:
    run = ModelVersion.objects.create()
    run.claim()
    silence(run, 60)
    before = fresh(run).heartbeat_at

    def beat() -> None:
        try:
            fresh(run).beat()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            type(run)._default_manager.select_for_update().get(pk=run.pk)
            threads.submit(beat).result(timeout=20)
            assert fresh(run).heartbeat_at == before
        threads.submit(beat).result(timeout=20)
    assert fresh(run).heartbeat_at != before
