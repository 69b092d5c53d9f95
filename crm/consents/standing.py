"""What a person allows, worked out from every word they said: the one rule, in SQL.

A no counts from the moment we heard it; a yes from the moment it was said, but never from later than we heard it. So a
yes undoes a no only when it was heard after it and said after it, and a no undoes whatever was heard before, whatever
date somebody wrote on that. Dates are a sender's; the order in which we heard is ours, and a guess may only restrict.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

WORDS = """
SELECT customer_id, purpose, bool_or(granted AND (no_id IS NULL OR (id > no_id AND occurred_at > no_at))) AS allowed,
    max(no_at) AS refused_at
FROM (
    SELECT id, customer_id, purpose, granted, least(occurred_at, recorded_at) AS occurred_at,
        max(id) FILTER (WHERE NOT granted) OVER word AS no_id,
        max(recorded_at) FILTER (WHERE NOT granted) OVER word AS no_at
    FROM crm_consentevent WHERE customer_id = ANY(%s) WINDOW word AS (PARTITION BY customer_id, purpose)
) heard
GROUP BY customer_id, purpose
"""
# Service (bit 1) needs no permission: it is what the person came for.
_MATERIALISE = f"""
UPDATE crm_customer c SET permission = holds.permission
FROM (
    SELECT one.id, 1 | coalesce(bit_or(words.purpose) FILTER (WHERE words.allowed), 0) AS permission
    FROM unnest(%s::bigint[]) AS one (id) LEFT JOIN ({WORDS}) words ON words.customer_id = one.id
    GROUP BY one.id
) holds
WHERE c.id = holds.id AND c.permission <> holds.permission AND c.state <> 'erased'
RETURNING c.id
"""  # noqa: S608 both halves are written here


@dataclass(frozen=True, slots=True)
class PurposeStanding:
    """What one person's words about one purpose come to."""

    allowed: bool
    refused_at: datetime | None
    """When we last heard a no; None when there never was one."""

    @property
    def refused(self) -> bool:
        """Whether a no is in force; somebody who was never asked has neither allowed nor refused."""
        return self.refused_at is not None and not self.allowed


def of(customer_ids: Sequence[int]) -> dict[tuple[int, int], PurposeStanding]:
    """Return (customer, purpose) → what is in force, for every purpose the people ever said a word about."""
    with connection.cursor() as cursor:
        cursor.execute(WORDS, [list(customer_ids)])
        return {(pk, purpose): PurposeStanding(allowed, at) for pk, purpose, allowed, at in cursor.fetchall()}


def materialise(customer_ids: Sequence[int]) -> list[int]:
    """Write what is in force onto the customers; return the ids of those whose permission changed.

    The erased, and those who were merged into somebody else, get nothing back.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MATERIALISE, [list(customer_ids)] * 2)
        return [pk for (pk,) in cursor.fetchall()]
