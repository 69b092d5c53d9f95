"""Lists into the database: drafted aside while they are made, then put in place in one transaction."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from crm.consents.purposes import Purpose
from lib import copying
from recommendations.registry.models import ModelVersion

CHUNK = 5_000
DRAFT = "draft_lists"
COLUMNS = {
    "customer_id": "bigint",
    "product_ids": "bigint[]",
    "scores": "double precision[]",
    "reasons": "jsonb",
    "personal": "boolean",
}


@dataclass(frozen=True)
class StoredList:
    """The list of one customer, ready to be stored."""

    customer_id: int
    product_ids: list[int]
    scores: list[float]
    reasons: list[dict[str, Any]]
    personal: bool


def draft(shelves: Iterator[StoredList]) -> int:
    """Keep lists aside, where nobody reads them; return how many. `publish` puts them in place, `discard` ends them.

    What serves stays untouched however this ends, so making lists may be cancelled at any time.
    """
    copying.stage(DRAFT, COLUMNS, [], lasting=True)
    drafted = 0
    # In chunks, because whoever makes the shelves may use the connection too, which a COPY under way would forbid.
    while chunk := list(islice(shelves, CHUNK)):
        rows = ((s.customer_id, s.product_ids, s.scores, Jsonb(s.reasons), s.personal) for s in chunk)
        drafted += copying.copy(DRAFT, COLUMNS, rows)
    copying.analyse(DRAFT)
    return drafted


def discard() -> None:
    """Forget the drafted lists."""
    copying.drop(DRAFT)


@transaction.atomic
def publish(*, version: ModelVersion) -> int:
    """Put the drafted lists in place of all lists there are; return how many.

    Readers see the old lists or the new ones, never some of each. People without a drafted list lose theirs.
    """
    need = int(Purpose.RECOMMENDATION)
    with connection.cursor() as cursor:
        # Permission is asked for once more: a list is not stored for somebody who withdrew while it was made.
        cursor.execute(
            """
            INSERT INTO recommendations_recommendation
                (customer_id, product_ids, scores, reasons, personal, version_id, made_at)
            SELECT n.customer_id, n.product_ids, n.scores, n.reasons, n.personal, %s, %s
            FROM draft_lists n JOIN crm_customer c ON c.id = n.customer_id
            WHERE c.state = 'active' AND c.permission & %s = %s
            ON CONFLICT (customer_id) DO UPDATE SET product_ids = excluded.product_ids, scores = excluded.scores,
                reasons = excluded.reasons, personal = excluded.personal, version_id = excluded.version_id,
                made_at = excluded.made_at
            """,
            [version.pk, timezone.now(), need, need],
        )
        stored = int(cursor.rowcount)
        cursor.execute(
            """
            DELETE FROM recommendations_recommendation r WHERE NOT EXISTS (
                SELECT FROM draft_lists n JOIN crm_customer c ON c.id = n.customer_id
                WHERE n.customer_id = r.customer_id AND c.state = 'active' AND c.permission & %s = %s)
            """,
            [need, need],
        )
    return stored


@transaction.atomic
def store_favourites(*, version: ModelVersion, favourites: dict[str, list[int]]) -> None:
    """Replace the lists of favourites, scope → product ids."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM recommendations_favourites")
        cursor.executemany(
            "INSERT INTO recommendations_favourites (scope, product_ids, version_id, made_at) VALUES (%s, %s, %s, %s)",
            [(scope, ids, version.pk, timezone.now()) for scope, ids in favourites.items()],
        )


def members_by_segment(customer_ids: "np.ndarray[Any, np.dtype[np.int64]]") -> Iterator[tuple[int, list[int]]]:
    """Yield (segment, positions in `customer_ids` of its current members) for every segment in use."""
    place = {int(customer): at for at, customer in enumerate(customer_ids) if customer >= 0}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM segmentation_segment WHERE archived_at IS NULL ORDER BY id")
        segments = [row[0] for row in cursor.fetchall()]
        for segment in segments:
            cursor.execute(
                "SELECT customer_id FROM segmentation_membership WHERE segment_id = %s AND until IS NULL", [segment]
            )
            yield segment, [place[row[0]] for row in cursor.fetchall() if row[0] in place]
