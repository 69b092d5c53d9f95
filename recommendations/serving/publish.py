"""Lists into the database: one row a customer, by COPY."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from psycopg.types.json import Jsonb

from lib import copying
from recommendations.registry.models import ModelVersion

CHUNK = 20_000
COLUMNS = {
    "customer_id": "bigint",
    "product_ids": "bigint[]",
    "scores": "double precision[]",
    "reasons": "jsonb",
    "personal": "boolean",
}


@dataclass(frozen=True)
class Shelf:
    """The list of one customer, ready to be stored."""

    customer_id: int
    product_ids: list[int]
    scores: list[float]
    reasons: list[dict[str, Any]]
    personal: bool


def publish(*, version: ModelVersion, shelves: Iterator[Shelf]) -> int:
    """Store the lists of a version, CHUNK at a time; return how many.

    Each chunk is one transaction, so readers always see whole lists; lists of people who are not among the shelves go
    with `sweep` afterwards.
    """
    stored = 0
    chunk: list[Shelf] = []
    for shelf in shelves:
        chunk.append(shelf)
        if len(chunk) == CHUNK:
            stored += _store(version, chunk)
            chunk = []
    return stored + _store(version, chunk)


@transaction.atomic
def _store(version: ModelVersion, chunk: Sequence[Shelf]) -> int:
    rows = ((s.customer_id, s.product_ids, s.scores, Jsonb(s.reasons), s.personal) for s in chunk)
    copying.stage("new_lists", COLUMNS, rows)
    with connection.cursor() as cursor:
        # Consent is asked for once more here: a list is not stored for somebody who withdrew while it was made.
        cursor.execute(
            """
            INSERT INTO recommendations_recommendation
                (customer_id, product_ids, scores, reasons, personal, version_id, made_at)
            SELECT n.customer_id, n.product_ids, n.scores, n.reasons, n.personal, %s, %s
            FROM new_lists n JOIN crm_customer c ON c.id = n.customer_id AND c.state = 'active'
            ON CONFLICT (customer_id) DO UPDATE SET product_ids = excluded.product_ids, scores = excluded.scores,
                reasons = excluded.reasons, personal = excluded.personal, version_id = excluded.version_id,
                made_at = excluded.made_at
            """,
            [version.pk, timezone.now()],
        )
        return int(cursor.rowcount)


def sweep(*, version: ModelVersion) -> int:
    """Delete the lists that other versions left behind: people who are no longer in the release."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM recommendations_recommendation WHERE version_id <> %s", [version.pk])
        return int(cursor.rowcount)


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
