"""Long work as a row: how far it is, that it is alive, and why it failed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Self

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lib.declaration import operations
from lib.pulse import beating
from lib.scrub import scrub

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what is being done); total 0 means it is not known yet."""
SILENT = timedelta(minutes=10)
"""Who runs, gives signs of life and has given none for so long is dead: far more than lib.pulse.SECONDS."""


class Run(models.Model):
    """A piece of long work. The row is the queue entry, the progress bar and the record of what happened."""

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
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    class Privacy:
        """No field of a run is about a person."""

        state = done = total = doing = error = operations()
        created_at = started_at = heartbeat_at = finished_at = operations()

    @property
    def percent(self) -> int:
        """How much is done, 0 to 100."""
        return min(100, int(self.done * 100 / self.total)) if self.total else 0

    @property
    def active(self) -> bool:
        """True while the work waits or runs."""
        return self.state in {self.State.DUE, self.State.RUNNING}

    def claim(self) -> bool:
        """Take the work, unless somebody else was first: one conditional update decides."""
        now = timezone.now()
        mine = (
            type(self)
            ._default_manager.filter(pk=self.pk, state=self.State.DUE)
            .update(state=self.State.RUNNING, started_at=now, heartbeat_at=now)
        )
        if mine:
            self.refresh_from_db()
        return bool(mine)

    def report(self, done: int, total: int, doing: str = "") -> None:
        """Write progress, and learn whether somebody asked to cancel.

        Raises Cancelled when the row was cancelled meanwhile, or given to another worker because this one was taken
        for dead.
        """
        self.done, self.total, self.doing, self.heartbeat_at = done, total, doing[:120], timezone.now()
        running = self._mine().update(done=done, total=total, doing=self.doing, heartbeat_at=self.heartbeat_at)
        if not running:
            raise Cancelled

    def alive(self) -> AbstractContextManager[None]:
        """Give signs of life while the block runs, however long its steps are; the run must be claimed."""
        return beating(self.beat)

    @transaction.atomic
    def beat(self) -> None:
        """Give one sign of life; none is needed while somebody, who can only be the worker, holds the row locked."""
        if self._mine().select_for_update(skip_locked=True).exists():
            self._mine().update(heartbeat_at=timezone.now())

    @classmethod
    def lost(cls) -> "models.QuerySet[Self]":
        """Runs whose worker is dead."""
        silent = timezone.now() - SILENT
        return cls._default_manager.filter(state=cls.State.RUNNING, heartbeat_at__lt=silent)

    def take_back(self) -> bool:
        """Let a lost run wait again, so that another worker takes it; False when its worker has spoken meanwhile."""
        lost = type(self).lost().filter(pk=self.pk)
        return bool(lost.update(state=self.State.DUE, done=0, total=0, doing=""))

    def _mine(self) -> "models.QuerySet[Self]":
        """This run, while the worker that claimed it as it stands here is the one that runs it."""
        return type(self)._default_manager.filter(pk=self.pk, state=self.State.RUNNING, started_at=self.started_at)

    def finish(self) -> None:
        """Mark the work done."""
        self.state, self.finished_at = self.State.DONE, timezone.now()
        self.save(update_fields=["state", "finished_at"])

    def fail(self, error: Exception | str) -> None:
        """Mark the work failed, with the reason a person can read."""
        self.state, self.finished_at = self.State.FAILED, timezone.now()
        self.error = scrub(error if isinstance(error, str) else f"{type(error).__name__}: {error}")
        self.save(update_fields=["state", "error", "finished_at"])

    def cancel(self) -> bool:
        """Ask the work to stop; it stops at its next report. False when it is over already."""
        active = type(self)._default_manager.filter(pk=self.pk, state__in=[self.State.DUE, self.State.RUNNING])
        return bool(active.update(state=self.State.CANCELLED, finished_at=timezone.now()))


class Cancelled(Exception):
    """Somebody asked the work to stop."""
