"""The dashboard, the running jobs, and the button that walks round the circle."""

from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.access import acts
from crm.access.guards import editor
from crm.access.verbs import Verb
from lib.wake import wake
from workspace import jobs
from workspace.dashboard import figures
from workspace.tasks import renew_figures, walk_circle

ASKED_SECONDS = 10
"""A worker that was called for figures is not called again before."""


def dashboard(request: HttpRequest) -> HttpResponse:
    """Show how the circle is doing."""
    started = figures.started()
    # Where there is nobody there is nothing to count.
    found = figures.read() if started["customers"] else figures.nothing()
    # What is written down is shown meanwhile; nothing is counted while somebody waits for a page, and many who look at
    # once, or whose pages ask again, call one worker.
    if (found is None or not found.fresh) and cache.add("figures:asked", 1, ASKED_SECONDS):
        wake(renew_figures)
    run, scatter = figures.clusters()
    context = {
        "nav": "home",
        "started": started,
        "needs": figures.needs_you(),
        "pending": found is None,
        "cluster_run": run,
        "scatter": scatter,
        "campaigns": figures.newest(found.campaigns if found else {}),
    }
    if found:
        context |= {
            "unknown": found.unknown,
            "kpis": _kpis(found.period, found.weeks),
            "revenue": _revenue_chart(found.weeks),
            "steps": _steps_chart(found.steps),
            "grid": _grid_chart(found.grid),
        }
    return render(request, "workspace/dashboard.html", context)


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
