"""Who would get a campaign today, counted in the database without writing a row.

The rules are those of campaigns.sending.materialise, in the same order; a test sends and compares.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from campaigns.planning.models import Campaign
from crm.consents.purposes import Purpose
from crm.eligibility.reasons import Lane, sql

# Everybody once, in the first row among the rows of their segments: the smallest place, which needs no sorting of
# people. The segments are given as an array, so that the planner knows how many rows to expect and joins by hash.
_COUNT = """
WITH placed AS (
    SELECT m.customer_id, min(array_position(%(segments)s::bigint[], m.segment_id)) AS place
    FROM segmentation_membership m
    WHERE m.segment_id = ANY(%(segments)s::bigint[]) AND m.until IS NULL
    GROUP BY m.customer_id
)
SELECT p.place,
       {INELIGIBLE} AS reason,
       count(*)
FROM placed p
JOIN crm_customer k ON k.id = p.customer_id AND NOT k.canary
LEFT JOIN crm_identity i ON i.customer_id = p.customer_id
GROUP BY 1, 2
""".replace("{INELIGIBLE}", sql(purpose="%(purpose)s", lane="%(lane)s"))
_MEMBERS = """
SELECT segment_id, count(*) FROM segmentation_membership m
WHERE segment_id = ANY(%(segments)s::bigint[]) AND until IS NULL
    AND NOT EXISTS (SELECT 1 FROM crm_customer cu WHERE cu.id = m.customer_id AND cu.canary)
GROUP BY segment_id
"""


@dataclass
class CellAudience:
    """Who one row of the matrix reaches."""

    members: int = 0
    """People in the segment today."""
    elsewhere: int = 0
    """Members who get the mail of a row above."""
    excluded: dict[str, int] = field(default_factory=dict)
    """Reason (a value of Delivery.Reason) → people of this row who get nothing."""
    reachable: int = 0
    """People who get this row's mail."""


@dataclass
class Audience:
    """Who a campaign reaches: by row and in all."""

    cells: dict[int, CellAudience]
    people: int = 0
    """Different people in all segments of the matrix."""
    excluded: dict[str, int] = field(default_factory=dict)
    reachable: int = 0

    @property
    def out(self) -> int:
        """People in the audience who get nothing."""
        return sum(self.excluded.values())


def count(campaign: Campaign) -> Audience:
    """Count who would get the campaign if it started now, by row of the matrix and by reason for being left out."""
    rows = list(campaign.cells.order_by("position", "id").values_list("pk", "segment"))
    audience = Audience(cells={pk: CellAudience() for pk, _segment in rows})
    if not rows:
        return audience
    asked: dict[str, Any] = {
        "segments": [segment for _pk, segment in rows],
        "purpose": int(Purpose.EMAIL_MARKETING),
        "lane": Lane.MARKETING.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, asked)
        members = dict(cursor.fetchall())
        cursor.execute(_COUNT, asked)
        counted = cursor.fetchall()
    for place, reason, people in counted:
        cell = audience.cells[rows[place - 1][0]]
        audience.people += people
        if reason:
            cell.excluded[reason] = people
            audience.excluded[reason] = audience.excluded.get(reason, 0) + people
        else:
            cell.reachable = people
            audience.reachable += people
    for pk, segment in rows:
        cell = audience.cells[pk]
        cell.members = members.get(segment, 0)
        cell.elsewhere = cell.members - cell.reachable - sum(cell.excluded.values())
    return audience
