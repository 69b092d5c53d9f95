"""Who would get a campaign today, counted in the database without writing a row.

Who belongs to which row is said by campaigns.planning.placing, whose order this follows; a test sends and compares.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from campaigns.planning.models import Campaign
from campaigns.planning.placing import VARIANT
from crm.consents.purposes import Purpose
from crm.eligibility.reasons import Lane, sql
from lib.kept import kept

KEPT_SECONDS = 60

# Everybody once, in the first row among the rows of their segments: the smallest place, which needs no sorting of
# people. The segments are given as an array, so that the planner knows how many rows to expect and joins by hash.
_COUNT = """
WITH placed AS (
    SELECT m.customer_id, min(array_position(%(segments)s::bigint[], m.segment_id)) AS place
    FROM segmentation_membership m
    WHERE m.segment_id = ANY(%(segments)s::bigint[]) AND m.until IS NULL
    GROUP BY m.customer_id
)
SELECT p.place, {VARIANT} AS variant, {INELIGIBLE} AS reason, count(*)
FROM placed p
JOIN crm_customer k ON k.id = p.customer_id AND NOT k.canary
LEFT JOIN crm_identity i ON i.customer_id = p.customer_id
GROUP BY 1, 2, 3
""".replace("{VARIANT}", VARIANT.format(arms="(%(arms)s::int[])[p.place]", customer="p.customer_id")).replace(
    "{INELIGIBLE}", sql(purpose="%(purpose)s", lane="%(lane)s")
)
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
    """Members who get the mail of a row above it or above its variants."""
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


def kept_count(campaign: Campaign) -> Audience:
    """Return who would get the campaign, counted at most a minute ago; anew when its rows or their segments change."""
    rows = campaign.cells.order_by("position", "id").values_list(
        "pk", "segment", "segment__size", "segment__refreshed_at"
    )
    name = f"audience:{campaign.pk}:{campaign.created_at}:{list(rows)}"
    return kept(name, KEPT_SECONDS, lambda: count(campaign))


def count(campaign: Campaign) -> Audience:
    """Count who would get the campaign if it started now, by row of the matrix and by reason for being left out."""
    variants: dict[int, list[int]] = {}
    for pk, segment in campaign.cells.order_by("position", "id").values_list("pk", "segment"):
        variants.setdefault(segment, []).append(pk)
    audience = Audience(cells={pk: CellAudience() for cells in variants.values() for pk in cells})
    if not variants:
        return audience
    asked: dict[str, Any] = {
        "campaign": campaign.pk,
        "segments": list(variants),
        "arms": [len(cells) for cells in variants.values()],
        "purpose": int(Purpose.EMAIL_MARKETING),
        "lane": Lane.MARKETING.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEMBERS, asked)
        members = dict(cursor.fetchall())
        cursor.execute(_COUNT, asked)
        counted = cursor.fetchall()
    order = list(variants.values())
    for place, variant, reason, people in counted:
        _add(audience, audience.cells[order[place - 1][variant]], reason, people)
    for segment, cells in variants.items():
        here = [audience.cells[pk] for pk in cells]
        placed = sum(cell.reachable + sum(cell.excluded.values()) for cell in here)
        for cell in here:
            cell.members = members.get(segment, 0)
            cell.elsewhere = cell.members - placed
    return audience


def _add(audience: Audience, cell: CellAudience, reason: str, people: int) -> None:
    audience.people += people
    if reason:
        cell.excluded[reason] = people
        audience.excluded[reason] = audience.excluded.get(reason, 0) + people
    else:
        cell.reachable = people
        audience.reachable += people
