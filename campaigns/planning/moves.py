"""The one way a campaign's state changes: conditionally, and its message's with it in the same transaction."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from campaigns.messages.models import Message
from campaigns.planning.models import Campaign

State = Campaign.State
MESSAGE_STATE = {
    State.DRAFT: Message.State.PREPARING,
    State.SCHEDULED: Message.State.PREPARING,
    State.FREEZING: Message.State.PREPARING,
    State.SENDING: Message.State.SENDING,
    State.PAUSED: Message.State.PAUSED,
    State.SENT: Message.State.SENT,
    State.CANCELLED: Message.State.CANCELLED,
}
"""What a campaign's state means to whoever sends: nothing but what is `sending` is claimed."""


@transaction.atomic
def move(pk: int, states: Sequence[Campaign.State], to: Campaign.State, **fields: object) -> bool:
    """Bring a campaign from one of some states to another, with other fields set; return whether it was in one."""
    moved = Campaign.objects.filter(pk=pk, state__in=states).update(state=to, updated_at=timezone.now(), **fields)
    if moved:
        Message.objects.filter(campaign=pk).update(state=MESSAGE_STATE[to])
    return bool(moved)
