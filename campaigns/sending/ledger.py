"""The statements that move deliveries from state to state. The order lease → intent → outcome makes a crash harmless.

A row is claimed under a lease (a random token with an end), its intent is committed before anything is on the wire, and
its outcome after the server's answer. Every statement after the claim carries the token, so that a worker that slept
past its lease cannot touch a row that somebody else has taken over.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from math import ceil
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from campaigns.messages.models import EMAIL
from campaigns.sending.states import State, by_name
from crm.eligibility.reasons import sql

QUEUED, LEASED, INFLIGHT, SENT, DEFERRED, UNKNOWN, FAILED, SUPPRESSED, CANCELLED = State

# The limit keeps the look-up one row a message: EXISTS became a hash of all waiting rows (350 ms with a million) while
# the table's statistics knew only one message.
_RUNNING = """
SELECT m.id, m.lane, m.priority FROM campaigns_message m CROSS JOIN LATERAL (
    SELECT 1 FROM campaigns_delivery d WHERE d.message_id = m.id AND d.waiting AND d.not_before <= now()
    ORDER BY d.not_before LIMIT 1
) due
CROSS JOIN LATERAL (SELECT (now() AT TIME ZONE %(zone)s)::time AS now) local
WHERE m.state = 'sending' AND m.channel = %(channel)s AND CASE
    WHEN m.window_from IS NULL THEN true
    WHEN m.window_from <= m.window_until THEN local.now >= m.window_from AND local.now < m.window_until
    ELSE local.now >= m.window_from OR local.now < m.window_until
END
ORDER BY m.lane = 'transactional' DESC, m.priority, m.id
"""
# One message at a time, along its own stretch of the index, so that no claim reads past rows of a paused one.
_CLAIM = by_name("""
WITH due AS (
    SELECT d.id FROM campaigns_delivery d
    WHERE d.message_id = %(message)s AND d.waiting AND d.not_before <= now() AND d.expires_at > now()
    ORDER BY d.not_before, d.id LIMIT %(limit)s
    FOR UPDATE OF d SKIP LOCKED
), claimed AS (
    UPDATE campaigns_delivery d
    SET state = {LEASED}, lease = %(lease)s, lease_until = now() + make_interval(secs => %(seconds)s)
    FROM due WHERE d.id = due.id
    RETURNING d.*
)
SELECT d.id, d.message_id, d.customer_id, d.text_id, d.offer_id, d.key, d.language, d.recommended,
       d.version_ref, d.attempts, d.created_at, m.sender_name, m.sender_address, m.products, m.purpose, m.lane
FROM claimed d JOIN campaigns_message m ON m.id = d.message_id
ORDER BY d.not_before, d.id
""")
# Whether the person may be written to, and the message's state, are asked at the last moment before the wire.
_INTEND = by_name(
    """
UPDATE campaigns_delivery d
SET state = {INFLIGHT}, attempts = d.attempts + 1, lease_until = now() + make_interval(secs => %(seconds)s),
    recommended = v.recommended::jsonb, version_ref = v.version_ref
FROM unnest(%(ids)s::bigint[], %(recommended)s::text[], %(versions)s::bigint[]) AS v(id, recommended, version_ref),
     campaigns_message m, crm_customer k LEFT JOIN crm_identity i ON i.customer_id = k.id
WHERE d.id = v.id AND d.lease = %(lease)s AND d.state = {LEASED} AND d.lease_until > now()
  AND m.id = d.message_id AND m.state = 'sending'
  AND k.id = d.customer_id AND {INELIGIBLE} = ''
RETURNING d.id
""",
    INELIGIBLE=sql(purpose="m.purpose", lane="m.lane"),
)
# A row the reaper called unknown meanwhile still belongs to this lease: the late answer is the truth.
_OUTCOME = by_name("""
UPDATE campaigns_delivery d
SET state = v.state, reason = v.reason, smtp_code = v.code, reply = v.reply, sent_at = v.sent_at,
    not_before = coalesce(v.not_before, d.not_before), lease_until = NULL,
    -- What goes back to the queue was no try of this mail.
    attempts = d.attempts - (v.state = {QUEUED})::int,
    lease = CASE WHEN v.state = {UNKNOWN} THEN d.lease END
FROM unnest(%(ids)s::bigint[], %(states)s::smallint[], %(reasons)s::text[], %(codes)s::smallint[], %(replies)s::text[],
            %(sent)s::timestamptz[], %(not_before)s::timestamptz[])
     AS v(id, state, reason, code, reply, sent_at, not_before)
WHERE d.id = v.id AND d.lease = %(lease)s AND d.state IN ({INFLIGHT}, {UNKNOWN})
""")
_DROP = by_name("""
UPDATE campaigns_delivery d
SET state = v.state, reason = v.reason, reply = v.reply, lease = NULL, lease_until = NULL
FROM unnest(%(ids)s::bigint[], %(states)s::smallint[], %(reasons)s::text[], %(replies)s::text[])
     AS v(id, state, reason, reply)
