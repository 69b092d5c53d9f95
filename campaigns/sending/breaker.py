"""The breaker: when a server refuses the sender, or nobody answers, the lane is held and no mail is burned on it.

closed: mails go, refusals are counted. held: nothing goes, every worker sees it. After `retry_at` one mail of one
worker asks (half-open); is it taken, the lane is open, if not it is held for longer.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from campaigns.sending import configuration
from campaigns.sending.lanes import SendingLane
from campaigns.sending.transports.base import About, Answer, Stage
from lib.scrub import scrub

WINDOW = 200
"""Answers that count. Below some hundreds a share is noise, and above it a bad hour hides behind a good one."""
STORM = 10
"""Refusals for policy within the window that hold a lane: 5 percent. A clean list sees well under 1 percent, and every
further refused mail makes the sender's standing worse."""
CROWD = 60
"""Requests to wait within the window that hold it: 30 percent. A single one is usual, and is tried again alone."""
FORGET = timedelta(hours=1)
"""Answers older than this say nothing about now."""
SERVER_MINUTES = (1, 2, 5, 10, 15)
"""How long a server is left alone: most are back within minutes, and a quarter of an hour lost is the most."""
SENDER_MINUTES = (5, 10, 20, 60)
"""How long a refused sender waits: DNS and standing take minutes to hours, and trying in vain makes standing worse."""
SETTINGS_MINUTES = (1,)
"""Nobody is asked, so looking again costs nothing."""
LADDERS = {
    SendingLane.Reason.UNREACHABLE: SERVER_MINUTES,
    SendingLane.Reason.SIGN_IN: SERVER_MINUTES,
    SendingLane.Reason.BUSY: SERVER_MINUTES,
    SendingLane.Reason.SENDER: SENDER_MINUTES,
    SendingLane.Reason.STORM: SENDER_MINUTES,
    SendingLane.Reason.SETTINGS: SETTINGS_MINUTES,
}


class Admission(StrEnum):
    """Whether mails may go now."""

    OPEN = "open"
    PROBE = "probe"
    """One mail, whose answer decides."""
    HELD = "held"


