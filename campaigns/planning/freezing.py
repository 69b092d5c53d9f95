"""Fixing a campaign: its segments, its mails and its deliveries, in steps that are committed one by one.

The campaign's row keeps how far it is, so that whoever comes next goes on from there: after a pause, after a worker
that died, after a restart. Nobody holds the campaign's row while a step works, so that holding and cancelling are
answered at once; a step that is already on its way ends, and its rows wait with the others.
"""

import logging
from enum import StrEnum
from graphlib import TopologicalSorter

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone

from campaigns.messages.freeze import freeze_texts
from campaigns.messages.models import Message
from campaigns.planning import placing
from campaigns.planning.checklist import blocking
from campaigns.planning.models import Campaign
from campaigns.planning.moves import MESSAGE_STATE, move
from crm.access import acts
from crm.access.verbs import Verb
from lib.scrub import scrub
from segmentation.rules.grammar import parse, segments_in
from segmentation.segments.models import Segment
from segmentation.segments.refresh import refresh

logger = logging.getLogger(__name__)
State = Campaign.State
LOCK = 0x66726565
"""The space of our advisory locks: one worker at a time writes a campaign's deliveries."""
AWAY = (OperationalError, InterfaceError)
"""The database is away, not the campaign wrong: it stays as it is, and the next beat finds it."""


class FreezingStep(StrEnum):
    """What a step came to."""

    MORE = "more"
    DONE = "done"
    """It can be sent now."""
    NOT_OURS = "not ours"
    """Somebody else goes on with it, or nobody should."""


def begin(pk: int) -> bool:
    """Let a scheduled campaign be prepared; what keeps it from starting makes it a draft that says why.

    Returns whether it is this call that began. Safe to call side by side.
    """
    with transaction.atomic():
        row = Campaign.objects.select_for_update(skip_locked=True).filter(pk=pk, state=State.SCHEDULED).first()
        if row is None:
            return False
        if wrong := blocking(row):
            _to_draft(pk, " ".join(problem.text for problem in wrong))
            return False
        row.message = _message(row)
        row.state, row.error, row.people, row.written, row.cursor = State.FREEZING, "", None, 0, 0
        row.save(update_fields=["state", "message", "error", "people", "written", "cursor", "updated_at"])
    return True


def _message(row: Campaign) -> Message:
    # One that was made for an earlier beginning has sent nothing yet, and is filled in anew.
    message = row.message or Message()
    message.sender_name, message.sender_address = row.sender_name, row.sender_address
    message.products, message.state = row.recommended, MESSAGE_STATE[State.FREEZING]
    message.save()
    return message


def step(pk: int) -> FreezingStep:
    """Go one step on with a campaign that is being prepared.

    First its segments and mails, then 20,000 people at a time, last its state. A campaign whose mails cannot be made is
    a draft again; one that fails later is paused with the reason, and goes on from there when it is resumed.
    """
    try:
        with transaction.atomic():
            return _step(pk) if _taken(pk) else FreezingStep.NOT_OURS
    except AWAY:
        raise
    except Exception as error:
        logger.exception("Campaign %s could not be prepared", pk)
        _failed(pk, scrub(f"{type(error).__name__}: {error}"))
        return FreezingStep.NOT_OURS


def _taken(pk: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, pk % 2**31])
        return bool(cursor.fetchone()[0])


def _step(pk: int) -> FreezingStep:
    row = Campaign.objects.filter(pk=pk, state=State.FREEZING).first()
    if row is None or row.message_id is None:
        return FreezingStep.NOT_OURS
    here = Campaign.objects.filter(pk=pk)
    if row.people is None:
        for segment in _segments(row):
            refresh(segment=segment)
        freeze_texts(message_id=row.message_id, template_ids=row.cells.values_list("template", flat=True))
        here.update(people=placing.members(row))
        return FreezingStep.MORE
    batch = placing.write_next(row, row.cursor)
    if batch is not None:
        # Last in its transaction: the row is held for as long as a commit takes.
        here.update(cursor=batch.last, written=F("written") + batch.written.created, updated_at=timezone.now())
        return FreezingStep.MORE
    if not move(pk, [State.FREEZING], State.SENDING, frozen_at=timezone.now()):
        return FreezingStep.NOT_OURS
    acts.record(by=None, verb=Verb.STARTED, on=row)
    return FreezingStep.DONE


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


def _to_draft(pk: int, error: str) -> None:
    move(pk, [State.SCHEDULED, State.FREEZING], State.DRAFT, scheduled_at=None, error=error)


def _failed(pk: int, error: str) -> None:
    with transaction.atomic():
        row = Campaign.objects.select_for_update().get(pk=pk)
        if row.people is None:
            _to_draft(pk, error)
        else:
            move(pk, [State.FREEZING], State.PAUSED, error=error)
