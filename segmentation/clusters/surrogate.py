"""A short rule that nearly says who is in a cluster, read off a decision tree and measured on everyone."""

import math
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt
from sklearn.tree import DecisionTreeClassifier

from segmentation.clusters.matrix import Doubles, Matrix
from segmentation.portraits.features import BY_NAME, Type

Bools = npt.NDArray[np.bool_]
DEPTH = 3
SMALLEST_LEAF = 0.01
LEARNED_ON = 50_000
WHOLE = (Type.COUNT,)
DIGITS = 4


class Surrogate(TypedDict):
    """A rule in the stored form of segmentation.rules, with how well it does."""

    rule: dict[str, Any]
    precision: float
    """Share of the people the rule finds who are in the cluster."""
    coverage: float
    """Share of the cluster the rule finds."""


def surrogate(matrix: Matrix, inside: Bools) -> list[Surrogate]:
    """Return the best single path of a depth-3 tree (by F1) as a rule, or nothing where no path finds anyone.

    `inside` (people,) says who is in. Precision and coverage are of the rule as written, with its rounded numbers and
    with unknown values false, on all people.
    """
    few = np.random.default_rng(0).permutation(len(inside))[:LEARNED_ON]
    tree = DecisionTreeClassifier(
        max_depth=DEPTH, min_samples_leaf=max(1, int(SMALLEST_LEAF * len(few))), class_weight="balanced", random_state=0
    ).fit(matrix.filled[few], inside[few])
    best: Surrogate | None = None
    best_score = 0.0
    for path in _paths(tree):
        rows, found = _rows(matrix, path)
        hits = int((found & inside).sum())
        if not rows or not hits:
            continue
        precision, coverage = hits / int(found.sum()), hits / int(inside.sum())
        score = 2 * precision * coverage / (precision + coverage)
        if score > best_score:
            best_score = score
            best = Surrogate(rule={"all": rows}, precision=round(precision, 4), coverage=round(coverage, 4))
    return [best] if best else []


Bounds = dict[int, tuple[float, float]]
"""Feature position → (more than, at most)."""


def _paths(model: DecisionTreeClassifier) -> list[Bounds]:
    """Return the way to each leaf as bounds on features."""
    tree = model.tree_
    paths: list[Bounds] = []
    waiting: list[tuple[int, Bounds]] = [(0, {})]
    while waiting:
        node, bounds = waiting.pop()
        if tree.children_left[node] < 0:
            paths.append(bounds)
            continue
        at, threshold = int(tree.feature[node]), float(tree.threshold[node])
        low, high = bounds.get(at, (-math.inf, math.inf))
        waiting.append((int(tree.children_left[node]), bounds | {at: (low, min(high, threshold))}))
        waiting.append((int(tree.children_right[node]), bounds | {at: (max(low, threshold), high)}))
    return paths


def _rows(matrix: Matrix, path: Bounds) -> tuple[list[dict[str, Any]], Bools]:
    """Write bounds as rows of a rule, numbers rounded; and say whom those rows find."""
    rows: list[dict[str, Any]] = []
    found = np.ones(len(matrix.raw), dtype=np.bool_)
    for at, (low, high) in sorted(path.items()):
        name, column = matrix.names[at], matrix.raw[:, at]
        known = ~np.isnan(column)
        if low > -math.inf:
            row, holds = _above(name, column, low)
            rows.append(row)
            found &= known & holds
        if high < math.inf:
            row, holds = _below(name, column, high)
            rows.append(row)
            found &= known & holds
    return rows, found


def _above(name: str, column: Doubles, low: float) -> tuple[dict[str, Any], Bools]:
    kind = BY_NAME[name].type
    if kind is Type.MOMENT:
        days = max(0, math.floor(low))
        return {"field": name, "op": "more_than_days_ago", "value": days}, column > days
    bound = math.floor(low) + 1 if kind in WHOLE else _rounded(low)
    return {"field": name, "op": "at_least", "value": bound}, column >= bound


def _below(name: str, column: Doubles, high: float) -> tuple[dict[str, Any], Bools]:
    kind = BY_NAME[name].type
    if kind is Type.MOMENT:
        days = math.ceil(high)
        return {"field": name, "op": "within_days", "value": days}, column <= days
    bound = math.floor(high) if kind in WHOLE else _rounded(high)
    return {"field": name, "op": "at_most", "value": bound}, column <= bound


def _rounded(number: float) -> float:
    """Round to four significant digits: enough to part people, few enough to read."""
    return float(f"{number:.{DIGITS}g}")
