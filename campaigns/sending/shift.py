"""One worker's shift: pump until nothing is due or time is up, then close the campaigns that are over."""

import time
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils import timezone

from campaigns.sending.models import Delivery
from campaigns.sending.pump import Counts, pump
from campaigns.sending.reap import reap
from campaigns.sending.sent import note_missing


@dataclass
class Shift:
    """What a shift did."""

    claimed: int = 0
    sent: int = 0
    finished: int = 0
    """Campaigns that ended."""


def work(*, seconds: float = 25, limit: int = 500, worker: str = "", lease_seconds: float = 60) -> Shift:
    """Send what is due for at most about `seconds`; return what was done. Safe to run in any number of processes."""
    shift = Shift()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        counts: Counts = pump(limit=limit, worker=worker, lease_seconds=lease_seconds)
        shift.claimed += counts.claimed
        shift.sent += counts.sent
        if not counts.claimed:
            shift.finished = finish()
            break
    return shift


def tidy() -> int:
    """Clear up after dead workers, then close the campaigns that are over; return how many were closed."""
    reap()
    return finish()


def finish() -> int:
    """Close campaigns with no delivery left to send, after every sent mail was noted; return how many were closed."""
    campaigns = Delivery.campaign.field.related_model._default_manager
    unfinished = Delivery.objects.open().filter(campaign=OuterRef("pk"))
    over = campaigns.filter(~Exists(unfinished), state="sending", frozen_at__isnull=False)
    for campaign_id in list(over.values_list("pk", flat=True)):
        note_missing(campaign_id)
    return int(over.update(state="sent", finished_at=timezone.now()))
