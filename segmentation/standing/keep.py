"""Keep the standing of customers what their facts say."""

from collections.abc import Iterable
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from crm.customers.models import Customer
from lib.runs import Progress

RECENT_DAYS = 2
BATCH = 20_000
"""Customers counted in one transaction: seconds at most, however much they did."""
KINDS = ["order", "email_sent", "email_open", "email_click"]
_COUNTED = """
SELECT i.customer_id,
    count(DISTINCT coalesce(nullif(i.order_id, ''), i.occurred_at::text)) FILTER (WHERE i.kind = 'order') AS orders,
    coalesce(sum(i.value) FILTER (WHERE i.kind = 'order'), 0) AS revenue,
    min(i.occurred_at) FILTER (WHERE i.kind = 'order') AS first_order_at,
    max(i.occurred_at) FILTER (WHERE i.kind = 'order') AS last_order_at,
    count(*) FILTER (WHERE i.kind = 'email_sent') AS mails,
    max(i.occurred_at) FILTER (WHERE i.kind = 'email_sent') AS last_mail_at,
    count(DISTINCT coalesce(i.delivery_ref, i.id)) FILTER (WHERE i.kind = 'email_open') AS opens,
    max(i.occurred_at) FILTER (WHERE i.kind = 'email_open') AS last_open_at,
    count(DISTINCT coalesce(i.delivery_ref, i.id)) FILTER (WHERE i.kind = 'email_click') AS clicks,
    max(i.occurred_at) FILTER (WHERE i.kind = 'email_click') AS last_click_at
FROM crm_interaction i JOIN crm_customer c ON c.id = i.customer_id AND c.state <> 'erased'
WHERE {whose} AND i.kind = ANY(%(kinds)s) GROUP BY i.customer_id
"""
_WRITE = """
WITH counted AS MATERIALIZED ({counted}), gone AS (
    DELETE FROM segmentation_standing s WHERE {mine}
    AND NOT EXISTS (SELECT 1 FROM counted WHERE counted.customer_id = s.customer_id)
)
INSERT INTO segmentation_standing (customer_id, {columns}) SELECT customer_id, {columns} FROM counted
ON CONFLICT (customer_id) DO UPDATE SET {changes}
WHERE ({old}) IS DISTINCT FROM ({new})
"""
COLUMNS = (
    "orders", "revenue", "first_order_at", "last_order_at", "mails", "last_mail_at", "opens", "last_open_at", "clicks",
    "last_click_at",
)  # fmt: skip


def _statement(whose: str, mine: str) -> str:
    return _WRITE.format(
        counted=_COUNTED.format(whose=whose),
        mine=mine,
        columns=", ".join(COLUMNS),
        changes=", ".join(f"{name} = excluded.{name}" for name in COLUMNS),
        old=", ".join(f"segmentation_standing.{name}" for name in COLUMNS),
        new=", ".join(f"excluded.{name}" for name in COLUMNS),
    )


SOME = _statement("i.customer_id = ANY(%(ids)s)", "s.customer_id = ANY(%(ids)s)")
RANGE = _statement(
    "i.customer_id > %(after)s AND i.customer_id <= %(last)s", "s.customer_id > %(after)s AND s.customer_id <= %(last)s"
)


@transaction.atomic
def recount(customer_ids: Iterable[int]) -> int:
    """Count some customers again; return how many standings are other than before. Whoever is erased has none."""
    ids = sorted(set(customer_ids))
    return _written(SOME, {"ids": ids}) if ids else 0


def recount_all(*, progress: Progress | None = None) -> int:
    """Count everybody again, BATCH customers in a transaction; return how many standings are other than before.

    Stopped half way it has done no harm; started again it begins at the first.
    """
    last = Customer.objects.aggregate(last=Max("pk"))["last"] or 0
    changed = 0
    for after in range(0, last, BATCH):
        if progress:
            progress(after, last, "counting orders and mails")
        with transaction.atomic():
            changed += _written(RANGE, {"after": after, "last": after + BATCH})
    return changed


def recount_recent(days: int = RECENT_DAYS) -> int:
    """Count those again who did something lately; return how many standings are other than before.

    What was brought in about earlier times is counted by `recount_all` at night.
    """
    seen = timezone.now() - timedelta(days=days)
    ids = Customer.objects.filter(last_seen__gte=seen).order_by("pk").values_list("pk", flat=True).iterator()
    changed = 0
    while batch := list(islice(ids, BATCH)):
        changed += recount(batch)
    return changed


def _written(statement: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values | {"kinds": KINDS})
        return int(cursor.rowcount)
