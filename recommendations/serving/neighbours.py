"""What stands beside each product: put in place with the lists, read by the live ones."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from lib import copying
from recommendations.registry.models import ModelVersion
from recommendations.serving.models import Neighbours

DRAFT = "draft_neighbours"
COLUMNS = {
    "product_id": "bigint",
    "kind": "text",
    "product_ids": "bigint[]",
    "scores": "double precision[]",
    "support": "integer[]",
}


@dataclass(frozen=True)
class Beside:
    """One product's neighbours of one kind, best first."""

    product_id: int
    kind: str
    product_ids: list[int]
    scores: list[float]
    support: list[int]


@dataclass(frozen=True)
class Neighbour:
    """One neighbour that may be shown beside a product."""

    product_id: int
    score: float
    support: int


@transaction.atomic
def store_neighbours(*, version: ModelVersion, rows: Iterable[Beside]) -> int:
    """Put `rows` in place of all neighbours there are; return how many. Products deleted meanwhile have none."""
    copying.stage(DRAFT, COLUMNS, ((r.product_id, r.kind, r.product_ids, r.scores, r.support) for r in rows))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM recommendations_neighbours")
        cursor.execute(
            """
            INSERT INTO recommendations_neighbours
                (product_id, kind, product_ids, scores, support, version_id, made_at)
            SELECT n.product_id, n.kind, n.product_ids, n.scores, n.support, %s, %s
            FROM draft_neighbours n JOIN crm_product p ON p.id = n.product_id
            """,
            [version.pk, timezone.now()],
        )
        return int(cursor.rowcount)


def beside(product_id: int, kind: str) -> tuple[list[Neighbour], int | None]:
    """Return a product's neighbours of a kind, best first, and the version they come from; one query."""
    row = Neighbours.objects.filter(product_id=product_id, kind=kind).first()
    if row is None:
        return [], None
    return [Neighbour(*one) for one in zip(row.product_ids, row.scores, row.support, strict=True)], row.version_id
