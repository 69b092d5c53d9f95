"""The dashboard's figures, worked out by the database and kept for ten minutes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from campaigns.planning.report import WINDOW
from crm.models import Customer, ImportRun, Release
from recommendations.models import ModelVersion
from segmentation.models import ClusterRun, Portrait
from segmentation.views.clusters import scatter_chart

KEPT_SECONDS = 600
WEEKS = 24
PERIOD_DAYS = 30
SENT = Delivery.State.SENT.value


def _rows(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def kept(name: str, work_out: Callable[[], Any]) -> Any:
    """Return a figure from the cache, working it out where it is missing or older than ten minutes."""
    return cache.get_or_set(f"figures:{name}", work_out, KEPT_SECONDS)


def forget() -> None:
    """Let the next look at the dashboard work everything out anew."""
    cache.delete_many([f"figures:{name}" for name in ("weeks", "period", "steps", "grid")])


def weeks() -> list[dict[str, Any]]:
    """Return for each of the last weeks, empty ones too: its Monday, buyers, orders, revenue, revenue after a mail."""
    first = _first_monday()
    found = _rows(
        """
        WITH lines AS (
            SELECT date_trunc('week', o.occurred_at AT TIME ZONE 'UTC')::date AS monday,
                   o.customer_id, o.order_id, o.value,
                   EXISTS (SELECT 1 FROM campaigns_delivery d WHERE d.customer_id = o.customer_id AND d.state = %s
                           AND o.occurred_at BETWEEN d.sent_at AND d.sent_at + %s) AS mailed
            FROM crm_interaction o WHERE o.kind = 'order' AND o.occurred_at >= %s
        )
        SELECT monday, count(DISTINCT customer_id), count(DISTINCT order_id), coalesce(sum(value), 0)::float,
               coalesce(sum(value) FILTER (WHERE mailed), 0)::float
        FROM lines GROUP BY monday ORDER BY monday
        """,
        [SENT, WINDOW, first],
    )
    if not found:
        return []
    by_monday = {row[0]: row[1:] for row in found}
    mondays = [first.date() + timedelta(weeks=week) for week in range(WEEKS)]
    names = ("buyers", "orders", "revenue", "mailed")
    return [
        {"week": monday, **dict(zip(names, by_monday.get(monday, (0, 0, 0.0, 0.0)), strict=True))} for monday in mondays
    ]


def _first_monday() -> datetime:
    today = timezone.now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=today.weekday(), weeks=WEEKS - 1)


def period() -> dict[str, float | None]:
    """Return the figures of the last 30 days and, as `…_before`, of the 30 days before them."""
    now = timezone.now()
    result: dict[str, float | None] = {}
    for tail, end in (("", now), ("_before", now - timedelta(days=PERIOD_DAYS))):
        start = end - timedelta(days=PERIOD_DAYS)
        revenue, buyers = _rows(
            "SELECT coalesce(sum(value), 0)::float, count(DISTINCT customer_id) FROM crm_interaction "
            "WHERE kind = 'order' AND occurred_at > %s AND occurred_at <= %s",
            [start, end],
        )[0]
        sent, clicked, left = _rows(
            "SELECT count(*), count(clicked_at), count(unsubscribed_at) FROM campaigns_delivery "
            "WHERE state = %s AND sent_at > %s AND sent_at <= %s",
            [SENT, start, end],
        )[0]
        result[f"revenue{tail}"], result[f"buyers{tail}"], result[f"sent{tail}"] = revenue, buyers, sent
        result[f"click_rate{tail}"] = clicked / sent if sent else None
        result[f"leave_rate{tail}"] = left / sent if sent else None
    buyers_ever, again = _rows(
        "SELECT count(*) FILTER (WHERE orders > 0), count(*) FILTER (WHERE orders > 1) FROM segmentation_portrait", []
    )[0]
    result["repeat_rate"] = again / buyers_ever if buyers_ever else None
    return result


def steps() -> list[int]:
    """Return the way from delivery to order over the last 30 days: mails delivered, opened, clicked, ordered after."""
    since = timezone.now() - timedelta(days=PERIOD_DAYS)
    found = _rows(
        """
        SELECT count(*), count(opened_at), count(clicked_at),
               count(*) FILTER (WHERE EXISTS (
                   SELECT 1 FROM crm_interaction o WHERE o.customer_id = d.customer_id AND o.kind = 'order'
                   AND o.occurred_at >= %s AND o.occurred_at BETWEEN d.sent_at AND d.sent_at + %s))
        FROM campaigns_delivery d WHERE d.state = %s AND d.sent_at > %s
        """,
        [since, WINDOW, SENT, since],
    )
    return list(found[0])


def grid() -> list[list[int]]:
    """Return recency × frequency cells for the heat map: [frequency - 1, row from the top, customers]."""
    found = _rows(
        "SELECT recency_score, frequency_score, count(*) FROM segmentation_portrait "
        "WHERE recency_score IS NOT NULL AND frequency_score IS NOT NULL GROUP BY 1, 2",
        [],
    )
    return [[frequency - 1, 5 - recency, count] for recency, frequency, count in found]


def clusters() -> tuple[ClusterRun | None, dict[str, Any]]:
    """Return the newest finished search for clusters, and its scatter chart."""
    run = ClusterRun.objects.filter(state="done").prefetch_related("clusters").first()
    return run, (scatter_chart(run, [cluster.shown_name for cluster in run.clusters.all()]) if run else {})


def needs_you() -> list[dict[str, Any]]:
    """Return what waits for a person: rejected rows, a rejected model, campaigns that stand still, failed work."""
    found: list[dict[str, Any]] = []
    for run in ImportRun.objects.filter(rows_rejected__gt=0, created_at__gt=timezone.now() - timedelta(days=7))[:3]:
        found.append({"kind": "import", "run": run})
    newest = ModelVersion.objects.first()
    if newest and newest.verdict == "rejected":
        found.append({"kind": "model", "version": newest})
    for campaign in Campaign.objects.filter(state="paused")[:3]:
        found.append({"kind": "campaign", "campaign": campaign})
    failed = Release.objects.filter(state="failed", created_at__gt=timezone.now() - timedelta(days=2)).first()
    if failed:
        found.append({"kind": "release", "release": failed})
    return found


def unknown_deliveries() -> int:
    """Return how many mails were under way when a worker ended, so that nobody knows whether they arrived."""
    return Delivery.objects.filter(state=Delivery.State.UNKNOWN).count()


def started() -> dict[str, bool]:
    """Return the first steps of a new workspace and whether each is done."""
    return {
        "customers": Customer.objects.exists(),
        "portraits": Portrait.objects.exists(),
        "model": ModelVersion.objects.filter(verdict="live").exists(),
        "campaign": Campaign.objects.exclude(state="draft").exists(),
    }
