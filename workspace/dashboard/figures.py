"""The dashboard's figures as its page shows them, read from what workspace.dashboard.rollup wrote down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from campaigns.models import Campaign
from crm.models import Customer, ImportRun, Release
from lib.kept import kept as kept_for
from recommendations.models import ModelVersion
from segmentation.models import ClusterRun, Portrait
from segmentation.views.clusters import scatter_chart
from workspace.dashboard.models import DayFigures, ShopFigures
from workspace.dashboard.rollup import CAMPAIGNS, PERIOD_DAYS, WEEKS, is_fresh, monday, period

KEPT_SECONDS = 600
"""Older figures are worked out anew as soon as somebody looks; the beat does so before."""
SUMS = ("orders", "revenue", "mailed", "sent", "opened", "clicked", "unsubscribed", "ordered")


@dataclass(frozen=True)
class DashboardFigures:
    """All figures of the dashboard that are worked out behind it."""

    weeks: list[dict[str, Any]]
    """For each of the last weeks, empty ones too: its Monday, buyers, orders, revenue, revenue after a mail; nothing
    where there was no order at all."""
    period: dict[str, float | None]
    """DashboardFigures of the last 30 days and, as `…_before`, of the 30 days before them."""
    steps: list[int]
    """From delivery to order in the last 30 days: mails delivered, opened, clicked, ordered after."""
    grid: list[list[int]]
    """Recency × frequency for the heat map: [frequency - 1, row from the top, customers]."""
    unknown: int
    """Mails that were under way when a worker ended, so that nobody knows whether they arrived."""
    campaigns: dict[str, list[int]]
    """Id → mails sent, opened, clicked of the newest campaigns."""
    fresh: bool
    """False when somebody should work them out anew."""


def kept(name: str, work_out: Callable[[], Any]) -> Any:
    """Return a figure of a page, worked out by one caller at a time where it is missing or older than ten minutes."""
    return kept_for(f"figures:{name}", KEPT_SECONDS, work_out)


def read() -> DashboardFigures | None:
    """Return what is written down; None before the first time. Two statements, whatever the shop's size."""
    shop = ShopFigures.objects.first()
    if shop is None:
        return None
    now = timezone.now()
    days = {row.day: row for row in DayFigures.objects.filter(day__gte=monday(now, WEEKS - 1))}
    last = _sum(days, period(now), PERIOD_DAYS)
    before = _sum(days, period(now, 1), PERIOD_DAYS)
    figures: dict[str, float | None] = {"repeat_rate": shop.repeat_rate}
    for tail, sums, buyers in (("", last, shop.buyers), ("_before", before, shop.buyers_before)):
        figures |= {f"revenue{tail}": sums["revenue"], f"buyers{tail}": buyers, f"sent{tail}": sums["sent"]}
        for rate, name in (("click_rate", "clicked"), ("leave_rate", "unsubscribed")):
            figures[f"{rate}{tail}"] = sums[name] / sums["sent"] if sums["sent"] else None
    return DashboardFigures(
        weeks=_weeks(days, shop.buyers_by_week, monday(now, WEEKS - 1)),
        period=figures,
        steps=[int(last[name]) for name in ("sent", "opened", "clicked", "ordered")],
        grid=[[frequency - 1, 5 - recency, count] for recency, frequency, count in shop.grid],
        unknown=shop.unknown,
        campaigns=shop.campaigns,
        fresh=is_fresh(shop, timedelta(seconds=KEPT_SECONDS)),
    )


def nothing() -> DashboardFigures:
    """Return the figures of a shop nobody has come to yet."""
    names = ("revenue", "buyers", "sent", "click_rate", "leave_rate")
    empty: dict[str, float | None] = {f"{name}{tail}": None for name in names for tail in ("", "_before")}
    empty |= {"revenue": 0, "buyers": 0, "sent": 0, "repeat_rate": None}
    return DashboardFigures(weeks=[], period=empty, steps=[0, 0, 0, 0], grid=[], unknown=0, campaigns={}, fresh=True)


def newest(counted: dict[str, list[int]]) -> list[dict[str, Any]]:
    """Return the newest campaigns, each with its counts; 0 where it began after they were counted."""
    rows = Campaign.objects.order_by("-pk")[:CAMPAIGNS]
    names = ("sent", "opened", "clicked")
    return [{"campaign": row, **dict(zip(names, counted.get(str(row.pk), (0, 0, 0)), strict=True))} for row in rows]


def _weeks(days: dict[date, DayFigures], buyers: dict[str, int], first: date) -> list[dict[str, Any]]:
    if not any(row.orders for row in days.values()):
        return []
    found = []
    for week in (first + timedelta(weeks=number) for number in range(WEEKS)):
        sums = _sum(days, week, 7)
        shown = {name: sums[name] for name in ("revenue", "mailed")}
        found.append(
            {"week": week, "buyers": buyers.get(f"{week:%Y-%m-%d}", 0), "orders": int(sums["orders"]), **shown}
        )
    return found


def _sum(days: dict[date, DayFigures], first: date, count: int) -> dict[str, float]:
    rows = [days[day] for number in range(count) if (day := first + timedelta(days=number)) in days]
    return {name: sum(getattr(row, name) for row in rows) for name in SUMS}


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


def started() -> dict[str, bool]:
    """Return the first steps of a new workspace and whether each is done."""
    return {
        "customers": Customer.objects.exists(),
        "portraits": Portrait.objects.exists(),
        "model": ModelVersion.objects.filter(verdict="live").exists(),
        "campaign": Campaign.objects.exclude(state="draft").exists(),
    }
