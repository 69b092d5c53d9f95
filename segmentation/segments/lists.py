"""Fixed lists: people a person, not a rule, put together."""

from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from segmentation.segments.models import Segment
from segmentation.segments.refresh import refresh


class NotAList(Exception):
    """The segment is not a fixed list; its members follow rules or clusters."""


@transaction.atomic
def add(*, segment: Segment, customers: "QuerySet[Any]") -> int:
    """Put customers on a fixed list, in one statement; return how many are new. Raises NotAList."""
    if segment.kind != Segment.Kind.FIXED:
        raise NotAList
    chosen, values = customers.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO segmentation_membership (segment_id, customer_id, since) "  # noqa: S608 - Django wrote it
            f"SELECT %s, chosen.id, %s FROM ({chosen}) AS chosen (id) "
            "ON CONFLICT (segment_id, customer_id) WHERE until IS NULL DO NOTHING",
            [segment.pk, timezone.now(), *values],
        )
        came = int(cursor.rowcount)
    refresh(segment=segment)
    return came
