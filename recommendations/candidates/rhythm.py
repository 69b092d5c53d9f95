"""When a person buys a thing again: their own mean interval, blended with what is typical of the thing.

The age of the last purchase in such intervals says whether a habit lives (far overdue ones have most likely ended) and
whether it is due (just bought is too early). Both are multiplied into the habit's strength, which a linear blend of
`repeat.py`'s columns cannot do.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from recommendations.candidates.base import Arrays, SparseCandidate
from recommendations.candidates.repeat import repeat_rate
from recommendations.dataset.arrays import Csr, Doubles, Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import DAY, History


@dataclass(frozen=True)
class RhythmConfig:
    """How rhythms are read."""

    own: float = 3.0
    """The item's typical interval weighs as much as so many of the person's own."""
    typical: float = 5.0
    """All items' mean interval weighs as much as so many of one item's."""
    rate_prior: float = 10.0
    """So many average buyers are added to each item before its repeat rate is believed."""
    lapse: float = 3.0
    """Intervals after the last purchase at which half of the habits have ended."""
    spread: float = 1.2
    """Width of the due bump, as the standard deviation of the logarithm of age over interval."""
    soonest: float = 0.5
    """Days: a purchase of this very moment counts as so old, and no interval is shorter."""


class Rhythm(SparseCandidate):
    """Scores only items the person already has; 0 for all others, and everywhere without times."""

    name = "rhythm"
    about_own = True
    views = ("again_alive", "again_due")

    def __init__(self, config: RhythmConfig | None = None) -> None:
        self.config = config or RhythmConfig()
        if min(self.config.own, self.config.typical) <= 0:
            raise ValueError("a thing bought once needs the interval of others to lean on")

    def fit(self, dataset: Dataset) -> Self:
        """Learn each item's typical interval in days, and the share of its buyers who come back."""
        history = dataset.history
        self.rate = repeat_rate(history, self.config.rate_prior)
        again = history.counts - 1
        span = _days(history.last - history.first)
        n = np.bincount(history.indices, again, minlength=dataset.n_items)
        days = np.bincount(history.indices, span, minlength=dataset.n_items)
        # without any repetition an interval is the whole time there is, so nothing is ever overdue
        mean = days.sum() / n.sum() if n.sum() else max(dataset.days, 1.0)
        interval = (days + self.config.typical * mean) / (n + self.config.typical)
        self.interval = np.maximum(interval, self.config.soonest).astype(np.float32)
        return self

    def intervals(self, rows: History) -> Doubles:
        """Days from one purchase to the next that each pair of `rows` leads to expect, shape (pairs,)."""
        again = rows.counts - 1.0
        blend = _days(rows.last - rows.first) + self.config.own * self.interval[rows.indices]
        return np.asarray(np.maximum(blend / (again + self.config.own), self.config.soonest))

    def due(self, rows: History) -> Doubles:
        """Age of each pair's last purchase in expected intervals, shape (pairs,): 1 is due, NaN without time."""
        age = np.maximum((rows.now - rows.last) / DAY, self.config.soonest)
        return np.asarray(age / self.intervals(rows))

    def products(self, rows: History, users: Ints) -> dict[str, Csr]:
        """The habit's strength (times taken, times the item's repeat rate) if it lives, and if it is due now.

        Alive: 1 / (1 + (due / lapse)^2). Due: a bump in the logarithm of age over interval, highest at 1.
        """
        strength = rows.counts * self.rate[rows.indices]
        alive, now = np.zeros(len(rows.indices)), np.zeros(len(rows.indices))
        if rows.timed:
            due = self.due(rows)
            alive = 1 / (1 + (due / self.config.lapse) ** 2)
            now = np.exp(-(np.log(due) ** 2) / (2 * self.config.spread**2))
        columns = {"again_alive": strength * alive, "again_due": strength * now}
        return {view: rows.matrix(data) for view, data in columns.items()}

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """One interval and one rate per item."""
        return {"interval": self.interval, "rate": self.rate}, {"config": asdict(self.config)}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted intervals and rates."""
        out = cls(RhythmConfig(**values["config"]))
        out.interval, out.rate = arrays["interval"], arrays["rate"]
        return out


def _days(seconds: Doubles) -> Doubles:
    """Seconds as days, 0 where unknown."""
    return np.nan_to_num(seconds / DAY, nan=0.0)
