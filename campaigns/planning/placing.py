"""Who gets which row of a campaign's matrix: the one place that says it, for counting, for freezing and for preview.

Somebody in several segments belongs to the one that stands first. Rows of the same segment are variants of its mail:
its people are divided among them alike, by a hash of campaign and customer, so that everybody stays where she was
however often it is asked.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from campaigns.planning.models import Campaign
from campaigns.sending.materialise import Materialised, write

BATCH = 20_000
"""People written at once: the longest a step can keep anything waiting."""

VARIANT = """CASE WHEN {arms} = 1 THEN 0 ELSE (
    'x' || left(encode(sha256(convert_to(%(campaign)s::text || ':' || {customer}, 'UTF8')), 'hex'), 6)
)::bit(24)::int %% {arms} END"""
"""Which of a segment's variants somebody gets, counted from 0; holes: the number of them, and the customer's id."""
_ARMS = """
    SELECT id AS cell_id, segment_id, offer_id, template_id,
           min(position) OVER (PARTITION BY segment_id) AS place,
           row_number() OVER (PARTITION BY segment_id ORDER BY position, id) - 1 AS number,
           count(*) OVER (PARTITION BY segment_id) AS arms
    FROM campaigns_campaigncell WHERE campaign_id = %(campaign)s
"""
_PLACED = """
    SELECT DISTINCT ON (m.customer_id) m.customer_id, 0 AS occasion, arm.cell_id, arm.template_id, arm.segment_id,
           arm.offer_id
    FROM segmentation_membership m
    JOIN ({ARMS}) arm ON arm.segment_id = m.segment_id
        AND arm.number = {VARIANT}
    WHERE m.until IS NULL AND m.customer_id > %(after)s AND m.customer_id <= %(last)s
    ORDER BY m.customer_id, arm.place, arm.segment_id
""".replace("{ARMS}", _ARMS).replace("{VARIANT}", VARIANT.format(arms="arm.arms", customer="m.customer_id"))
_CELL = "SELECT cell_id FROM (PLACED) placed".replace("PLACED", _PLACED)
_MEMBERS = """
SELECT count(DISTINCT m.customer_id) FROM segmentation_membership m
JOIN campaigns_campaigncell c ON c.segment_id = m.segment_id
WHERE c.campaign_id = %(campaign)s AND m.until IS NULL
"""
_NEXT = """
SELECT max(customer_id) FROM (
    SELECT DISTINCT m.customer_id FROM segmentation_membership m
    WHERE m.segment_id IN (SELECT segment_id FROM campaigns_campaigncell WHERE campaign_id = %(campaign)s)
        AND m.until IS NULL AND m.customer_id > %(after)s
    ORDER BY m.customer_id LIMIT %(batch)s
) batch
"""


@dataclass(frozen=True)
class WrittenBatch:
    """What one batch wrote, and the customer it ended with."""

    last: int
    written: Materialised


def members(campaign: Campaign) -> int:
    """Return how many different people are in the segments of a campaign's matrix."""
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, {"campaign": campaign.pk})
        return int(cursor.fetchone()[0])


def cell_of(campaign: Campaign, customer_id: int) -> int | None:
    """Return the row of the matrix whose mail a customer gets, None for who is in none of its segments."""
    values = {"campaign": campaign.pk, "after": customer_id - 1, "last": customer_id}
    with connection.cursor() as cursor:
        cursor.execute(_CELL, values)
        row = cursor.fetchone()
    return int(row[0]) if row else None


@transaction.atomic
def write_next(campaign: Campaign, after: int) -> WrittenBatch | None:
    """Write the deliveries of the next 20,000 people behind a customer; None when there is nobody left.

    The campaign has its message. Everybody who is in a segment of the matrix today gets one row. Running it again adds
    only who is missing.
    """
    if campaign.message_id is None:
        raise ValueError("A campaign without a message writes nothing.")
    values: dict[str, Any] = {"campaign": campaign.pk, "after": after, "batch": BATCH}
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, values)
        last = int(cursor.fetchone()[0] or 0)
    if not last:
        return None
    return WrittenBatch(last, write(message_id=campaign.message_id, people=_PLACED, values={**values, "last": last}))
