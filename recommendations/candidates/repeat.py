"""What a person buys again: own decayed frequency, scaled by how often the item is bought again at all."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from recommendations.candidates.base import Arrays, SparseCandidate
from recommendations.dataset.arrays import Csr, Floats, Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import DAY, History


@dataclass(frozen=True)
class RepeatConfig:
    """How habits are read."""

    prior: float = 10.0
    """So many average buyers are added to each item before its repeat rate is believed."""
    half_life: float = 45.0
    """Days after which the last purchase counts half."""


class Repeat(SparseCandidate):
    """Scores only items the person already has; 0 for all others."""

    name = "repeat"
    about_own = True
    views = ("again_baskets", "again_fresh", "again_count", "again_last", "again_item")

    def __init__(self, config: RepeatConfig | None = None) -> None:
        self.config = config or RepeatConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Learn each item's repeat rate: the share of its buyers who came back for it, smoothed."""
        self.rate = repeat_rate(dataset.history, self.config.prior)
        self.now = dataset.history.now
        return self

    def products(self, rows: History, users: Ints) -> dict[str, Csr]:
        """Frequency decayed by basket and by day, plain, freshness of the last time, and times the item's rate."""
        age = np.nan_to_num((self.now - rows.last) / DAY, nan=0.0)
        columns = {
            "again_baskets": np.log1p(rows.baskets),
            "again_fresh": np.log1p(rows.fresh),
            "again_count": np.log1p(rows.counts),
            "again_last": np.exp2(-age / self.config.half_life),
            "again_item": rows.baskets * self.rate[rows.indices],
        }
        return {view: rows.matrix(data) for view, data in columns.items()}

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """One rate per item."""
        now = None if np.isnan(self.now) else self.now
        return {"rate": self.rate}, {"config": asdict(self.config), "now": now}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted rates."""
        out = cls(RepeatConfig(**values["config"]))
        out.rate = arrays["rate"]
        out.now = float("nan") if values["now"] is None else values["now"]
        return out


def repeat_rate(history: History, prior: float) -> Floats:
    """Share of each item's buyers who came back for it, after adding `prior` average buyers; shape (items,)."""
    again = np.bincount(history.indices, history.counts > 1, minlength=history.n_items)
    buyers = np.bincount(history.indices, minlength=history.n_items)
    average = again.sum() / max(buyers.sum(), 1)
    return np.asarray((again + prior * average) / (buyers + prior), dtype=np.float32)
