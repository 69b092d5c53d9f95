"""What an answer means for a delivery: sent, again later, never, back to the queue, or nobody knows.

| answer | speaks of | outcome |
|---|---|---|
| taken | nobody | sent |
| no answer after the final dot | nobody | unknown, never tried again |
| not tried, no server | nobody, server | back to the queue as it was; the breaker holds the lane |
| connection lost before the dot | nobody | again after the ladder |
| 4xx or 5xx | sender, server | back to the queue as it was; the breaker holds the lane |
| 5xx | address | failed, struck off |
| 4xx or 5xx | full mailbox | again after 2, 5 and 10 hours, then failed; the third mail in a row strikes off |
| 5xx | recipient, policy | failed, not struck off |
| 4xx, and 5xx that only ask for patience | all others | again after the ladder |
"""

import random
from datetime import datetime, timedelta

from django.utils import timezone

from campaigns.sending import ledger
from campaigns.sending.ledger import Outcome
from campaigns.sending.transports.base import About, Answer, Stage
from campaigns.sending.transports.replies import too_fast
from lib.scrub import scrub

BACKOFF_MINUTES = (1, 5, 15, 30, 60, 120, 240)
FULL_MINUTES = (120, 300, 600)
"""A full mailbox is emptied by a person: no use in asking every minute, and campaigns live a day."""
SPREAD = 0.2
"""Retries are this share earlier or later, so that what failed together does not come back together."""
BOUNCED, REFUSED, FULL, TRIES = "bounced", "refused", "full", "tries"


def outcome_of(delivery_id: int, attempts: int, answer: Answer, storm: bool = False) -> Outcome:
    """Return what an answer means; `attempts` counts the tries before this one.

    In a storm of refusals for policy, one of them says nothing about its mail.
    """
    reply = scrub(answer.text)[:200]
    now = timezone.now()
    if answer.stage == Stage.DELIVERED:
        return Outcome(delivery_id, ledger.SENT, "", answer.code, reply, sent_at=now)
    if answer.stage == Stage.UNANSWERED:
        return Outcome(delivery_id, ledger.UNKNOWN, "crash", None, "no answer after the final dot")
    if answer.stage in {Stage.NOT_TRIED, Stage.UNREACHABLE}:
        return Outcome(delivery_id, ledger.QUEUED)
    if answer.about in {About.SENDER, About.SERVER} or (storm and answer.about == About.POLICY):
        # It steps behind all that wait, so that another mail asks next: an answer that was its own fault after all must
        # not hold the lane again and again.
        return Outcome(delivery_id, ledger.QUEUED, "", answer.code, reply, not_before=now)
    if answer.final and answer.about != About.FULL and not too_fast(answer.text):
        reason = BOUNCED if answer.about == About.ADDRESS else REFUSED
        return Outcome(delivery_id, ledger.FAILED, reason, answer.code, reply)
    ladder = FULL_MINUTES if answer.about == About.FULL else BACKOFF_MINUTES
    if attempts >= len(ladder):
        reason = FULL if answer.about == About.FULL else TRIES
        return Outcome(delivery_id, ledger.FAILED, reason, answer.code, reply)
    return Outcome(delivery_id, ledger.DEFERRED, "", answer.code, reply, not_before=_after(ladder[attempts], now))


def _after(minutes: float, now: datetime) -> datetime:
    return now + timedelta(minutes=minutes * random.uniform(1 - SPREAD, 1 + SPREAD))  # noqa: S311 - spreads load
