"""How sure a mean over people is: the percentile bootstrap.

Efron and Tibshirani, "An Introduction to the Bootstrap", 1993. People are drawn, never single
answers: what one person does is no independent evidence.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from recommendations.dataset.arrays import Doubles, Ints

RESAMPLES = 1000
LEVEL = 0.95


def interval(values: Doubles, seed: int = 0, level: float = LEVEL) -> tuple[float, float]:
    """Bootstrap interval of the mean of `values` (people,) over people; (0, 0) without people."""
    if not len(values):
        return 0.0, 0.0
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    return middle(np.array(means), level)


@dataclass(frozen=True)
class Difference:
    """Ours minus theirs."""

    value: float
    low: float
    """Lower end of the 95 % interval."""
    high: float
    better: float
    """Share of resamples in which ours is ahead."""

    @property
    def sure(self) -> bool:
        """True when the whole interval lies on one side of 0."""
        return self.low > 0 or self.high < 0

    def as_values(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


def difference(ours: Doubles, theirs: Doubles, seed: int = 0) -> Difference:
    """Paired bootstrap of the difference of two means over the same people, each (people,), in the same order.

    Far narrower than two intervals side by side, for what is hard for one recommender is hard for the other. Raises
    ValueError when the people differ in number or there are none.
    """
    if len(ours) != len(theirs) or not len(ours):
        raise ValueError("both must have figures of the same people, at least one")
    each = ours - theirs
    rng = np.random.default_rng(seed)
    means = np.array([each[rng.integers(0, len(each), len(each))].mean() for _ in range(RESAMPLES)])
    low, high = middle(means)
    return Difference(float(each.mean()), low, high, float((means > 0).mean()))


def error_intervals(errors: Doubles, users: Ints, seed: int = 0) -> tuple[tuple[float, float], tuple[float, float]]:
    """Intervals of RMSE and of MAE of `errors` (answers,) given by `users` (answers,); (0, 0) each without answers.

    A person is drawn with all answers at once.
    """
    if not len(errors):
        return (0.0, 0.0), (0.0, 0.0)
    _, person = np.unique(users, return_inverse=True)
    count = np.bincount(person).astype(float)
    squares, sizes = np.bincount(person, errors**2), np.bincount(person, np.abs(errors))
    rng = np.random.default_rng(seed)
    rmses, maes = np.empty(RESAMPLES), np.empty(RESAMPLES)
    for at in range(RESAMPLES):
        drawn = rng.integers(0, len(count), len(count))
        answers = count[drawn].sum()
        rmses[at], maes[at] = np.sqrt(squares[drawn].sum() / answers), sizes[drawn].sum() / answers
    return middle(rmses), middle(maes)


def middle(numbers: Doubles, level: float = LEVEL) -> tuple[float, float]:
    """The ends between which the middle `level` of `numbers` lie."""
    low, high = np.quantile(numbers, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
