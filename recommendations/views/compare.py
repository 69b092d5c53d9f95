"""Two versions side by side: figures with the interval of their difference, weights, groups and verdicts."""

from dataclasses import dataclass
from math import hypot
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from recommendations.evaluation import fairness
from recommendations.evaluation.fairness import Fairness
from recommendations.models import ModelVersion
from recommendations.registry import promote
from recommendations.views.verdict import segment_names, told
from recommendations.views.wording import group_name, grouping_name, learner_name

CHOICES = 50
SHOWN_FROM = 0.005
MEASURES = (
    ("recall10", "Recall@10"), ("recall20", "Recall@20"), ("map10", "MAP@10"), ("mrr10", "MRR@10"),
    ("hit10", "HR@10"), ("coverage10", "Coverage@10"), ("novelty10", "Novelty@10"),
)  # fmt: skip


@dataclass(frozen=True)
class ComparedFigure:
    """One figure of both versions."""

    name: str
    first: float | None
    second: float | None

    @property
    def change(self) -> float | None:
        """The second less the first; None where either is missing."""
        return self.second - self.first if self.first is not None and self.second is not None else None


def compare(request: HttpRequest) -> HttpResponse:
    """Show two versions, chosen in the address by `a` and `b`; else the one in use beside the newest other one."""
    versions = list(ModelVersion.objects.filter(metrics__has_key="learners")[:CHOICES])
    first, second = _chosen(request.GET.get("a", ""), versions), _chosen(request.GET.get("b", ""), versions)
    live = promote.live()
    first = first or live or (versions[-1] if versions else None)
    second = second or next((one for one in versions if first and one.pk != first.pk), None)
    context: dict[str, Any] = {"nav": "recommendations", "versions": versions, "first": first, "second": second}
    if first and second:
        context |= {"told": (told(first), told(second)), **comparison(first, second)}
    return render(request, "recommendations/compare.html", context)


def comparison(first: ModelVersion, second: ModelVersion) -> dict[str, Any]:
    """Return figures, groups and weights of both; `same_goal` is False where the lists were for different things.

    Each was measured on its own window, so the interval of the difference treats them as independent: the errors are
    the widths of their own intervals, which are about 3.92 standard errors wide.
    """
    ours, theirs = (one.metrics.get("learners", {}).get("hybrid", {}) for one in (first, second))
    same_goal = first.metrics.get("goal") == second.metrics.get("goal")
    return {
        "same_goal": same_goal,
        "ndcg": {"first": ours, "second": theirs, "difference": _difference(ours, theirs) if same_goal else None},
        "rows": [ComparedFigure(name, _reported(first, key), _reported(second, key)) for key, name in MEASURES],
        "attack": [(one.metrics.get("evidence") or {}).get("membership") for one in (first, second)],
        "groups": _groups(first, second) if same_goal else [],
        "weights": _weights(first, second),
    }


def _chosen(number: str, versions: list[ModelVersion]) -> ModelVersion | None:
    return next((one for one in versions if str(one.pk) == number), None)


def _reported(version: ModelVersion, key: str) -> float | None:
    """Return a figure of the blend for the shop's main goal; None in versions that did not measure it."""
    for report in version.metrics.get("reports", []):
        if report["goal"] == version.metrics.get("goal"):
            found: dict[str, Any] = next((one for one in report["entries"] if one["name"] == "hybrid"), {})
            value = found.get(key)
            return None if value is None else float(value)
    value = version.metrics.get("learners", {}).get("hybrid", {}).get(key)
    return None if value is None else float(value)


def _difference(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any] | None:
    if not first or not second:
        return None
    value = second["ndcg10"] - first["ndcg10"]
    reach = hypot(first["high"] - first["low"], second["high"] - second["low"]) / 2
    return {"value": value, "low": value - reach, "high": value + reach, "sure": abs(value) > reach}


def _groups(first: ModelVersion, second: ModelVersion) -> list[dict[str, Any]]:
    """Return what each comparable group gains with the second version, the largest loss first."""
    both = [(one.metrics.get("evidence") or {}).get("fairness") for one in (first, second)]
    if not all(both):
        return []
    before, after = (Fairness.from_values(values) for values in both if values)
    segments = segment_names()
    return [
        {
            "name": _("%(grouping)s: %(group)s")
            % {
                "grouping": grouping_name(drop.grouping),
                "group": group_name(drop.grouping, drop.label, segments),
            },
            "people": drop.people,
            "value": -drop.value,
            "low": -drop.high,
            "high": -drop.low,
        }
        for drop in fairness.harm(after, before).drops
    ]


def _weights(first: ModelVersion, second: ModelVersion) -> list[ComparedFigure]:
    """Return both blends' weights for people with much history, the strongest of either first."""
    blends = [(one.recipe.get("again") or one.recipe.get("fresh") or {}) for one in (first, second)]
    ours, theirs = (blend.get("weights", {}).get("hot", {}) for blend in blends)
    views = sorted({*ours, *theirs}, key=lambda view: -max(ours.get(view, 0.0), theirs.get(view, 0.0)))
    rows = [ComparedFigure(learner_name(view), ours.get(view, 0.0), theirs.get(view, 0.0)) for view in views]
    return [row for row in rows if max(row.first or 0, row.second or 0) >= SHOWN_FROM]
