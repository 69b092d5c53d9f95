"""A run is claimed once, reports while it works, hears of a cancellation, and tells nobody's address when it fails."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from crm.ingest.models import ImportRun
from crm.privacy.models import Release
from lib.runs import Cancelled, Run, run_due, silence
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
    other = ModelVersion.begin()
    other.fail("The file of bo@example.com is empty.")
    assert fresh(other).error == "The file of [email] is empty."


def test_runs_of_different_kinds_do_not_touch_each_other(run: Run) -> None:
    release = Release.objects.create(purpose=8, as_of="2026-01-01T00:00:00Z")
    run.claim()
    assert fresh(release).state == "due"


def silenced(run: Run, seconds: float) -> None:
    type(run)._default_manager.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=seconds))


def test_a_run_is_lost_once_its_worker_is_silent_for_long_and_found_again_by_a_beat(run: Run) -> None:
    long = silence().total_seconds()
    silenced(run, 2 * long)
    assert not type(run).lost().exists()
    run.claim()
    silenced(run, long - 5)
    assert not type(run).lost().exists()
    silenced(run, long + 5)
    assert type(run).lost().get() == run
    run.beat()
    assert not type(run).lost().exists()
    assert not run.take_back()


def test_who_was_taken_for_dead_hears_that_the_work_is_no_longer_theirs(run: Run) -> None:
    run.claim()
    silenced(run, 2 * silence().total_seconds())
    assert fresh(run).take_back()
    with pytest.raises(Cancelled):
        run.report(1, 2)
    other = fresh(run)
    assert (other.state, other.attempts) == ("due", 1)
    assert other.claim()
    other.report(1, 3)
    with pytest.raises(Cancelled):
        run.report(2, 2)
    silenced(run, 2 * silence().total_seconds())
    run.beat()
    assert type(run).lost().exists()
    assert fresh(run).total == 3


def test_a_finished_run_is_never_lost(run: Run) -> None:
    run.claim()
    run.finish()
    silenced(run, 2 * silence().total_seconds())
    run.beat()
    assert not type(run).lost().exists()
    assert not run.take_back()


@pytest.mark.django_db(transaction=True)
def test_a_beat_does_not_wait_for_the_lock_of_its_own_worker() -> None:
    run = ModelVersion.objects.create()
    run.claim()
    silenced(run, 60)
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


def test_what_a_lost_worker_writes_last_changes_nothing(run: Run) -> None:
    run.claim()
    silenced(run, 2 * silence().total_seconds())
    assert fresh(run).take_back()
    assert fresh(run).claim()
    for write in (lambda: run.keep(done=9), run.finish, lambda: run.finish(done=9)):
        with pytest.raises(Cancelled):
            write()
    run.fail("too late")
    read = fresh(run)
    assert (read.state, read.done, read.error, read.attempts, read.taken_up) == ("running", 0, "", 2, True)


def test_a_batch_of_a_run_that_was_cancelled_meanwhile_is_undone_with_its_report(run: Run) -> None:
    run.claim()
    other = ModelVersion.objects.create()
    fresh(run).cancel()
    with pytest.raises(Cancelled), transaction.atomic():
        ModelVersion.objects.filter(pk=other.pk).update(reason="a batch")
        run.report(1, 2)
    assert fresh(other).reason == ""  # type: ignore[attr-defined]


def test_the_row_says_how_the_work_ended_whatever_ended_it() -> None:
    ends: dict[str, BaseException | None] = {
        "done": None, "cancelled": Cancelled(), "failed": ValueError("no"), "due": SystemExit(0),
    }  # fmt: skip
    for state, ending in ends.items():
        run = ModelVersion.begin()
        try:
            with run.working() as tell:
                tell(1, 2, "half")
                if ending:
                    raise ending
        except BaseException as raised:
            assert raised is ending
        read = fresh(run)
        assert (read.state, read.done) == (state, 1)
        assert bool(read.finished_at) == (state != "due")


def test_a_worker_that_was_told_to_go_does_not_count_as_one_that_died(run: Run) -> None:
    run.claim()
    with pytest.raises(SystemExit), run.working():
        raise SystemExit
    assert (fresh(run).state, fresh(run).attempts) == ("due", 0)


def test_a_failure_one_expects_is_told_in_its_own_words(run: Run) -> None:
    run.claim()
    with pytest.raises(LookupError), run.working(expected=(LookupError,)):
        raise LookupError("There are too few people.")
    assert fresh(run).error == "There are too few people."


def test_the_loop_does_all_that_waits_though_one_fails_and_one_is_cancelled() -> None:
    made = [ModelVersion.objects.create() for _ in range(4)]
    seen = []

    def work(run: ModelVersion) -> None:
        seen.append(run.pk)
        with run.working():
            if run.pk == made[1].pk:
                raise ValueError("no")
            if run.pk == made[2].pk:
                raise Cancelled

    assert run_due(ModelVersion, work) == 2
    assert seen == [run.pk for run in made]
    assert [fresh(run).state for run in made] == ["done", "failed", "cancelled", "done"]


def test_the_loop_takes_up_a_lost_run_and_gives_up_one_that_its_workers_die_of() -> None:
    release = Release.objects.create(purpose=8, as_of="2026-01-01T00:00:00Z")

    def die(run: Release) -> None:
        silenced(run, 2 * silence().total_seconds())

    for attempts in range(1, Release.ATTEMPTS + 1):
        assert run_due(Release, die) == 1
        release.refresh_from_db()
        assert (release.state, release.attempts) == ("running", attempts)
    assert run_due(Release, die) == 0
    release.refresh_from_db()
    assert release.state == "failed"
    assert "3 times" in release.error


@pytest.mark.django_db(transaction=True)
def test_of_a_kind_that_runs_alone_two_workers_take_one() -> None:
    for _ in range(4):
        ImportRun.objects.create(subject="products")

    def attempt(_number: int) -> bool:
        try:
            return ImportRun.claim_next() is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1
    ImportRun.objects.filter(state="running").update(state="done")
    assert ImportRun.claim_next() is not None
    assert ImportRun.claim_next() is None


def test_the_time_left_is_that_of_the_present_step_at_its_own_speed(run: Run) -> None:
    run.claim()
    assert run.time_left is None
    run.report(0, 100, "reading")
    began = timezone.now() - timedelta(seconds=10)
    type(run)._default_manager.filter(pk=run.pk).update(step_at=began)
    run.refresh_from_db()
    run.report(25, 100, "reading")
    left = fresh(run).time_left
    assert left is not None and 29 < left.total_seconds() < 33
    run.report(0, 8, "writing")
    assert fresh(run).time_left is None
    run.finish()
    assert fresh(run).time_left is None
