"""Clusters: ask for a run, watch it, read what it found."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.access.guards import editor
from lib.wake import wake
from segmentation.clusters import asking
from segmentation.clusters.models import Cluster, ClusterRun
from segmentation.forms import ClusterForm, SegmentNameForm
from segmentation.portraits.features import BY_NAME, Feature, Type
from segmentation.portraits.models import Portrait
from segmentation.rules.fields import FIELDS, Field, FieldKind
from segmentation.rules.grammar import RuleError, parse
from segmentation.rules.words import outline, shown
from segmentation.segments.models import Segment
from segmentation.tasks import run_due_clusters

CLEAR, FAIR = 0.35, 0.2
SURE, LIKELY = 0.85, 0.6
FAR = 0.5
"""Standard deviations from the average from which a figure of the table is marked."""


@require_http_methods(["GET", "POST"])
def clusters(request: HttpRequest) -> HttpResponse:
    """Show the newest finished run and the form for a new one; a post asks for one."""
    form = ClusterForm(request.POST or None)
    if request.method == "POST":
        user = editor(request)
        if form.is_valid():
            said = form.cleaned_data
            run = asking.ask(k=said["k"], features=said["features"], by=user)
            wake(run_due_clusters)
            return redirect("segmentation:cluster_run", run.pk)
    done = ClusterRun.objects.filter(state=ClusterRun.State.DONE).first()
    status = 422 if form.errors else 200
    return render(request, "segmentation/clusters/clusters.html", _context(done, form), status=status)


@require_GET
def cluster_run(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one run; to htmx only its progress."""
    run = get_object_or_404(ClusterRun, pk=pk)
    context = _context(run, ClusterForm())
    if request.headers.get("HX-Request"):
        return render(request, "segmentation/clusters/_progress.html", context)
    return render(request, "segmentation/clusters/clusters.html", context)


