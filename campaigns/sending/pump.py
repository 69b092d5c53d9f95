"""Send what is due: claim a batch, compose it, then group by group commit the intent, send, and note the answers."""

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from django.conf import settings

from campaigns.sending import ledger
from campaigns.sending.compose import Outgoing, prepare
from campaigns.sending.finish import finish
from campaigns.sending.ledger import Outcome
from campaigns.sending.message import domain_of
from campaigns.sending.outcome import outcome_of, unreachable
from campaigns.sending.sent import note_sent
from campaigns.sending.strike import strike
from campaigns.sending.transport import Transport, Unreachable

logger = logging.getLogger(__name__)

GROUP = 20
"""Mails whose intent is committed at once: what a crash can leave unknown, against a commit for each mail."""
INFLIGHT = 3
"""How long a group on the wire may take before it is called unknown, as a multiple of the lease."""


@dataclass
class Counts:
    """What one pump did: deliveries claimed, and how many ended in each state."""

    claimed: int = 0
    states: Counter[int] = field(default_factory=Counter)

    @property
    def sent(self) -> int:
        """Mails the server took."""
        return self.states[ledger.SENT]

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Count outcomes."""
        self.states.update(outcome.state for outcome in outcomes)


def pump(*, limit: int = 500, worker: str = "", lease_seconds: float = 60) -> Counts:
    """Send at most `limit` due deliveries; any number of processes may do so side by side.

    A mail is handed to the server at most once, whatever dies when: what was on the wire when a worker ended becomes
    unknown and is not sent again. A pump that finds nothing due closes the campaigns that are over. `worker` only names
    the process in the log.
    """
    lease = uuid4()
    claimed = ledger.claim(limit, lease, lease_seconds)
    counts = Counts(claimed=len(claimed))
    if not claimed:
        finish()
        return counts
    ids = [row.id for row in claimed]
    try:
        prepared = prepare(claimed)
        ledger.drop(lease, prepared.dropped)
        counts.add(prepared.dropped)
        with Transport(domain_of(settings.SENDER_ADDRESS)) as transport:
            outcomes = _send(prepared.outgoing, lease, transport, lease_seconds)
        counts.add(outcomes)
    finally:
        ledger.release(lease, ids)
    strike([outcome.id for outcome in outcomes if outcome.reason == "bounced"])
    note_sent([outcome.id for outcome in outcomes if outcome.state == ledger.SENT])
    logger.info("Worker %s: claimed %s, sent %s", worker or "-", counts.claimed, counts.sent)
    return counts


def _send(outgoing: Sequence[Outgoing], lease: UUID, transport: Transport, seconds: float) -> list[Outcome]:
    deadline = time.monotonic() + seconds
    written: list[Outcome] = []
    answered: list[Outcome] = []
    try:
        for group in _groups(outgoing):
            allowed = ledger.commit_group(lease, answered, [item.intent for item in group], seconds * INFLIGHT)
            written += answered
            answered = []
            if not _send_group([item for item in group if item.claimed.id in allowed], transport, answered, deadline):
                break
    finally:
        # Also when something broke: an answer that was read must not be forgotten.
        ledger.commit_group(lease, answered, [])
        written += answered
    return written


def _send_group(group: Sequence[Outgoing], transport: Transport, answered: list[Outcome], deadline: float) -> bool:
    for place, item in enumerate(group):
        if time.monotonic() > deadline:
            # The server is slow: what is not on the wire goes back before anybody calls it unknown.
            answered += [Outcome(rest.claimed.id, ledger.QUEUED) for rest in group[place:]]
            return False
        try:
            answer = transport.send(item.sender, item.recipient, item.message)
        except Unreachable as error:
            answered += [unreachable(rest.claimed.id, rest.claimed.attempts, str(error)) for rest in group[place:]]
            return False
        answered.append(outcome_of(item.claimed.id, item.claimed.attempts, answer))
    return True


def _groups(outgoing: Sequence[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    for start in range(0, len(outgoing), GROUP):
        yield outgoing[start : start + GROUP]
