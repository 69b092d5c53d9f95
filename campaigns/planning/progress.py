"""How far the sending of campaigns is."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, cast

from django.db.models import Count, Q
from django.utils import timezone

from campaigns.planning.models import Campaign
from campaigns.sending.models import Delivery
from lib.kept import kept

SPEED_WINDOW = timedelta(seconds=60)
SETTLED = timedelta(minutes=10)
"""Rows of a cancelled campaign are closed behind it; after so long they are."""
KEPT_SECONDS = 600
State = Delivery.State


@dataclass(frozen=True)
class Progress:
    """Deliveries of one campaign."""

    total: int = 0
    """Deliveries that are to be sent or were: all but those suppressed from the start."""
    waiting: int = 0
    sent: int = 0
    failed: int = 0
    """Failed or unknown."""
    clicked: int = 0
    per_minute: int = 0
    """Mails sent in the last 60 seconds."""

    @property
    def done(self) -> int:
        """Deliveries that are over."""
        return self.total - self.waiting

    @property
    def minutes_left(self) -> int | None:
        """Minutes until the rest is sent at this speed, at least 1; None when nothing moves."""
        return max(1, round(self.waiting / self.per_minute)) if self.per_minute and self.waiting else None


def progress(campaigns: Iterable[Campaign]) -> dict[int, Progress]:
    """Return campaign id → progress, for those that have deliveries; one query for all of them.

    Two where some are over: only clicks still come to those, so they are counted every ten minutes, however many look.
    """
    settled: dict[int, int] = {}
    moving: dict[int, int] = {}
    for campaign in campaigns:
        if campaign.message_id:
            ended = campaign.finished_at
            over = ended is not None and ended < timezone.now() - SETTLED
            (settled if over else moving)[campaign.message_id] = campaign.pk
    found = _counted(moving) if moving else {}
    if settled:
        found |= kept(f"progress:{sorted(settled.items())}", KEPT_SECONDS, lambda: _counted(settled))
    return found


def _counted(by_message: dict[int, int]) -> dict[int, Progress]:
    rows = (
        Delivery.objects.filter(message__in=by_message)
        .values("message_id")
        .annotate(
            total=Count("pk", filter=~Q(state__in=[State.SUPPRESSED, State.CANCELLED])),
            waiting=Count("pk", filter=Q(state__in=[State.QUEUED, State.LEASED, State.INFLIGHT, State.DEFERRED])),
            sent=Count("pk", filter=Q(state=State.SENT)),
            failed=Count("pk", filter=Q(state__in=[State.FAILED, State.UNKNOWN])),
            clicked=Count("clicked_at", filter=Q(state=State.SENT)),
            per_minute=Count("pk", filter=Q(state=State.SENT, sent_at__gte=timezone.now() - SPEED_WINDOW)),
        )
        .order_by()
    )
    names = [item.name for item in fields(Progress)]
    return {by_message[row["message_id"]]: Progress(**{name: row[name] for name in names}) for row in cast("Any", rows)}