@require_POST
def cluster_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a run to stop."""
    user = editor(request)
    run = get_object_or_404(ClusterRun, pk=pk)
    if asking.call_off(run=run, by=user):
        messages.success(request, _("The search was cancelled. Segments are as they were."))
    return redirect("segmentation:cluster_run", pk)


def _context(run: ClusterRun | None, form: ClusterForm) -> dict[str, Any]:
    context: dict[str, Any] = {
        "nav": "clusters",
        "form": form,
        "run": run,
        "runs": ClusterRun.objects.all()[:8],
        "portraits": Portrait.objects.count() if run is None else run.people,
    }
    if run is None:
        return context
    here = reverse("segmentation:cluster_run", args=[run.pk])
    context |= {"poll_url": here, "done_url": here, "cancel_url": reverse("segmentation:cluster_cancel", args=[run.pk])}
    if run.state != ClusterRun.State.DONE:
        return context
    found = list(run.clusters.all())
    carriers = {segment.pk: segment for segment in Segment.objects.filter(pk__in=[c.segment_ref for c in found])}
    cards = [_card(cluster, carriers.get(cluster.segment_ref or 0)) for cluster in found]
    return context | {
        "cards": cards,
        "scatter": scatter_chart(run, [card["name"] for card in cards]),
        "table": _table(run, found),
        "separation": _separation(run),
        "certainty": _certainty(run),
    }


def _card(cluster: Cluster, segment: Segment | None) -> dict[str, Any]:
    ours = segment is None or segment.name == cluster.name
    rules = []
    for said in cluster.rules:
        try:
            parts = outline(parse(said["rule"]))["parts"]
        except RuleError:
            # A feature of an old run may be gone from the registry; the cluster is still worth showing.
            continue
        rules.append(
            {
                "parts": parts,
                "precision": _percent(said["precision"]),
                "coverage": _percent(said["coverage"]),
            }
        )
    return {
        "cluster": cluster,
        "segment": segment,
        "share": _percent(cluster.share),
        "name": cluster.shown_name if segment is None or ours else segment.shown_name,
        "naming": segment and _naming(segment),
        "features": [_set_apart(feature) for feature in cluster.features if feature["name"] in BY_NAME],
        "rules": rules,
    }


def _naming(segment: Segment) -> SegmentNameForm:
    # Many of these forms stand on one page: each field has an id of its own.
    names = {"name": segment.name}
    return SegmentNameForm(initial=names, translations=segment.translations, auto_id=f"segment-{segment.pk}-%s")


def _percent(share: float) -> str:
    return shown(FIELDS["price_level"], share)


def _set_apart(said: dict[str, Any]) -> dict[str, Any]:
    feature = BY_NAME[said["name"]]
    return {
        "feature": feature,
        "value": figure(feature, said["value"]),
        "average": figure(feature, said["average"]),
        "higher": said["z"] > 0,
        "z": said["z"],
    }


def figure(feature: Feature, value: float | None) -> str:
    """Return a mean of a feature in words; a moment is days ago."""
    if value is None:
        return "—"
    if feature.type is Type.MOMENT:
        return _("%(n)s days ago") % {"n": shown(FIELDS["typical_gap_days"], round(value))}
    # A mean of whole numbers is not whole.
    known = FIELDS[feature.name]
    if known.kind is FieldKind.WHOLE:
        known = Field(known.key, known.label, FieldKind.NUMBER, known.path, known.group)
    return shown(known, value)


def _table(run: ClusterRun, found: list[Cluster]) -> list[dict[str, Any]]:
    rows = []
    for name in run.features:
        if name not in BY_NAME:
            continue
        values = [cluster.profile.get(name) for cluster in found]
        average, spread = _spread(
            [(value, c.size) for value, c in zip(values, found, strict=True) if value is not None]
        )
        cells = [
            {
                "text": figure(BY_NAME[name], value),
                "tone": "" if value is None or not spread else _tone((value - average) / spread),
            }
            for value in values
        ]
        rows.append({"feature": BY_NAME[name], "cells": cells, "average": figure(BY_NAME[name], average)})
    return rows


def _spread(known: list[tuple[float, int]]) -> tuple[float, float]:
    """Return the weighted mean of (value, weight) and their standard deviation."""
    people = max(1, sum(size for _value, size in known))
    average = sum(value * size for value, size in known) / people
    return average, (sum(size * (value - average) ** 2 for value, size in known) / people) ** 0.5


def _tone(distance: float) -> str:
    return "high" if distance > FAR else "low" if distance < -FAR else ""


def scatter_chart(run: ClusterRun, names: list[str]) -> dict[str, Any]:
    """Return a run's sample as the chart's data, one series for each cluster name; empty while there is none."""
    drawn = run.scatter
    if not drawn or drawn["x"] not in BY_NAME or drawn["y"] not in BY_NAME:
        return {}
    return {
        "x": _axis(BY_NAME[drawn["x"]]),
        "y": _axis(BY_NAME[drawn["y"]]),
        "series": [{"name": name, "data": points} for name, points in zip(names, drawn["points"], strict=False)],
    }


def _axis(feature: Feature) -> str:
    if feature.type is Type.MOMENT:
        return _("%(feature)s, days ago") % {"feature": feature.label}
    return str(feature.label)


def _separation(run: ClusterRun) -> str:
    value = run.silhouette or 0.0
    if value >= CLEAR:
        return _("The clusters are clearly apart.")
    if value >= FAIR:
        return _("The clusters are apart, with people in between.")
    return _("The clusters run into each other; read them as tendencies.")


def _certainty(run: ClusterRun) -> str:
    value = run.stability or 0.0
    if value >= SURE:
        return _("Another sample of the same customers gives the same clusters.")
    if value >= LIKELY:
        return _("Another sample of the same customers gives mostly the same clusters.")
    return _("Another sample of the same customers may give other clusters.")