WHERE d.id = v.id AND d.lease = %(lease)s AND d.state = {LEASED}
""")
_RELEASE = by_name("""
UPDATE campaigns_delivery SET state = {QUEUED}, lease = NULL, lease_until = NULL
WHERE id = ANY(%s) AND lease = %s AND state = {LEASED}
""")
_LOCK = "SELECT id FROM campaigns_delivery WHERE id = ANY(%s) ORDER BY id FOR UPDATE"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery under lease, with what its mail depends on."""

    id: int
    message_id: int
    customer_id: int
    text_id: int | None
    offer_id: int | None
    key: UUID
    language: str
    recommended: list[dict[str, Any]]
    version_ref: int | None
    attempts: int
    created_at: datetime
    sender_name: str
    sender_address: str
    products: int
    purpose: int
    lane: str
    """How many products the campaign recommends."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A mail about to go on the wire, and the products frozen into it."""

    id: int
    recommended: list[dict[str, Any]] = field(default_factory=list)
    version_ref: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mail."""

    id: int
    state: int
    reason: str = ""
    code: int | None = None
    reply: str = ""
    """The server's answer without addresses, at most 200 characters."""
    sent_at: datetime | None = None
    not_before: datetime | None = None
    """When to try again."""


@transaction.atomic
def claim(limit: int, lease: UUID, seconds: float, channel: str = EMAIL) -> list[Claimed]:
    """Take at most `limit` due deliveries of messages being sent, for `seconds`; workers side by side get others.

    Transactional messages go first, then by priority. Equals share alike: a long one does not keep a short one waiting,
    and what one does not need goes to the next.
    """
    rows: list[Any] = []
    with connection.cursor() as cursor:
        # A claim that a crash of the server takes back costs nothing: its rows are waiting again, and nothing goes on
        # the wire before an intent was committed, which writes the claim with it.
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(_RUNNING, {"channel": channel, "zone": timezone.get_default_timezone_name()})
        running = cursor.fetchall()
        for _rank, equals in groupby(running, key=itemgetter(1, 2)):
            messages = [row[0] for row in equals]
            for place, message in enumerate(messages):
                share = ceil((limit - len(rows)) / (len(messages) - place))
                cursor.execute(_CLAIM, {"message": message, "limit": share, "lease": lease, "seconds": seconds})
                rows += cursor.fetchall()
    return [_claimed(*row) for row in rows]


def _claimed(*row: Any) -> Claimed:
    values = list(row)
    # jsonb comes as text over a raw cursor.
    values[7] = json.loads(row[7]) if isinstance(row[7], str) else row[7]
    return Claimed(*values)


@transaction.atomic
def commit_group(lease: UUID, outcomes: Sequence[Outcome], intents: Sequence[Intent], seconds: float = 180) -> set[int]:
    """Write the outcomes of one group and the intent of the next, in one transaction.

    Returns the ids that may now be sent: those still under this lease, of messages still being sent, to people who
    still agree.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [[item.id for item in outcomes] + [item.id for item in intents]])
        if outcomes:
            cursor.execute(
                _OUTCOME,
                {
                    "lease": lease,
                    "ids": [item.id for item in outcomes],
                    "states": [item.state for item in outcomes],
                    "reasons": [item.reason for item in outcomes],
                    "codes": [item.code for item in outcomes],
                    "replies": [item.reply for item in outcomes],
                    "sent": [item.sent_at for item in outcomes],
                    "not_before": [item.not_before for item in outcomes],
                },
            )
        if not intents:
            return set()
        cursor.execute(
            _INTEND,
            {
                "lease": lease,
                "seconds": seconds,
                "ids": [item.id for item in intents],
                "recommended": [json.dumps(item.recommended) for item in intents],
                "versions": [item.version_ref for item in intents],
            },
        )
        return {row[0] for row in cursor.fetchall()}


@transaction.atomic
def drop(lease: UUID, outcomes: Sequence[Outcome]) -> int:
    """Put leased deliveries that will not be sent into their last state; return how many."""
    if not outcomes:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [[item.id for item in outcomes]])
        cursor.execute(
            _DROP,
            {
                "lease": lease,
                "ids": [item.id for item in outcomes],
                "states": [item.state for item in outcomes],
                "reasons": [item.reason for item in outcomes],
                "replies": [item.reply for item in outcomes],
            },
        )
        return int(cursor.rowcount)


def release(lease: UUID, ids: Sequence[int]) -> int:
    """Give back what is still leased and was not sent; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, [list(ids), lease])
        return int(cursor.rowcount)
