"""The pages of the recommender: what serves, how good it is, every version, train and roll back."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.access.guards import editor
from crm.catalog.models import Product
from lib.artifacts import BadArtifact, OtherFormat
from lib.kept import kept
from lib.wake import wake
from recommendations.evaluation.fairness import SHOWN
from recommendations.models import Changeover, ModelVersion, Recommendation
from recommendations.pipeline import retrain
from recommendations.registry import promote
from recommendations.tasks import run_due_trainings
from recommendations.views.card import card_of
from recommendations.views.groups import groups_of
from recommendations.views.verdict import told
from recommendations.views.wording import bucket_name, in_order, learner_name, window_name

VERSIONS_SHOWN = 20
CHANGEOVERS_SHOWN = 10
SHOWN_FROM = 0.005
"""Weights below this are not worth a line."""
LISTS_SECONDS = 600
"""So long the number of stored lists is kept: they are written anew when a version begins to serve."""


def overview(request: HttpRequest) -> HttpResponse:
    """Show what serves and how good it is, against popularity and against each method alone."""
    live = promote.live()
    newest = ModelVersion.objects.first()
    context: dict[str, Any] = {
        "nav": "recommendations",
        "live": live,
        "training": newest if newest and newest.active else None,
        "newest": newest,
        "versions": ModelVersion.objects.all()[:VERSIONS_SHOWN],
        **(kept(f"lists:{live.pk}:{live.promoted_at}", LISTS_SECONDS, _lists) if live else {"lists": 0, "personal": 0}),
        "changeovers": Changeover.objects.select_related("version", "before", "by")[:CHANGEOVERS_SHOWN],
        "shown_products": Product.objects.recommendable().count(),
    }
    if live:
        context |= _figures(live)
    return render(request, "recommendations/overview.html", context)


def _lists() -> dict[str, int]:
    return Recommendation.objects.aggregate(lists=Count("pk"), personal=Count("pk", filter=Q(personal=True)))


def model(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one version: the gate's verdict, figures with intervals, by history, the blend's weights."""
    version = get_object_or_404(ModelVersion, pk=pk)
    context = {
        "nav": "recommendations",
        "version": version,
        "told": told(version),
        "window": window_name(version.metrics.get("window", "")),
        "left_out": [
            (learner_name(name), reason) for name, reason in version.recipe.get("facts", {}).get("left_out", {}).items()
        ],
        "may_serve": version.verdict in {"ready", "retired"},
        **card_of(version),
        **groups_of(version),
        **_figures(version),
    }
    return render(request, "recommendations/model.html", context)


def model_job(request: HttpRequest, pk: int) -> HttpResponse:
    """Show how far a training is; the page asks again until it is over."""
    version = get_object_or_404(ModelVersion, pk=pk)
    return render(request, "_job.html", job_of(version))


def job_of(version: ModelVersion) -> dict[str, Any]:
    """Return what the progress partial needs."""
    return {
        "run": version,
        "label": _("Training recommendations"),
        "poll_url": reverse("recommendations:model_job", args=[version.pk]),
        "cancel_url": reverse("recommendations:model_cancel", args=[version.pk]),
        "done_url": reverse("recommendations:model", args=[version.pk]),
    }


def _figures(version: ModelVersion) -> dict[str, Any]:
    """Return charts and tables of a version's evaluation; empty ones while there is none."""
    learners = version.metrics.get("learners", {})
    ranked = sorted(learners.items(), key=lambda pair: -pair[1]["ndcg10"])
    popular = learners.get("popular")
    chart = {
        "items": [
            {
                "name": learner_name(name),
                "value": round(one["ndcg10"], 4),
                "low": round(one["low"], 4),
                "high": round(one["high"], 4),
                "muted": name != "hybrid",
            }
            for name, one in ranked[:10]
        ],
        "digits": 3,
    }
    if popular:
        chart["reference"] = {"name": learner_name("popular"), "value": round(popular["ndcg10"], 4)}
    hybrid = learners.get("hybrid", {})
    return {
        "chart": chart,
        "learners": [(learner_name(name), name == "hybrid", one) for name, one in ranked],
        "hybrid": hybrid,
        "popular": popular,
        "gain": hybrid["ndcg10"] / popular["ndcg10"] - 1 if hybrid and popular and popular["ndcg10"] else None,
        "buckets": [
            (bucket_name(name), hybrid["buckets"][name], (popular or {}).get("buckets", {}).get(name))
            for name in in_order(hybrid.get("buckets", {}))
            # a figure of a few people would be one about persons
            if hybrid["buckets"][name]["people"] >= SHOWN
        ],
        "weights": _weights(version.recipe),
    }


def _weights(recipe: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the blend's weights for people with much history, strongest first."""
    blend = recipe.get("again") or recipe.get("fresh") or {}
    pairs = sorted(blend.get("weights", {}).get("hot", {}).items(), key=lambda pair: -pair[1])
    return [{"name": learner_name(view), "value": round(weight, 3)} for view, weight in pairs if weight >= SHOWN_FROM]


@require_POST
def model_train(request: HttpRequest) -> HttpResponse:
    """Ask for a new version; a worker claims the row.

    Raises PermissionDenied for people who may not edit.
    """
    user = editor(request)
    version, is_new = promote.ask(by=user)
    if is_new:
        wake(run_due_trainings)
    return redirect("recommendations:model", version.pk)


@require_POST
def model_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a training; what serves stays.

    Raises PermissionDenied for people who may not edit.
    """
    user = editor(request)
    version = get_object_or_404(ModelVersion, pk=pk)
    promote.call_off(version=version, by=user)
    version.refresh_from_db()
    return render(request, "_job.html", job_of(version))


@require_POST
def model_serve(request: HttpRequest, pk: int) -> HttpResponse:
    """Let an earlier version serve again.

    Raises PermissionDenied for people who may not edit.
    """
    user = editor(request)
    version = get_object_or_404(ModelVersion, pk=pk)
    try:
        retrain.roll_back(version=version, by=user)
    except promote.NotPassed as error:
        messages.error(request, str(error))
    except OtherFormat:
        messages.error(request, _("The model was made by another release of Relata. Train a new version."))
    except BadArtifact:
        messages.error(request, _("The model's files were altered since they were signed. It must not serve."))
    else:
        messages.success(request, _("Version %(number)s is in use.") % {"number": version.pk})
    return redirect("recommendations:overview")
