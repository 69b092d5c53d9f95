"""The fairness report of a version: what each group of people gets, beside popularity and beside one another."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from recommendations.evaluation.fairness import COMPARED, SHOWN
from recommendations.evaluation.gate import HARM_BOUND
from recommendations.models import ModelVersion
from recommendations.views.verdict import segment_names
from recommendations.views.wording import bucket_name, goal_name, group_name, grouping_name, in_order, learner_name

METHODS_DRAWN = 14


def fairness(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the figures of a version by history, segment and what people declared of themselves."""
    version = get_object_or_404(ModelVersion, pk=pk)
    context = {
        "nav": "recommendations",
        "version": version,
        "goal": goal_name(version.metrics.get("goal", "")),
        "methods": _methods(version),
        "compared": COMPARED,
        "shown": SHOWN,
        "bound": HARM_BOUND,
        **groups_of(version),
    }
    return render(request, "recommendations/fairness.html", context)


def groups_of(version: ModelVersion) -> dict[str, Any]:
    """Return the groupings in words, and a chart of every group beside popularity; empty where none was measured."""
    evidence = version.metrics.get("evidence")
    if not evidence:
        return {"groupings": [], "by_group": {}}
    segments = segment_names()
    lost = {(one["grouping"], one["label"]): one for one in evidence["against_popularity"]["drops"]}
    groupings: list[dict[str, Any]] = []
    for one in evidence["fairness"]["groupings"]:
        name = one["name"]
        order = in_order(group["label"] for group in one["groups"]) if name == "history" else None
        groups = sorted(one["groups"], key=lambda group: order.index(group["label"])) if order else one["groups"]
        groupings.append(
            {
                "name": grouping_name(name),
                "hidden": one["hidden"],
                "gap": _gap(name, one["gap"], segments),
                "groups": [
                    {
                        **group,
                        "name": group_name(name, group["label"], segments),
                        "comparable": group["people"] >= COMPARED,
                        "gain": _gain(lost.get((name, group["label"]))),
                    }
                    for group in groups
                ],
            }
        )
    return {"groupings": groupings, "by_group": _heat(groupings)}


def _gap(grouping: str, gap: dict[str, Any] | None, segments: dict[str, str]) -> dict[str, Any] | None:
    """Return a gap with its groups in words."""
    if gap is None:
        return None
    named = {end: group_name(grouping, gap[end], segments) for end in ("best", "worst")}
    return {**gap, **named, "real": gap["value"] > gap["chance"]}


def _gain(drop: dict[str, Any] | None) -> dict[str, float] | None:
    """Return what a group gains over popularity: its loss turned round."""
    return {"value": -drop["value"], "low": -drop["high"], "high": -drop["low"]} if drop else None


def _heat(groupings: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the blend and popularity by group as a heat map; only groups that popularity was measured for."""
    rows = [(f"{one['name']}: {g['name']}", g) for one in groupings for g in one["groups"] if g["gain"]]
    cells = []
    for y, (_, group) in enumerate(rows):
        cells += [[0, y, round(group["ndcg10"], 4)], [1, y, round(group["ndcg10"] - group["gain"]["value"], 4)]]
    return {
        "x": [learner_name("hybrid"), learner_name("popular")],
        "y": [name for name, _ in rows],
        "cells": cells,
        "labels": True,
        "digits": 3,
        "name": "NDCG@10",
    }


def _methods(version: ModelVersion) -> dict[str, Any]:
    """Return each method's NDCG@10 by length of history as a heat map, the best first."""
    learners = version.metrics.get("learners", {})
    ranked = sorted(learners, key=lambda name: -learners[name]["ndcg10"])[:METHODS_DRAWN]
    # a figure of a few people would be one about persons
    buckets = in_order(
        {
            bucket
            for name in ranked
            for bucket, one in learners[name].get("buckets", {}).items()
            if one["people"] >= SHOWN
        }
    )
    return {
        "x": [bucket_name(bucket) for bucket in buckets],
        "y": [learner_name(name) for name in ranked],
        "cells": [
            [x, y, round(learners[name]["buckets"][bucket]["ndcg10"], 4)]
            for y, name in enumerate(ranked)
            for x, bucket in enumerate(buckets)
            if bucket in learners[name].get("buckets", {})
        ],
        "labels": True,
        "digits": 3,
        "name": "NDCG@10",
    }
