"""Every way of predicting ratings, judged on the same newest ratings of the shop."""

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from recommendations.candidates.likeness import LikenessConfig, Measure
from recommendations.candidates.ratings.base import RATING, Rater
from recommendations.candidates.ratings.bias import Bias
from recommendations.candidates.ratings.linear import Linear
from recommendations.candidates.ratings.neighbours import NeighbourConfig, NeighbourRater
from recommendations.candidates.ratings.svd import Svd
from recommendations.dataset.arrays import Bools
from recommendations.dataset.events import Dataset
from recommendations.evaluation.residuals import Residuals, judge_rater

FEWEST_RATINGS = 100
"""Fewer ratings would draw a picture of chance."""
MOST_RATINGS = 100_000
"""Of a shop with more, as many people as gave about so many are drawn by lot: every two of them are compared."""


def _neighbours(by: Literal["people", "items"], measure: Measure) -> Callable[[], Rater]:
    likeness = LikenessConfig(measure, shrinkage=20.0, neighbours=500)
    return lambda: NeighbourRater(NeighbourConfig(by=by, likeness=likeness))


RATERS: Mapping[str, Callable[[], Rater]] = {
    "bias": Bias,
    "linear": Linear,
    "items_cosine": _neighbours("items", "cosine"),
    "items_pearson": _neighbours("items", "pearson"),
    "people_cosine": _neighbours("people", "cosine"),
    "people_pearson": _neighbours("people", "pearson"),
    "svd": Svd,
}
"""By the name their figures are kept under."""


def errors_of_ratings(dataset: Dataset, most: int = MOST_RATINGS) -> list[Residuals]:
    """The errors of every rater on the newest fifth of the ratings, in the order of RATERS; empty without any.

    Without times a fifth by lot is kept from them.
    """
    rating = _some_people(dataset, np.asarray(dataset.kind == RATING), most)
    if rating.sum() < FEWEST_RATINGS:
        return []
    when = dataset.timestamp if dataset.timed else np.random.default_rng(0).random(dataset.n_events)
    known = when <= np.quantile(when[rating], 0.8)
    if not (rating & ~known).any():
        return []
    learned, held = dataset.subset(rating & known), dataset.subset(rating & ~known)
    return [judge_rater(name, make().fit(learned), held) for name, make in RATERS.items()]


def _some_people(dataset: Dataset, rating: Bools, most: int) -> Bools:
    """`rating` (events,), of people drawn by lot where there are more than `most` ratings."""
    given = np.bincount(dataset.user_ix[rating], minlength=dataset.n_users)
    order = np.random.default_rng(0).permutation(dataset.n_users)
    drawn = np.zeros(dataset.n_users, bool)
    drawn[order[np.cumsum(given[order]) <= most]] = True
    return rating & drawn[dataset.user_ix]
