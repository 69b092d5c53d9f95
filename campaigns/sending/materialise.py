"""Write a campaign's deliveries: one row for each person of its matrix, those who get nothing with the reason why."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from campaigns.sending.states import by_name
from crm.consents.purposes import Purpose
from crm.eligibility.reasons import Lane, sql

BATCH = 20_000
"""People written at once: about half a second, the longest a step can keep anything waiting."""
HOURS = 24
"""A campaign's mail that could not be sent within a day is not sent at all."""

_MEMBERS = """
SELECT count(DISTINCT m.customer_id) FROM segmentation_membership m
JOIN campaigns_campaigncell c ON c.segment_id = m.segment_id
WHERE c.campaign_id = %(campaign)s AND m.until IS NULL
"""
_NEXT = """
SELECT max(customer_id) FROM (
    SELECT DISTINCT m.customer_id FROM segmentation_membership m
    JOIN campaigns_campaigncell c ON c.segment_id = m.segment_id
    WHERE c.campaign_id = %(campaign)s AND m.until IS NULL AND m.customer_id > %(after)s
    ORDER BY m.customer_id LIMIT %(batch)s
) batch
"""
# Unique (campaign, step, customer) makes a second run, or two at once, write nothing twice.
_WRITE = by_name(
    """
WITH written AS (
WITH cell AS (
    SELECT c.id, c.segment_id, c.offer_id, c.position,
           coalesce(bool_or(t.language = 'zh-hans'), false) AS has_zh,
           coalesce(bool_or(t.language = 'en'), false) AS has_en
    FROM campaigns_campaigncell c
    LEFT JOIN campaigns_compiledtext t ON t.campaign_id = c.campaign_id AND t.template_id = c.template_id
    WHERE c.campaign_id = %(campaign)s
    GROUP BY c.id
), placed AS (
    SELECT DISTINCT ON (m.customer_id) m.customer_id, cell.*
    FROM segmentation_membership m JOIN cell ON cell.segment_id = m.segment_id
    WHERE m.until IS NULL AND m.customer_id > %(after)s AND m.customer_id <= %(last)s
    ORDER BY m.customer_id, cell.position, cell.id
), judged AS (
    SELECT placed.*, k.language AS spoken,
           {INELIGIBLE} AS reason
    FROM placed
    JOIN crm_customer k ON k.id = placed.customer_id AND NOT k.canary
    LEFT JOIN crm_identity i ON i.customer_id = placed.customer_id
)
INSERT INTO campaigns_delivery (
    campaign_id, step, customer_id, cell_id, segment_id, offer_id, key, state, reason, language, recommended, attempts,
    not_before, expires_at, reply, created_at
)
SELECT %(campaign)s, 0, customer_id, id, segment_id, offer_id, gen_random_uuid(),
       CASE WHEN reason = '' THEN {QUEUED} ELSE {SUPPRESSED} END, reason,
       CASE WHEN has_zh AND (spoken ILIKE 'zh%%' OR NOT has_en) THEN 'zh-hans' ELSE 'en' END,
       '[]'::jsonb, 0, now(), now() + make_interval(hours => %(hours)s), '', now()
FROM judged
ON CONFLICT (campaign_id, step, customer_id) DO NOTHING
RETURNING state, reason
)
SELECT state, reason, count(*) FROM written GROUP BY 1, 2
""",
    INELIGIBLE=sql(purpose="%(purpose)s", lane="%(lane)s"),
)


@dataclass
class Materialised:
    """What was written: rows, and how many of each (state, reason)."""

    created: int = 0
    counts: Counter[tuple[int, str]] = field(default_factory=Counter)


@dataclass(frozen=True)
class WrittenBatch:
    """What one batch wrote, and the customer it ended with."""

    last: int
    written: Materialised


def members(campaign_id: int) -> int:
    """Return how many different people are in the segments of a campaign's matrix."""
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, {"campaign": campaign_id})
        return int(cursor.fetchone()[0])


@transaction.atomic
def write_next(campaign_id: int, after: int) -> WrittenBatch | None:
    """Write the deliveries of the next 20,000 people behind a customer; None when there is nobody left.

    Everybody who is in a segment of the matrix today gets one row, for the cell with the lowest position among their
    segments: queued, or suppressed with the reason. Running it again adds only who is missing. Recommended products are
    chosen when a mail is composed and written into its row before it is sent, so that a retry carries the same ones.
    """
    values: dict[str, Any] = {"campaign": campaign_id, "after": after, "batch": BATCH}
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, values)
        last = int(cursor.fetchone()[0] or 0)
        if not last:
            return None
        values |= {"last": last, "hours": HOURS}
        values |= {"purpose": int(Purpose.EMAIL_MARKETING), "lane": Lane.MARKETING.value}
        cursor.execute(_WRITE, values)
        rows = cursor.fetchall()
    counts = Counter({(state, reason): count for state, reason, count in rows})
    return WrittenBatch(last, Materialised(counts.total(), counts))
