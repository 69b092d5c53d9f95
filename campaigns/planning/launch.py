"""Starting a campaign, holding it, stopping it. Every step is one conditional change of its state."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from graphlib import TopologicalSorter

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaigns.planning.checklist import Problem, blocking
from campaigns.planning.closing import close_some
from campaigns.planning.draft import held_draft
from campaigns.planning.models import Campaign
from campaigns.sending.materialise import materialise
from campaigns.sending.models import Delivery
from lib.scrub import scrub
from segmentation.rules.grammar import parse, segments_in
from segmentation.segments.models import Segment
from segmentation.segments.refresh import refresh

logger = logging.getLogger(__name__)

GRACE = timedelta(minutes=5)  # a form opened a moment ago may still say "now"
State = Campaign.State


class NotReady(Exception):
    """The campaign cannot start; `problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = list(problems)


class WrongState(Exception):
    """The campaign is not in a state in which this can be done to it."""


@transaction.atomic
def schedule(*, campaign: Campaign, at: datetime | None = None) -> Campaign:
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
    return row


def unschedule(*, campaign: Campaign) -> None:
    """Make a scheduled campaign a draft again, while nothing has been frozen. Raises WrongState."""
    _move(campaign, [State.SCHEDULED], state=State.DRAFT, scheduled_at=None)


def start_due(now: datetime | None = None) -> int:
    """Start every scheduled campaign whose time has come; return how many this call started.

    Safe to call twice and side by side: a campaign's row is locked while its deliveries are written, whoever finds it
    locked passes by, and all of it is one transaction. A campaign that cannot start becomes a draft that says why.
    """
    now = now or timezone.now()
    due = Campaign.objects.filter(state=State.SCHEDULED, scheduled_at__lte=now).order_by("scheduled_at", "id")
    return sum(_start(pk) for pk in list(due.values_list("pk", flat=True)))


def pause(*, campaign: Campaign) -> None:
    """Hold a campaign: the pump takes none of its deliveries up until it is resumed. Raises WrongState."""
    _move(campaign, [State.SENDING], state=State.PAUSED)


def resume(*, campaign: Campaign) -> None:
    """Let a held campaign go on. Raises WrongState."""
    _move(campaign, [State.PAUSED], state=State.SENDING)


@transaction.atomic
def cancel(*, campaign: Campaign) -> int:
    """Stop a campaign for good; return how many mails will not be sent. Raises WrongState.

    Nothing more goes on the wire from this moment. The rows become cancelled and stay in the ledger: the first 5,000
    now, the others behind by close_cancelled. Mails already on the wire arrive.
    """
    stoppable = [State.SCHEDULED, State.SENDING, State.PAUSED]
    _move(campaign, stoppable, state=State.CANCELLED, finished_at=timezone.now())
    waiting = Delivery.objects.filter(campaign=campaign, waiting=True).count()
    close_some(campaign.pk)
    return waiting


@transaction.atomic
def discard(*, campaign: Campaign) -> None:
    """Delete a draft, of which nothing was ever sent. Raises NotADraft."""
    held_draft(campaign).delete()


def _start(pk: int) -> bool:
    try:
        with transaction.atomic():
            row = Campaign.objects.select_for_update(skip_locked=True).filter(pk=pk, state=State.SCHEDULED).first()
            if row is None:
                return False
            if wrong := blocking(row):
                raise NotReady(wrong)
            _freeze(row)
    except (OperationalError, InterfaceError):
        raise  # the database is away, not the campaign wrong: it stays scheduled and the next beat finds it
    except NotReady as error:
        _give_back(pk, str(error))
        return False
    except Exception as error:
        logger.exception("Campaign %s could not start", pk)
        _give_back(pk, f"{type(error).__name__}: {error}")
        return False
    return True


def _freeze(row: Campaign) -> None:
    for segment in _segments(row):
        refresh(segment=segment)
    row.state, row.frozen_at, row.error = State.SENDING, timezone.now(), ""
    row.save(update_fields=["state", "frozen_at", "error", "updated_at"])
    materialise(campaign=row)


def _segments(row: Campaign) -> list[Segment]:
    """Return the campaign's segments and those their rules ask about, whoever is asked first."""
    asks: dict[int, set[int]] = {}
    found: dict[int, Segment] = {}
    ahead = set(row.cells.values_list("segment", flat=True))
    while ahead:
        found |= Segment.objects.in_bulk(ahead)
        for pk in ahead & found.keys():
            asks[pk] = segments_in(parse(found[pk].rule)) if found[pk].rule else set()
        ahead = {pk for asked in asks.values() for pk in asked} - found.keys() - ahead
    return [found[pk] for pk in TopologicalSorter(asks).static_order() if pk in found]


def _give_back(pk: int, error: str) -> None:
    Campaign.objects.filter(pk=pk, state=State.SCHEDULED).update(
        state=State.DRAFT, scheduled_at=None, error=scrub(error), updated_at=timezone.now()
    )


def _move(campaign: Campaign, states: Sequence[str], **to: object) -> None:
    moved = Campaign.objects.filter(pk=campaign.pk, state__in=states).update(updated_at=timezone.now(), **to)
    if not moved:
        raise WrongState(_("The campaign has moved on meanwhile."))