@dataclass
class Breaker:
    """What one worker knows of the lanes of a channel; all that matters is in the rows, which every worker reads."""

    channel: str = "email"
    unwritten: Counter[str] = field(default_factory=Counter)
    """Sender → answers without a refusal since the row was last written: a healthy lane costs no write."""

    def waits(self) -> bool:
        """Say whether nothing goes out for anybody: for want of settings, or while the server is held and not asked."""
        if any(configuration.of_installation()):
            self._hold("", SendingLane.Reason.SETTINGS, Answer(Stage.NOT_TRIED))
            return True
        now = timezone.now()
        return any(lane.retry_at and lane.retry_at > now for lane in self._held([""]))

    def admit(self, sender: str, seconds: float) -> Admission:
        """Say whether a sender's mails may go; a probe is given to one worker, for so many seconds at most."""
        if any(configuration.of_sender(sender)):
            # Asked here too because settings change while campaigns run. Held like a refusal: no mail is burned on it.
            self._hold(sender, SendingLane.Reason.SETTINGS, Answer(Stage.NOT_TRIED))
            return Admission.HELD
        now = timezone.now()
        held = self._held(["", sender])
        if not held:
            return Admission.OPEN
        if any(lane.retry_at and lane.retry_at > now for lane in held):
            return Admission.HELD
        until = now + timedelta(seconds=max(seconds, 1))
        with transaction.atomic():
            due = self._rows(["", sender]).select_for_update().order_by("pk").exclude(state=SendingLane.State.OPEN)
            if len(due) == 0:
                return Admission.OPEN
            if any(lane.retry_at and lane.retry_at > now for lane in due):
                return Admission.HELD
            SendingLane.objects.filter(pk__in=[lane.pk for lane in due]).update(
                state=SendingLane.State.PROBING, retry_at=until
            )
        return Admission.PROBE

    def note(self, sender: str, answers: Collection[Answer], probing: bool = False) -> bool:
        """Draw the conclusion from the answers to one group; return whether they were a storm of refusals.

        After it the lane is held, or open again, or counts what it saw.
        """
        fault = next((one for one in answers if one.about in {About.SENDER, About.SERVER}), None)
        if fault is not None:
            self._hold("" if fault.about == About.SERVER else sender, _reason(fault), fault)
            if probing and fault.about == About.SENDER:
                # The server itself answered.
                self._open([""])
            return False
        if probing:
            return self._probed(sender, answers)
        told = [one for one in answers if one.stage in {Stage.DELIVERED, Stage.REFUSED}]
        wary = [one for one in told if one.about == About.POLICY]
        self.unwritten[sender] += len(told) - len(wary)
        return self._count(sender, wary) if wary else False

    def unasked(self, sender: str) -> None:
        """Give a probe back for which there was no mail after all."""
        self._rows(["", sender]).filter(state=SendingLane.State.PROBING).update(
            state=SendingLane.State.HELD, retry_at=timezone.now()
        )

    def _probed(self, sender: str, answers: Collection[Answer]) -> bool:
        """Open what the probe was let through; hold again what it was not."""
        answer = next(iter(answers), Answer(Stage.NOT_TRIED))
        if answer.stage in {Stage.DELIVERED, Stage.REFUSED}:
            self._open([""] if answer.about == About.POLICY else ["", sender])
        again = self._rows(["", sender]).filter(state=SendingLane.State.PROBING)
        for lane in again:
            self._hold(lane.sender, lane.reason, answer)
        return bool(again) and answer.about == About.POLICY

    def _count(self, sender: str, wary: Sequence[Answer]) -> bool:
        final = [one for one in wary if one.final]
        with transaction.atomic():
            lane = self._locked(sender)
            now = timezone.now()
            fresh = self.unwritten.pop(sender, 0) + len(wary)
            kept = max(0.0, 1 - fresh / WINDOW) if lane.counted_at and now - lane.counted_at < FORGET else 0.0
            lane.refused = lane.refused * kept + len(final)
            lane.delayed = lane.delayed * kept + len(wary) - len(final)
            lane.counted_at = now
            lane.save(update_fields=["refused", "delayed", "counted_at"])
        storm, crowd = round(lane.refused) >= STORM, round(lane.delayed) >= CROWD
        if storm:
            self._hold(sender, SendingLane.Reason.STORM, final[-1] if final else wary[-1])
        elif crowd:
            self._hold("", SendingLane.Reason.BUSY, wary[-1])
        return storm or crowd

    @transaction.atomic
    def _hold(self, sender: str, reason: str, answer: Answer) -> None:
        lane, now = self._locked(sender), timezone.now()
        if lane.state == SendingLane.State.HELD and lane.retry_at and lane.retry_at > now:
            # Another worker met the same refusal: one hold, not two.
            return
        ladder = LADDERS[SendingLane.Reason(reason)]
        minutes = ladder[min(lane.tries, len(ladder) - 1)]
        lane.since = lane.since or now
        lane.state, lane.reason, lane.followed = SendingLane.State.HELD, reason, False
        lane.tries = min(lane.tries + 1, 1_000)
        lane.retry_at = now + timedelta(minutes=minutes)
        if answer.text or answer.code or reason == SendingLane.Reason.SETTINGS:
            lane.code, lane.reply = answer.code, scrub(answer.text)[:200]
        lane.save()

    def _open(self, senders: Sequence[str]) -> None:
        self._rows(senders).exclude(state=SendingLane.State.OPEN).update(
            state=SendingLane.State.OPEN, reason="", code=None, reply="", since=None, retry_at=None,
            tries=0, followed=False, refused=0, delayed=0,
        )  # fmt: skip

    def _held(self, senders: Sequence[str]) -> list[SendingLane]:
        """Return the lanes that are not open; what waited for settings is opened, for they are asked before this."""
        held = list(self._rows(senders).exclude(state=SendingLane.State.OPEN))
        if mended := [lane.sender for lane in held if lane.reason == SendingLane.Reason.SETTINGS]:
            self._open(mended)
        return [lane for lane in held if lane.sender not in mended]

    def _rows(self, senders: Sequence[str]) -> "QuerySet[SendingLane]":
        return SendingLane.objects.filter(channel=self.channel, sender__in=senders)

    def _locked(self, sender: str) -> SendingLane:
        SendingLane.objects.bulk_create([SendingLane(channel=self.channel, sender=sender)], ignore_conflicts=True)
        return SendingLane.objects.select_for_update().get(channel=self.channel, sender=sender)


def holding(senders: Collection[str], channel: str = "email") -> list[SendingLane]:
    """Return the lanes that hold mails of these senders, the server's own first."""
    return list(
        SendingLane.objects.exclude(state=SendingLane.State.OPEN)
        .filter(Q(sender__in=[*senders, ""]), channel=channel)
        .order_by("sender")
    )


def try_now(senders: Collection[str], channel: str = "email", now: datetime | None = None) -> int:
    """Let the next mail of these senders ask at once, and the server too; return how many lanes were waiting."""
    held = SendingLane.objects.filter(channel=channel, sender__in=[*senders, ""], state=SendingLane.State.HELD)
    return held.update(retry_at=now or timezone.now())


def _reason(fault: Answer) -> str:
    if fault.about == About.SENDER:
        return SendingLane.Reason.SENDER
    if fault.stage == Stage.UNREACHABLE and fault.code is None:
        return SendingLane.Reason.UNREACHABLE
    return SendingLane.Reason.SIGN_IN if (fault.code or 0) // 100 == 5 else SendingLane.Reason.BUSY
