"""Send what is due: claim a batch, compose it, then group by group commit the intent, send, and note the answers."""

import contextlib
import logging
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from django.conf import settings

from campaigns.sending import ledger
from campaigns.sending.breaker import Admission, Breaker
from campaigns.sending.compose import Outgoing, prepare
from campaigns.sending.ledger import Outcome
from campaigns.sending.message import domain_of
from campaigns.sending.outcome import outcome_of
from campaigns.sending.sent import note_sent
from campaigns.sending.strike import strike
from campaigns.sending.transports.base import Answer, Answers, Stage, Transport
from campaigns.sending.transports.registry import EMAIL, transport_for

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
    held: bool = False
    """Whether a lane was found held: what was claimed for it went back."""

    @property
    def sent(self) -> int:
        """Mails the server took."""
        return self.states[ledger.SENT]

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Count outcomes."""
        self.states.update(outcome.state for outcome in outcomes)


@dataclass
class Way:
    """How a worker's mails go out: its connections, and what it knows of the lanes. Kept from pump to pump."""

    transport: Transport
    breaker: Breaker


@contextlib.contextmanager
def way(channel: str = EMAIL) -> Iterator[Way]:
    """Open a way for a channel, and say goodbye to the server in the end."""
    transport = transport_for(channel, domain_of(settings.SENDER_ADDRESS))
    try:
        yield Way(transport, Breaker(channel))
    finally:
        transport.close()


def pump(*, limit: int = 500, worker: str = "", lease_seconds: float = 60, out: Way | None = None) -> Counts:
    """Send at most `limit` due deliveries; any number of processes may do so side by side.

    A mail is handed to the server at most once, whatever dies when: what was on the wire when a worker ended becomes
    unknown and is not sent again. `worker` only names the process in the log; `out` is the way kept from pump to pump.
    """
    if out is None:
        with way() as opened:
            return pump(limit=limit, worker=worker, lease_seconds=lease_seconds, out=opened)
    lease = uuid4()
    waits = out.breaker.waits()
    claimed = [] if waits else ledger.claim(limit, lease, lease_seconds, out.breaker.channel)
    counts = Counts(claimed=len(claimed), held=waits)
    if not claimed:
        return counts
    ids = [row.id for row in claimed]
    try:
        prepared = prepare(claimed)
        ledger.drop(lease, prepared.dropped)
        counts.add(prepared.dropped)
        sending = Sending(lease, out, lease_seconds)
        sending.send(prepared.outgoing)
        counts.add(sending.written)
        counts.held = sending.held
    finally:
        ledger.release(lease, ids)
    strike(sending.written)
    note_sent([outcome.id for outcome in sending.written if outcome.state == ledger.SENT])
    logger.info("Worker %s: claimed %s, sent %s", worker or "-", counts.claimed, counts.sent)
    return counts


@dataclass
class Sending:
    """What was claimed under one lease, on its way to the wire group by group."""

    lease: UUID
    out: Way
    seconds: float
    """How long the lease lasts; nothing is begun after it."""
    written: list[Outcome] = field(default_factory=list)
    """Outcomes that are in the ledger."""
    answered: list[Outcome] = field(default_factory=list)
    """Outcomes of the last group, written together with the intent of the next."""
    held: bool = False

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        """Send what may be sent; what a held lane or a slow server leaves over stays leased."""
        deadline = time.monotonic() + self.seconds
        senders: dict[str, deque[Outgoing]] = {}
        for item in outgoing:
            senders.setdefault(item.sender, deque()).append(item)
        try:
            for sender, waiting in senders.items():
                self._send_all(sender, waiting, deadline)
        finally:
            # Also when something broke: an answer that was read must not be forgotten.
            self._commit([])

    def _send_all(self, sender: str, waiting: deque[Outgoing], deadline: float) -> None:
        probing = False
        while waiting and time.monotonic() <= deadline:
            if not probing:
                admission = self.out.breaker.admit(sender, self.seconds)
                if admission == Admission.HELD:
                    self.held = True
                    return
                probing = admission == Admission.PROBE
            group = [waiting.popleft() for _ in range(min(1 if probing else GROUP, len(waiting)))]
            allowed = self._commit(group)
            if going := [item for item in group if item.claimed.id in allowed]:
                self._send_group(sender, going, probing, deadline)
                probing = False
        if probing:
            self.out.breaker.unasked(sender)

    def _send_group(self, sender: str, group: Sequence[Outgoing], probing: bool, deadline: float) -> None:
        answers: Answers = {}
        storm = False
        try:
            self.out.transport.send(group, answers, until=deadline)
            storm = self.out.breaker.note(sender, answers.values(), probing)
        finally:
            untried = Answer(Stage.NOT_TRIED)
            self.answered += [
                outcome_of(item.claimed.id, item.claimed.attempts, answers.get(place, untried), storm)
                for place, item in enumerate(group)
            ]

    def _commit(self, group: Sequence[Outgoing]) -> set[int]:
        intents = [item.intent for item in group]
        allowed = ledger.commit_group(self.lease, self.answered, intents, self.seconds * INFLIGHT)
        self.written += self.answered
        self.answered = []
        return allowed
