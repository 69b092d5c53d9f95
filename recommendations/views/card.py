"""The model card: what a version is, what it learned from, what it is for, what it can and cannot do."""

from typing import Any

from django.utils.translation import gettext as _

from crm.privacy.models import Release
from recommendations.evaluation.residuals import listed
from recommendations.models import ModelVersion
from recommendations.views.wording import attack_name, dial_name, goal_name, learner_name, rater_name


def card_of(version: ModelVersion) -> dict[str, Any]:
    """Return what the card shows beside the figures; empty parts for what was not measured."""
    facts = version.recipe.get("facts", {})
    evidence = version.metrics.get("evidence") or {}
    return {
        "release": Release.objects.filter(pk=version.release_ref or 0).first(),
        "protocol": facts.get("protocol", ""),
        "methods": [learner_name(view) for view in (version.recipe.get("fresh") or {}).get("views", [])],
        "trees": [(goal_name(goal), round(100 * share)) for goal, share in facts.get("trees", {}).items()],
        "dials": [(dial_name(name), value) for name, value in facts.get("tuned", {}).items()],
        "curve": _curve(facts.get("curve", {})),
        "privacy": _privacy(evidence.get("membership")),
        "rated": _rated(evidence.get("rated")),
        "changeovers": version.changeovers.select_related("by", "before"),
    }


def _curve(curves: dict[str, list[float]]) -> dict[str, Any]:
    """Return NDCG@10 after each tree, as a line per goal; empty where no trees were grown."""
    drawn = {goal: curve for goal, curve in curves.items() if curve}
    longest = max((len(curve) for curve in drawn.values()), default=0)
    return {
        "x": [str(number) for number in range(1, longest + 1)],
        "series": [
            {"name": goal_name(goal), "data": [round(value, 4) for value in curve], "dashed": bool(at)}
            for at, (goal, curve) in enumerate(drawn.items())
        ],
        "y": "NDCG@10",
        "digits": 4,
        "scale": True,
    }


def _privacy(membership: dict[str, Any] | None) -> dict[str, Any]:
    """Return the attack's results and a chart of every sign; empty where none was tried."""
    if not membership:
        return {}
    ranked = sorted(membership["aucs"].items(), key=lambda pair: -pair[1])
    chart = {"items": [{"name": attack_name(name), "value": round(value, 3)} for name, value in ranked], "digits": 3}
    return {**membership, "attack": attack_name(membership["attack"]), "chart": chart}


def _rated(kept: list[dict[str, Any]] | dict[str, Any] | None) -> dict[str, Any]:
    """Return how far each rater predicts ratings amiss, and three charts of the best; empty without ratings."""
    raters = sorted(listed(kept), key=lambda one: float(one["rmse"]))
    if not raters:
        return {}
    best = raters[0]
    return {
        "raters": [one | {"name": rater_name(one["name"])} for one in raters],
        "best": best | {"name": rater_name(best["name"])},
        "bars": {
            "x": [f"{(bar['start'] + bar['end']) / 2:.1f}" for bar in best["histogram"]],
            "series": [{"name": _("Ratings"), "data": [bar["count"] for bar in best["histogram"]]}],
        },
        "means": _means(best["steps"]),
        "heat": _agreement(best.get("marks", []), best.get("grid", [])),
    }


def _means(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the mean rating by the mean prediction, as a line beside the line of a perfect rater."""
    return {
        "x": [f"{step['predicted']:.2f}" for step in steps],
        "series": [
            {"name": _("Mean rating"), "data": [round(step["actual"], 2) for step in steps]},
            {"name": _("As predicted"), "data": [round(step["predicted"], 2) for step in steps], "dashed": True},
        ],
        "scale": True,
    }


def _agreement(marks: list[float], grid: list[list[int]]) -> dict[str, Any]:
    """Return of each rating the shares of its predictions in hundredths, as a heat map; empty without a grid."""
    names = [f"{mark:g}" if mark == round(mark, 1) else f"{mark:.1f}" for mark in marks]
    return {
        "x": names,
        "y": names,
        "cells": [
            [x, y, round(100 * count / sum(row))]
            for y, row in enumerate(grid)
            if sum(row)
            for x, count in enumerate(row)
        ],
        "xname": _("Predicted"),
        "yname": _("Rated"),
        "labels": True,
        "name": "%",
    }
