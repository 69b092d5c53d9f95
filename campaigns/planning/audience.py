"""Who would get a campaign today, counted in the database without writing a row.

The rules are those of campaigns.sending.materialise, in the same order; a test sends and compares.
"""

from dataclasses import dataclass, field

from django.db import connection

from campaigns.planning.models import Campaign
from crm.consents.purposes import Purpose

# Everybody once, in the row with the lowest position among the rows of their segments.
_COUNT = """
WITH placed AS (
    SELECT DISTINCT ON (m.customer_id) m.customer_id, c.id AS cell_id
    FROM campaigns_campaigncell c
    JOIN segmentation_membership m ON m.segment_id = c.segment_id AND m.until IS NULL
    WHERE c.campaign_id = %(campaign)s
    ORDER BY m.customer_id, c.position, c.id
)
SELECT p.cell_id,
       CASE WHEN cu.state = 'erased' THEN 'erased'
            WHEN cu.state = 'restricted' THEN 'restricted'
            WHEN cu.permission & %(purpose)s = 0 THEN 'no_consent'
            WHEN i.email_index IS NULL THEN 'no_address'
            ELSE '' END AS reason,
       count(*)
FROM placed p
JOIN crm_customer cu ON cu.id = p.customer_id AND NOT cu.canary
LEFT JOIN crm_identity i ON i.customer_id = p.customer_id
GROUP BY 1, 2
"""
_MEMBERS = """
SELECT c.id, count(cu.id)
FROM campaigns_campaigncell c
LEFT JOIN segmentation_membership m ON m.segment_id = c.segment_id AND m.until IS NULL
LEFT JOIN crm_customer cu ON cu.id = m.customer_id AND NOT cu.canary
WHERE c.campaign_id = %(campaign)s
GROUP BY c.id
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
        """People in the matrix who get nothing."""
        return sum(self.excluded.values())


def count(campaign: Campaign) -> Audience:
    """Count who would get the campaign if it started now, by row of the matrix and by reason for being left out."""
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, {"campaign": campaign.pk})
        cells = {pk: CellAudience(members=members) for pk, members in cursor.fetchall()}
        cursor.execute(_COUNT, {"campaign": campaign.pk, "purpose": int(Purpose.EMAIL_MARKETING)})
        rows = cursor.fetchall()
    audience = Audience(cells=cells)
    for cell_id, reason, people in rows:
        cell = cells[cell_id]
        audience.people += people
        if reason:
            cell.excluded[reason] = people
            audience.excluded[reason] = audience.excluded.get(reason, 0) + people
        else:
            cell.reachable = people
            audience.reachable += people
    for cell in cells.values():
        cell.elsewhere = cell.members - cell.reachable - sum(cell.excluded.values())
    return audience
