"""Long work as a row: how far it is, that it is alive, and why it failed.

The row is the queue. `run_due` is the one loop of all long work: it claims what waits and takes up what lost its
worker; `Run.working` is the one frame inside which the work is done.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Self, TypeVar

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lib.declaration import operations
from lib.progress import Progress as Progress
from lib.progress import both
from lib.pulse import beating
from lib.scrub import scrub

MEASURED_SECONDS = 3.0
"""A speed measured over less than this says nothing."""

log = logging.getLogger(__name__)


def silence() -> timedelta:
    """Who runs, gives signs of life and has given none for so long is dead: far more than lib.pulse.SECONDS."""
    return timedelta(seconds=settings.LOST_AFTER_SECONDS)


class Cancelled(Exception):
    """Somebody asked the work to stop, or another worker has it now."""


class Run(models.Model):
    """A piece of long work. The row is the queue entry, the progress bar and the record of what happened.

    Do not write the row of a claimed run with `save`: a worker that was taken for dead would write over its successor.
    `keep`, `report` and `finish` write only while the run is still this worker's, and raise Cancelled when it is not.
    """

    ATTEMPTS = 3
    """So many workers may die of one run; the next would die of it too."""
    ALONE = False
    """True when two of the kind must not run at once: they would take the memory or the workers of everything else."""

    class State(models.TextChoices):
        """Where the work stands."""

        DUE = "due", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    state = models.CharField(max_length=12, choices=State, default=State.DUE)
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    doing = models.CharField(max_length=120, blank=True)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    """How many workers took it. It is also the token of the worker that has it now: a later one has a higher number."""
    step_at = models.DateTimeField(null=True, blank=True)
    """When what is done now began; with `step_from` it says how long it will take."""
    step_from = models.BigIntegerField(default=0)
    """What was done already when it began."""
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    class Privacy:
        """No field of a run is about a person."""

        state = done = total = doing = error = attempts = step_at = step_from = operations()
        created_at = started_at = heartbeat_at = finished_at = operations()

    # --- what a page shows ---

    @property
    def percent(self) -> int:
        """How much is done, 0 to 100."""
        return min(100, int(self.done * 100 / self.total)) if self.total else 0

    @property
    def active(self) -> bool:
        """True while the work waits or runs."""
        return self.state in {self.State.DUE, self.State.RUNNING}

    @property
    def taken_up(self) -> bool:
        """True when a worker was lost and another has, or had, the work."""
        return self.attempts > 1

    @property
    def time_left(self) -> timedelta | None:
        """How long the present step will take at the speed it had so far; None while that cannot be said."""
        moved = self.done - self.step_from
        if self.state != self.State.RUNNING or self.step_at is None or moved <= 0 or self.total <= self.done:
            return None
        spent = ((self.heartbeat_at or timezone.now()) - self.step_at).total_seconds()
        if spent < MEASURED_SECONDS:
            return None
        return timedelta(seconds=spent * (self.total - self.done) / moved)

    # --- taking the work ---

    @classmethod
    def begin(cls, **values: Any) -> Self:
        """Make a run that this worker has already, so that no other takes it first."""
        now = timezone.now()
        claimed: dict[str, Any] = {"state": cls.State.RUNNING, "started_at": now, "heartbeat_at": now, "step_at": now}
        return cls._default_manager.create(**{**claimed, "attempts": 1, **values})

    def claim(self) -> bool:
        """Take the work, unless somebody else was first: one conditional update decides."""
        return self._claim(type(self)._default_manager.filter(pk=self.pk))

    @classmethod
    def claim_next(cls) -> Self | None:
        """Take the oldest run that waits and that nobody is taking; None when there is none, or none may run now."""
        with transaction.atomic():
            if cls.ALONE and cls._another_runs():
                return None
            waiting = cls._default_manager.filter(state=cls.State.DUE).order_by("pk")
            run = waiting.select_for_update(skip_locked=True).first()
            return run if run is not None and run.claim() else None

    @classmethod
    def _another_runs(cls) -> bool:
        # Two workers must not both look before either has claimed; the lock ends with the transaction.
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"run:{cls._meta.db_table}"])
        return cls._default_manager.filter(state=cls.State.RUNNING).exists()

    def _claim(self, found: "models.QuerySet[Self]") -> bool:
        now = timezone.now()
        mine = found.filter(state=self.State.DUE).update(
            state=self.State.RUNNING,
            attempts=F("attempts") + 1,
            started_at=now,
            heartbeat_at=now,
            step_at=now,
            step_from=F("done"),
        )
        if mine:
            self.refresh_from_db()
        return bool(mine)

    # --- doing the work ---

    @contextmanager
    def working(
        self, listener: Progress | None = None, *, expected: tuple[type[Exception], ...] = ()
    ) -> Iterator[Progress]:
        """Do the work of a claimed run inside the block, and have the row say how it ended.

        Gives what to tell progress to: the row, which may raise Cancelled, then `listener`. Signs of life are given by
        themselves. At the end of the block the run is done, unless the block finished it. `expected` failures are told
        in their own words alone. Raises what the block raises, Cancelled too, after the row says so.
        """
        try:
            with beating(self.beat):
                yield both(self.report, listener)
            if self.state == self.State.RUNNING:
                self.finish()
        except Cancelled:
            # It may have been whoever listens that stopped, not the row.
            self._end(self.State.CANCELLED)
            raise
        except KeyboardInterrupt:
            self._end(self.State.CANCELLED)
            raise
        except Exception as error:
            self.fail(str(error) if isinstance(error, expected) else error)
            raise
        except BaseException:
            # The worker is told to go, in the middle of the work: another need not wait until this one is missed.
            self._give_back()
            raise

    def report(self, done: int, total: int, doing: str = "", **also: Any) -> None:
        """Write progress, and learn whether somebody asked to cancel.

        Called last in the transaction of a batch, it makes the batch and the progress one: neither is there without the
        other. `also` are more fields to keep. Raises Cancelled when the row was cancelled meanwhile, or given to
        another worker because this one was taken for dead.
        """
        now = timezone.now()
        doing = doing[:120]
        if doing != self.doing or done < self.step_from or self.step_at is None:
            self.step_at, self.step_from = now, done
        step = {"step_at": self.step_at, "step_from": self.step_from}
        self.keep(done=done, total=total, doing=doing, heartbeat_at=now, **step, **also)

    def keep(self, **values: Any) -> None:
        """Write fields of the row while it is this worker's. Raises Cancelled when it is not any more.

        Inside a transaction it is the fence: what else the transaction wrote is undone with it.
        """
        if not self._mine().update(**values):
            raise Cancelled
        for name, value in values.items():
            setattr(self, name, value)

    def finish(self, **values: Any) -> None:
        """Mark the work done, and write what came of it. Raises Cancelled when it is not this worker's any more."""
        self.keep(state=self.State.DONE, finished_at=timezone.now(), **values)

    def fail(self, error: Exception | str) -> None:
        """Mark the work failed, with the reason a person can read; a run that is over or another's is left alone."""
        self._end(self.State.FAILED, scrub(error if isinstance(error, str) else f"{type(error).__name__}: {error}"))

    def beat(self) -> None:
        """Give one sign of life; none is needed while somebody, who can only be the worker, holds the row locked."""
        with transaction.atomic():
            if self._mine().select_for_update(skip_locked=True).exists():
                self._mine().update(heartbeat_at=timezone.now())

    def cancel(self) -> bool:
        """Ask the work to stop; it stops at its next report. False when it is over already."""
        active = type(self)._default_manager.filter(pk=self.pk, state__in=[self.State.DUE, self.State.RUNNING])
        return bool(active.update(state=self.State.CANCELLED, finished_at=timezone.now()))

    def _mine(self) -> "models.QuerySet[Self]":
        """This run, while the worker that claimed it as it stands here is the one that runs it."""
        return type(self)._default_manager.filter(pk=self.pk, state=self.State.RUNNING, attempts=self.attempts)

    def _end(self, state: str, error: str = "") -> None:
        now = timezone.now()
        ours = self._mine()
        if self.attempts == 0:
            # Nobody ever claimed it: it is refused before it began.
            ours = type(self)._default_manager.filter(pk=self.pk).exclude(state__in=_OVER)
        if ours.update(state=state, error=error, finished_at=now):
            self.state, self.error, self.finished_at = state, error, now

    def _give_back(self) -> None:
        # Nobody died of it, so it does not count.
        self._mine().update(state=self.State.DUE, attempts=F("attempts") - 1)

    # --- when the worker dies ---

    @classmethod
    def lost(cls) -> "models.QuerySet[Self]":
        """Runs whose worker is dead."""
        return cls._default_manager.filter(state=cls.State.RUNNING, heartbeat_at__lt=timezone.now() - silence())

    def take_back(self) -> bool:
        """Let a lost run wait again, so that another worker takes it; False when its worker has spoken meanwhile."""
        return bool(type(self).lost().filter(pk=self.pk).update(state=self.State.DUE))

    def hopeless(self) -> str:
        """Why a lost run should not be taken up, in words; empty when it should."""
        if self.attempts < self.ATTEMPTS:
            return ""
        return f"The worker ended {self.attempts} times before the work did. It is not tried again by itself."


_OVER = (Run.State.DONE, Run.State.FAILED, Run.State.CANCELLED)
R = TypeVar("R", bound=Run)


def take_up_lost(model: type[R]) -> int:
    """Let every run whose worker died wait again, or fail in words when that is hopeless; return how many were lost."""
    lost = list(model.lost())
    for run in lost:
        why = run.hopeless()
        if why:
            if model.lost().filter(pk=run.pk).exists():
                run.fail(why)
        elif run.take_back():
            log.warning("The worker of %s %s fell silent; another takes it up.", model.__name__, run.pk)
    return len(lost)


def run_due(model: type[R], work: Callable[[R], object]) -> int:
    """Take up what was lost, then do every run that waits and that no other worker takes; return how many were done.

    `work` gets a claimed run and does it inside `Run.working`. One that fails or is cancelled says so on its row, and
    the others still wait.
    """
    take_up_lost(model)
    done = 0
    while (run := model.claim_next()) is not None:
        try:
            work(run)
            done += 1
        except Cancelled:
            log.info("%s %s was cancelled.", model.__name__, run.pk)
        except Exception:
            log.exception("%s %s failed.", model.__name__, run.pk)
    return done
