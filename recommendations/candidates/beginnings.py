"""What people begin with: popularity counted on everybody's first day alone.

Regulars buy other things than newcomers do. On UCI's shop newcomers' NDCG@10 in three validation windows is .107, .098
and .090 by what others began with lately (half-life 30 days), and .094, .081 and .062 by all that was bought lately.
docs/decisions/0007 has the rest.
"""

from typing import Self

import numpy as np

from recommendations.candidates.popularity import Popularity, PopularityConfig
from recommendations.candidates.voices import HushedVoice, Voice
from recommendations.dataset.arrays import Bools, Doubles, Floats, Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import DAY, History


class Beginnings(Popularity):
    """Decayed number of events per item within a day of their person's first; of people without history alone."""

    name = "beginnings"
    stem = "begin"

    def __init__(self, config: PopularityConfig | None = None) -> None:
        super().__init__(config or PopularityConfig(half_lives=(7.0, 30.0)))

    def fit(self, dataset: Dataset) -> Self:
        """Count first days; not those of all time, which in no window were the best to go by."""
        super().fit(dataset)
        del self.counts[self.stem]
        self.views = tuple(self.counts)
        return self

    def weight(self, dataset: Dataset) -> Doubles:
        """0 after the first day; who was there before the data start seems to begin then, which fades like the rest."""
        first = np.full(dataset.n_users, np.inf)
        np.minimum.at(first, dataset.user_ix, dataset.timestamp)
        return super().weight(dataset) * (dataset.timestamp < first[dataset.user_ix] + DAY)

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
