"""What people begin with: popularity counted on everybody's first day alone.

Regulars buy other things than newcomers do. On UCI's shop newcomers' NDCG@10 in three validation windows is .107, .098
and .090 by what others began with lately (half-life 30 days), and .094, .081 and .062 by all that was bought lately.
docs/decisions/0007 has the rest.
"""

from typing import Self

import numpy as np

from recommendations.candidates.popularity import Popularity, PopularityConfig, decay
from recommendations.candidates.voices import HushedVoice, Voice
from recommendations.dataset.arrays import Bools, Doubles, Floats, Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import DAY, History

PRIOR_EVENTS = 200.0
"""So many events of everybody are added to those of first days, lest the order be chance where hardly anybody began
lately; as many as a group's popularity has."""


class Beginnings(Popularity):
    """Decayed number of events per item within a day of their person's first; of people without history alone."""

    name = "beginnings"

    def __init__(self, config: PopularityConfig | None = None) -> None:
        super().__init__(config or PopularityConfig(half_lives=(7.0, 30.0)))

    def fit(self, dataset: Dataset) -> Self:
        """Count first days; not those of all time, which in no window were the best to go by.

        Who was there before the data start seems to begin then, which fades like the rest.
        """
        first = np.full(dataset.n_users, np.inf)
        np.minimum.at(first, dataset.user_ix, dataset.timestamp)
        begun = dataset.timestamp < first[dataset.user_ix] + DAY
        self.counts = {}
        for half_life in self.config.half_lives:
            if dataset.timed and 2 * half_life <= dataset.days:
                self.counts[f"begin_{half_life:g}d"] = self._begun(dataset, decay(dataset, half_life), begun)
        self.views = tuple(self.counts)
        return self

    def _begun(self, dataset: Dataset, fade: Doubles, begun: Bools) -> Floats:
        weight = np.maximum(dataset.weight, 0) * fade
        everybody = np.bincount(dataset.item_ix, weight, minlength=dataset.n_items)
        counts = np.bincount(dataset.item_ix, weight * begun, minlength=dataset.n_items)
        counts += PRIOR_EVENTS * everybody / max(everybody.sum(), 1e-30)
        return np.asarray(counts**self.config.power, dtype=np.float32)

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """Each view's counts for people without history, 0 for others."""
        beginners = _beginners(rows)[:, None]
        return {view: np.where(beginners, array, np.float32(0)) for view, array in super().scores(rows, users).items()}

    def voices(self, rows: History, users: Ints) -> dict[str, Voice]:
        """The same without an array of people x items."""
        beginners = _beginners(rows)
        return {view: HushedVoice(voice, beginners) for view, voice in super().voices(rows, users).items()}


def _beginners(rows: History) -> Bools:
    return np.asarray(rows.lengths == 0)
