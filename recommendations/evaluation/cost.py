"""What a rule of the shop costs: NDCG@10 with and without it, on people whose next items are known."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from recommendations.dataset.arrays import Bools, Doubles, Floats, Ints
from recommendations.evaluation import metrics
from recommendations.ranking.ascent import CUT, DISCOUNT, IDEAL, Judged, ndcg, top_cells
from recommendations.ranking.boosts import Boost, boosted, factors
from recommendations.ranking.diversity import spread

KEPT = 100
"""Cells of each person that a trial keeps."""
LISTED = 20
"""Places that the dial spreads, as in the lists that are served."""


@dataclass(frozen=True)
class Cost:
    """NDCG@10 without and with a rule, and what changed."""

    people: int
    without: float
    with_rule: float
    change: float
    """`with_rule` minus `without`: negative when the rule costs."""
    low: float
    """Lower end of the 95 % bootstrap interval of the change, the same people drawn for both (paired)."""
    high: float
    moved: float
    """Share of the first ten places that hold another item because of the rule."""
    categories_without: float
    """Mean number of different categories in the first ten places."""
    categories_with: float

    def as_values(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Trial:
    """What costs are measured on: people whose next items are known, and the blend's scores of their pools."""

    judged: Judged
    scores: Floats
    """Shape (people, width), by weights not learned on these people."""
    categories: Ints
    """Number of each item's category, -1 for none, shape (items,)."""

    def artifacts(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Arrays and plain values that from_artifacts() takes back; who the people are is not kept."""
        one = self.judged
        arrays = {"items": one.items, "among": one.among, "hits": one.hits, "wanted": one.wanted}
        return arrays | {"scores": self.scores, "categories": self.categories}, {"window": one.name}

    @classmethod
    def from_artifacts(cls, arrays: dict[str, npt.NDArray[Any]], values: dict[str, Any]) -> Self:
        """The trial that artifacts() described, its people numbered from 0."""
        items = arrays["items"]
        judged = Judged(
            name=values["window"],
            users=np.arange(len(items)),
            lengths=np.zeros(len(items), np.int64),
            features=np.zeros((0, *items.shape), np.float32),
            among=arrays["among"],
            hits=arrays["hits"],
            wanted=arrays["wanted"],
            items=items,
        )
        return cls(judged, arrays["scores"], arrays["categories"])


def trial_of(judged: Judged, scores: Floats, categories: Ints, width: int = KEPT) -> Trial:
    """The trial of a judged pool and its blend's `scores` (people, width), cut to each person's `width` best cells.

    So a trial of a thousand people is small enough to be kept with the model, and a rule's cost can be shown while it
    is being written. What a very strong boost would bring up from deeper is not counted.
    """
    cells = top_cells(scores, judged.among, width)
    arrays = {
        "items": np.take_along_axis(judged.items, cells, axis=1),
        "among": np.take_along_axis(judged.among, cells, axis=1),
        "hits": np.take_along_axis(judged.hits, cells, axis=1),
        "wanted": judged.wanted,
        "scores": np.take_along_axis(scores, cells, axis=1),
        "categories": categories,
    }
    return Trial.from_artifacts(arrays, {"window": judged.name})


def cost_of_boosts(trial: Trial, boosts: Sequence[Boost]) -> Cost:
    """What `boosts` do to the lists of `trial`."""
    judged = trial.judged
    lift = factors(boosts, len(trial.categories))[np.maximum(judged.items, 0)]
    pushed = boosted(trial.scores, judged.among, lift)
    values = ndcg(judged, trial.scores), ndcg(judged, pushed)
    cells = top_cells(trial.scores, judged.among, CUT), top_cells(pushed, judged.among, CUT)
    return _cost(trial, values, cells)


def cost_of_dial(trial: Trial, dial: float) -> Cost:
    """What spreading categories by `dial` (0 to 1) does to the lists of `trial`."""
    judged = trial.judged
    cells = top_cells(trial.scores, judged.among, LISTED)
    real = np.take_along_axis(judged.among, cells, axis=1)
    scores = np.take_along_axis(trial.scores, cells, axis=1)
    scores = np.where(real, scores, np.where(real, scores, np.inf).min(axis=1, keepdims=True))
    scores = np.where(np.isfinite(scores), scores, 0).astype(np.float32)
    items = np.take_along_axis(judged.items, cells, axis=1)
    order = spread(scores, np.where(real, trial.categories[np.maximum(items, 0)], -1), dial)
    # empty places stay last, whatever the dial would do with them
    order = np.take_along_axis(
        order, np.argsort(~np.take_along_axis(real, order, axis=1), axis=1, kind="stable"), axis=1
    )
    varied = np.take_along_axis(cells, order, axis=1)
    values = _listed_ndcg(judged, cells), _listed_ndcg(judged, varied)
    return _cost(trial, values, (cells[:, :CUT], varied[:, :CUT]))


def dial_curve(trial: Trial, dials: Sequence[float] = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)) -> list[tuple[float, Cost]]:
    """The cost at each of several settings of the dial."""
    return [(dial, cost_of_dial(trial, dial)) for dial in dials]


def _listed_ndcg(judged: Judged, cells: Ints) -> Doubles:
    """NDCG@10 per person of the cells (people, k) in their order."""
    found = np.take_along_axis(judged.hits, cells[:, :CUT], axis=1)
    ideal = IDEAL[np.minimum(judged.wanted, CUT) - 1]
    return np.asarray((found * DISCOUNT[: found.shape[1]]).sum(axis=1) / ideal)


def _cost(trial: Trial, values: tuple[Doubles, Doubles], cells: tuple[Ints, Ints]) -> Cost:
    without, with_rule = values
    low, high = metrics.interval(with_rule - without)
    items, shown = zip(*(_shown(trial.judged, one) for one in cells), strict=True)
    kept = (items[1][:, :, None] == items[0][:, None, :]).any(axis=2)
    moved = (~kept & shown[1]).sum() / max(int(shown[1].sum()), 1)
    return Cost(
        people=len(without),
        without=float(without.mean()) if len(without) else 0.0,
        with_rule=float(with_rule.mean()) if len(with_rule) else 0.0,
        change=float((with_rule - without).mean()) if len(without) else 0.0,
        low=low,
        high=high,
        moved=float(moved),
        categories_without=_variety(trial.categories, items[0]),
        categories_with=_variety(trial.categories, items[1]),
    )


def _shown(judged: Judged, cells: Ints) -> tuple[Ints, Bools]:
    """Items of `cells` (people, k), -1 where the cell does not compete, and which compete."""
    real = np.take_along_axis(judged.among, cells, axis=1)
    return np.where(real, np.take_along_axis(judged.items, cells, axis=1), -1), real


def _variety(categories: Ints, items: Ints) -> float:
    """Mean number of different categories per row of `items` (people, k), -1 for none."""
    if not len(items):
        return 0.0
    number = np.sort(np.where(items >= 0, categories[np.maximum(items, 0)], -1), axis=1)
    first = np.diff(number, axis=1, prepend=-1) != 0
    return float((first & (number >= 0)).sum(axis=1).mean())
