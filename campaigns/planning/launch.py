"""Starting a campaign, holding it, stopping it. Every step is one conditional change of its state."""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.planning import freezing
from campaigns.planning.checklist import LaunchProblem, blocking
from campaigns.planning.closing import close_some
from campaigns.planning.draft import held_draft
from campaigns.planning.freezing import FreezingStep
from campaigns.planning.models import Campaign
from campaigns.planning.moves import move
from campaigns.sending.configuration import must_be_configured
from crm.access import acts
from crm.access.acts import By
from crm.access.verbs import Verb

GRACE = timedelta(minutes=5)  # a form opened a moment ago may still say "now"
State = Campaign.State


class NotReady(Exception):
    """The campaign cannot start; `problems` says why."""

    def __init__(self, problems: Sequence[LaunchProblem]) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = list(problems)


class WrongState(Exception):
    """The campaign is not in a state in which this can be done to it."""


@transaction.atomic(durable=True)
def schedule(*, campaign: Campaign, at: datetime | None = None, by: By = None) -> Campaign:
    """Let a draft start at a moment, or as soon as the next beat finds it.

    Raises NotADraft; NotReady with what is wrong; ValidationError for a moment that has passed.
    """
    now = timezone.now()
    if at is not None and at < now - GRACE:
        raise ValidationError({"at": ValidationError(_("This moment has passed."))})
    row = held_draft(campaign)
    start = at or now
    if wrong := blocking(row, timezone.localtime(start).date()):
        raise NotReady(wrong)
    row.state, row.scheduled_at, row.error = State.SCHEDULED, start, ""
    row.save(update_fields=["state", "scheduled_at", "error", "updated_at"])
    acts.record(by=by, verb=Verb.SCHEDULED, on=row, at=at)
    return row


@transaction.atomic(durable=True)
def unschedule(*, campaign: Campaign, by: By = None) -> None:
    """Make a scheduled campaign a draft again, while nothing has been frozen. Raises WrongState."""
    _move(campaign, [State.SCHEDULED], State.DRAFT, scheduled_at=None)
    acts.record(by=by, verb=Verb.UNSCHEDULED, on=campaign)


def start_due(now: datetime | None = None, seconds: float = 10) -> int:
    """Start the campaigns whose time has come, and go on with those being prepared, for about `seconds`.

    Returns how many this call got under way. Campaigns take turns step by step, so that a small one need not wait for a
    large one. Safe to call twice and side by side: one worker at a time goes on with a campaign.
    """
    started, end = 0, time.monotonic() + seconds
    mine = True
    while mine and time.monotonic() < end:
        due = Campaign.objects.filter(state=State.SCHEDULED, scheduled_at__lte=now or timezone.now())
        for pk in list(due.order_by("scheduled_at", "id").values_list("pk", flat=True)):
            freezing.begin(pk)
        mine = False
        for pk in list(Campaign.objects.filter(state=State.FREEZING).order_by("pk").values_list("pk", flat=True)):
            how = freezing.step(pk)
            mine |= how == FreezingStep.MORE
            started += how == FreezingStep.DONE
    return started


@transaction.atomic(durable=True)
def pause(*, campaign: Campaign, by: By = None) -> None:
    """Hold a campaign: nobody sends its deliveries or goes on writing them until it is resumed. Raises WrongState."""
    _move(campaign, [State.SENDING, State.FREEZING], State.PAUSED)
    acts.record(by=by, verb=Verb.PAUSED, on=campaign)


@transaction.atomic(durable=True)
def resume(*, campaign: Campaign, by: By = None) -> None:
    """Let a held campaign go on where it stopped. Raises WrongState, and NotConfigured with what to set first."""
    row = Campaign.objects.select_for_update().get(pk=campaign.pk)
    must_be_configured(row.sender_address)
    _move(row, [State.PAUSED], State.SENDING if row.frozen_at else State.FREEZING, error="")
    acts.record(by=by, verb=Verb.RESUMED, on=row)


@transaction.atomic(durable=True)
def cancel(*, campaign: Campaign, by: By = None) -> int:
    """Stop a campaign for good; return how many mails will not be sent. Raises WrongState.

    Nothing more goes on the wire from this moment. The rows become cancelled and stay in the ledger: the first 5,000
    now, the others behind by close_cancelled. Mails already on the wire arrive.
    """
    stoppable = [State.SCHEDULED, State.FREEZING, State.SENDING, State.PAUSED]
    _move(campaign, stoppable, State.CANCELLED, finished_at=timezone.now())
    row = Campaign.objects.get(pk=campaign.pk)
    waiting = row.deliveries.filter(waiting=True).count()
    if row.message_id:
        close_some(row.message_id)
    acts.record(by=by, verb=Verb.CANCELLED, on=campaign, mails=waiting)
    return waiting


@transaction.atomic(durable=True)
def discard(*, campaign: Campaign, by: By = None) -> None:
    """Delete a draft, of which nothing was ever sent. Raises NotADraft."""
    row = held_draft(campaign)
    acts.record(by=by, verb=Verb.REMOVED, on=row)
    row.delete()


def _move(campaign: Campaign, states: Sequence[Campaign.State], to: Campaign.State, **fields: object) -> None:
    if not move(campaign.pk, states, to, **fields):
        raise WrongState(_("The campaign has moved on meanwhile."))
