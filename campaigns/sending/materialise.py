"""Write deliveries: one row for each person somebody names, those who get nothing with the reason why."""

import secrets
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from campaigns.messages.models import Message
from campaigns.sending.states import by_name
from crm.eligibility.reasons import sql

# Unique (message, customer, occasion) makes a second run, or two at once, write nothing twice. Keys begin with the
# time of the batch (UUID version 7, RFC 9562 section 5.7), so that it is written side by side in their index; their
# random bits come from a secret of the batch, since as many calls of gen_random_uuid took a seventh of its time. Of
# several texts of a mail in one language the newest is given. What holds for the whole message is read once.
_WRITE = by_name(
    """
WITH written AS (
WITH wording AS (
    SELECT template_id, max(id) FILTER (WHERE language = 'zh-hans') AS chinese,
           max(id) FILTER (WHERE language = 'en') AS english
    FROM campaigns_compiledtext WHERE message_id = %(message)s GROUP BY template_id
), placed AS (
{PEOPLE}
), judged AS (
    SELECT placed.*, w.english,
           CASE WHEN k.language ILIKE 'zh%%' OR w.english IS NULL THEN w.chinese END AS chinese,
           {INELIGIBLE} AS reason
    FROM placed
    JOIN crm_customer k ON k.id = placed.customer_id AND NOT k.canary
    LEFT JOIN crm_identity i ON i.customer_id = placed.customer_id
    LEFT JOIN wording w ON w.template_id = placed.template_id
)
INSERT INTO campaigns_delivery (
    message_id, customer_id, occasion, text_id, segment_id, offer_id, key, state, reason, language, recommended,
    attempts, not_before, expires_at, reply, created_at
)
SELECT %(message)s, customer_id, occasion, coalesce(chinese, english), segment_id, offer_id,
       overlay(overlay(left(encode(sha256(convert_to(%(secret)s || customer_id || ':' || occasion, 'UTF8')), 'hex'), 32)
           PLACING %(stamp)s FROM 1) PLACING '8' FROM 17)::uuid,
       CASE WHEN reason = '' THEN {QUEUED} ELSE {SUPPRESSED} END, reason,
       CASE WHEN chinese IS NULL THEN 'en' ELSE 'zh-hans' END,
       '[]'::jsonb, 0, now(), now() + %(valid_for)s, '', now()
FROM judged
ON CONFLICT (message_id, customer_id, occasion) DO NOTHING
RETURNING state, reason
)
SELECT state, reason, count(*) FROM written GROUP BY 1, 2
""",
    INELIGIBLE=sql(purpose="%(purpose)s", lane="%(lane)s"),
    PEOPLE="{PEOPLE}",
)


@dataclass
class Materialised:
    """What was written: rows, and how many of each (state, reason)."""

    created: int = 0
    counts: Counter[tuple[int, str]] = field(default_factory=Counter)


def write(*, message_id: int, people: str, values: Mapping[str, Any]) -> Materialised:
    """Write the deliveries of a message: queued, or suppressed with the reason.

    `people` is the caller's own SELECT, never anything from outside: customer_id, occasion, template_id, segment_id,
    offer_id, each customer and occasion once; `values` are its parameters. Writing it again adds only who is missing.
    Recommended products are chosen when a mail is composed and written into its row before it is sent, so that a retry
    carries the same ones.
    """
    message = Message.objects.values("purpose", "lane", "valid_for").get(pk=message_id)
    asked = {**values, **message, "message": message_id, "stamp": _stamp(), "secret": secrets.token_hex(16)}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE.replace("{PEOPLE}", people), asked)
        rows = cursor.fetchall()
    counts = Counter({(state, reason): count for state, reason, count in rows})
    return Materialised(counts.total(), counts)


def _stamp() -> str:
    """How the keys of this moment begin: milliseconds in 48 bits, and the version."""
    return f"{time.time_ns() // 1_000_000:012x}7"
