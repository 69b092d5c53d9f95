"""What a server's answer means for a delivery: sent, again later, never, or nobody knows."""

import random
import re
from datetime import datetime, timedelta

from django.utils import timezone

from campaigns.sending import ledger
from campaigns.sending.ledger import Outcome
from campaigns.sending.transport import Answer, Stage
from lib.scrub import scrub

BACKOFF_MINUTES = (1, 5, 15, 30, 60, 120, 240)
# QQ and NetEase answer 550 to senders who are merely too fast; taken at its word, half of China would be struck off.
TOO_FAST = re.compile(
    r"frequency limited|HL:I[FC]C|MI:DMC|DT:SPM|temporarily flooded|too many connections", re.IGNORECASE
)
ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


def outcome_of(delivery_id: int, attempts: int, answer: Answer) -> Outcome:
    """Return what an answer means; `attempts` counts the tries before this one.

    4xx and broken connections are tried again after 1, 5, 15, 30, 60, 120 and 240 minutes, 20 percent more or less.
    """
    reply = scrub(answer.text)[:200]
    now = timezone.now()
    if answer.stage == Stage.DELIVERED:
        return Outcome(delivery_id, ledger.SENT, "", answer.code, reply, sent_at=now)
    if answer.stage == Stage.UNANSWERED:
        return Outcome(delivery_id, ledger.UNKNOWN, "crash", None, "no answer after the final dot")
    permanent = answer.stage == Stage.REFUSED and (answer.code or 0) // 100 == 5 and not TOO_FAST.search(answer.text)
    if permanent:
        reason = "bounced" if bounced(answer) else "refused"
        return Outcome(delivery_id, ledger.FAILED, reason, answer.code, reply)
    if attempts >= len(BACKOFF_MINUTES):
        return Outcome(delivery_id, ledger.FAILED, "tries", answer.code, reply)
    return Outcome(delivery_id, ledger.DEFERRED, "", answer.code, reply, not_before=again(attempts, now))


def bounced(answer: Answer) -> bool:
    """Say whether the server says that the address does not exist (RFC 3463, class 5.1)."""
    found = ENHANCED.search(answer.text)
    return found is not None and found[1].startswith("5.1.")


def again(attempts: int, now: datetime) -> datetime:
    """Return when to try again after `attempts` earlier tries."""
    minutes = BACKOFF_MINUTES[min(attempts, len(BACKOFF_MINUTES) - 1)]
    return now + timedelta(minutes=minutes * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load, hides nothing


def unreachable(delivery_id: int, attempts: int, why: str) -> Outcome:
    """Return the outcome of a mail for which no server was there."""
    if attempts >= len(BACKOFF_MINUTES):
        return Outcome(delivery_id, ledger.FAILED, "tries", None, why[:200])
    return Outcome(delivery_id, ledger.DEFERRED, "", None, why[:200], not_before=again(attempts, timezone.now()))
