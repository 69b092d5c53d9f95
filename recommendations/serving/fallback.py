"""Favourites for people without a personal list, along a declared list of scopes."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from recommendations.serving.models import Favourites

EVERYBODY = "all"
TRENDING = "trending"


def department(name: str) -> str:
    """Return the scope of a department's favourites."""
    return f"department:{name}"


def trending(name: str) -> str:
    """Return the scope of what is trending in a department."""
    return f"{TRENDING}:{name}"


def reason_of(scope: str) -> str:
    """Return the code of the reason that a scope's products are shown for."""
    if scope.startswith("segment:"):
        return "popular_in_group"
    return "popular_now" if scope.partition(":")[0] == TRENDING else "popular"


@dataclass(frozen=True)
class Found:
    """What a fallback found, and where."""

    scope: str
    product_ids: list[int]
    version_id: int | None


NOTHING = Found(EVERYBODY, [], None)


def favourites(customer_ids: Sequence[int]) -> dict[int, Found]:
    """Return favourites for every customer: of the smallest segment they are in that has some, else everybody's.

    A smaller segment says more about its members than a larger one.
    """
    known = Favourites.objects.filter(Q(scope=EVERYBODY) | Q(scope__startswith="segment:"))
    lists = {row.scope: Found(row.scope, row.product_ids, row.version_id) for row in known}
    everybody = lists.get(EVERYBODY, NOTHING)
    result = dict.fromkeys(customer_ids, everybody)
    if len(lists) < 2 or not result:
        return result
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (m.customer_id) m.customer_id, m.segment_id
            FROM segmentation_membership m JOIN segmentation_segment s ON s.id = m.segment_id
            JOIN recommendations_favourites f ON f.scope = 'segment:' || m.segment_id
            WHERE m.until IS NULL AND s.archived_at IS NULL AND m.customer_id = ANY(%s)
            ORDER BY m.customer_id, s.size, s.id
            """,
            [list(customer_ids)],
        )
        for customer, segment in cursor.fetchall():
            result[customer] = lists[f"segment:{segment}"]
    return result
