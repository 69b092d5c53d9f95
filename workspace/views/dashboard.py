"""The dashboard, the running jobs, and the button that walks round the circle."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from campaigns.models import Campaign, Delivery
from crm.access import acts
from crm.access.guards import editor
from crm.access.verbs import Verb
from workspace import jobs
from workspace.dashboard import figures
from workspace.tasks import walk_circle

CAMPAIGNS_SHOWN = 5


def dashboard(request: HttpRequest) -> HttpResponse:
    """Show how the circle is doing."""
    weeks = figures.kept("weeks", figures.weeks)
    period = figures.kept("period", figures.period)
    run, scatter = figures.clusters()
    context = {
        "nav": "home",
        "started": figures.started(),
        "needs": figures.needs_you(),
        "unknown": figures.unknown_deliveries(),
        "kpis": _kpis(period, weeks),
        "revenue": _revenue_chart(weeks),
        "steps": _steps_chart(figures.kept("steps", figures.steps)),
        "cluster_run": run,
        "scatter": scatter,
        "grid": _grid_chart(figures.kept("grid", figures.grid)),
        "campaigns": _newest_campaigns(),
    }
    return render(request, "workspace/dashboard.html", context)


def _newest_campaigns() -> QuerySet[Campaign]:
    # Chosen first, counted then: counting the deliveries of all campaigns to show a few would cost more each month.
    newest = list(Campaign.objects.values_list("pk", flat=True)[:CAMPAIGNS_SHOWN])
    return Campaign.objects.filter(pk__in=newest).annotate(
        sent=Count("message__deliveries", filter=Q(message__deliveries__state=Delivery.State.SENT)),
        opened=Count("message__deliveries__opened_at"),
        clicked=Count("message__deliveries__clicked_at"),
    )


def _kpis(period: dict[str, Any], weeks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def change(name: str) -> tuple[str, str]:
        now, before = period.get(name), period.get(f"{name}_before")
        if not now or not before:
            return "", "flat"
        share = now / before - 1
        return f"{share:+.1%}", "good" if share >= 0 else "bad"

    def rate(name: str) -> str:
        value = period.get(name)
        return "—" if value is None else f"{value:.1%}"

    # The week that is not over yet would look like a fall.
    over = weeks[:-1]
    shown = [
        (_("Buyers (30 days)"), f"{period['buyers']:,}", *change("buyers"), [w["buyers"] for w in over]),
        (_("Revenue (30 days)"), f"{period['revenue']:,.0f}", *change("revenue"), [w["revenue"] for w in over]),
        (_("Repeat purchase rate"), rate("repeat_rate"), "", "flat", []),
        (_("Click rate (30 days)"), rate("click_rate"), *change("click_rate"), []),
        (_("Unsubscribe rate (30 days)"), rate("leave_rate"), "", "flat", []),
    ]
    return [dict(zip(("label", "value", "delta", "trend", "points"), row, strict=True)) for row in shown]


def _revenue_chart(weeks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        # Translators: a day and a month on a chart's axis, in Django's date format.
        "x": [date_format(week["week"], _("j M")) for week in weeks],
        "series": [
            {"name": _("After a mail"), "data": [round(week["mailed"]) for week in weeks]},
            {"name": _("Other"), "data": [round(week["revenue"] - week["mailed"]) for week in weeks]},
        ],
    }


def _steps_chart(counts: list[int]) -> dict[str, Any]:
    # Named here and not in the cached figures, which everybody shares whatever their language.
    names = (_("Delivered"), _("Opened"), _("Clicked"), _("Ordered"))
    return {"items": [{"name": name, "value": value} for name, value in zip(names, counts, strict=True)]}


def _grid_chart(cells: list[list[int]]) -> dict[str, Any]:
    return {
        "x": ["1", "2", "3", "4", "5"],
        "y": ["5", "4", "3", "2", "1"],
        "cells": cells,
        "xname": _("Frequency score"),
        "yname": _("Recency score"),
        "labels": True,
    }


def running_jobs(request: HttpRequest) -> HttpResponse:
    """Show the running jobs in the top bar."""
    return render(request, "_jobs.html", {"jobs": jobs.running()})


@require_POST
def walk(request: HttpRequest) -> HttpResponse:
    """Start a walk round the circle in the background.

    Raises PermissionDenied for people who may not edit.
    """
    user = editor(request)
    with transaction.atomic(durable=True):
        acts.record(by=user, verb=Verb.STARTED, on="circle")
    walk_circle.delay()
    messages.success(request, _("Release, portraits, clusters, segments and recommendations are being renewed."))
    return redirect("home")
