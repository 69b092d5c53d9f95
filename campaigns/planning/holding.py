"""Campaigns follow the lanes of their senders: paused with the reason while one is held, and on again by themselves."""

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.planning import launch
from campaigns.planning.models import Campaign
from campaigns.sending import breaker
from campaigns.sending.configuration import NotConfigured, must_be_configured
from campaigns.sending.lanes import SendingLane
from campaigns.sending.message import wire_address
from crm.access import acts
from crm.access.acts import By
from crm.access.verbs import Verb

State = Campaign.State


def sender_of(campaign: Campaign) -> str:
    """Return the address a campaign's mails come from, as it stands on the wire."""
    return wire_address(campaign.sender_address or settings.SENDER_ADDRESS)


def follow() -> int:
    """Pause what a held sender cannot send, and let it go on when the lane is open or may be asked again.

    Returns how many campaigns were paused or resumed. A campaign that is sending although its lane's hold was followed
    was started or resumed by a person since: the lane is asked at once rather than at its time.
    """
    held = SendingLane.objects.exclude(state=SendingLane.State.OPEN).exclude(sender="")
    moved = sum(_hold(lane) for lane in held)
    asks = Q(held_by__state=SendingLane.State.OPEN) | Q(held_by__retry_at__lte=timezone.now())
    for campaign in Campaign.objects.filter(asks, state=State.PAUSED):
        moved += _move(campaign, State.PAUSED, None)
    Campaign.objects.exclude(state=State.PAUSED).filter(held_by__isnull=False).update(held_by=None)
    return moved


def holds(campaign: Campaign) -> list[SendingLane]:
    """Return the lanes that keep a campaign's mails, the server's own first; none while it has nothing to send."""
    if campaign.state not in {State.SENDING, State.PAUSED}:
        return []
    return breaker.holding([sender_of(campaign)])


def try_now(*, campaign: Campaign, by: By) -> None:
    """Ask again now whether a campaign's mails are taken: one mail goes out, and the rest after it.

    Raises NotConfigured with what to set first.
    """
    must_be_configured(campaign.sender_address)
    with transaction.atomic(durable=True):
        breaker.try_now([sender_of(campaign)])
        acts.record(by=by, verb=Verb.RESUMED, on=campaign)
    if campaign.state == State.PAUSED and campaign.held_by_id is not None:
        _move(campaign, State.PAUSED, None)


def _hold(lane: SendingLane) -> int:
    sending = [row for row in Campaign.objects.filter(state=State.SENDING) if sender_of(row) == lane.sender]
    if lane.followed:
        if sending:
            breaker.try_now([lane.sender])
        return 0
    moved = sum(_move(row, State.SENDING, lane) for row in sending)
    SendingLane.objects.filter(pk=lane.pk, state=SendingLane.State.HELD).update(followed=True)
    return moved


def _move(campaign: Campaign, state: str, lane: SendingLane | None) -> int:
    # The lane is noted before the pause and taken off after the resuming: whoever dies between leaves a campaign that
    # is not paused and names a lane, which follow() mends.
    if lane is not None:
        Campaign.objects.filter(pk=campaign.pk, state=state).update(held_by=lane)
    try:
        if state == State.SENDING:
            launch.pause(campaign=campaign)
        else:
            launch.resume(campaign=campaign)
    except (launch.WrongState, NotConfigured):
        return 0
    if lane is None:
        Campaign.objects.filter(pk=campaign.pk).update(held_by=None)
    return 1
