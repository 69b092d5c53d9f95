"""Lists in the making: the order of one blend, two orders merged, categories spread, short lists filled."""

from dataclasses import dataclass

import numpy as np

from recommendations.dataset.arrays import Bools, Doubles, Floats, Ints
from recommendations.ranking import reasons
from recommendations.ranking.ascent import top_cells
from recommendations.ranking.boosts import boosted
from recommendations.ranking.diversity import spread
from recommendations.ranking.pool import Pool

OPEN_PLACES = 20
"""First places of a list that things bought before may take (2/5 of a list longer than 50); the rest is new to them."""


@dataclass
class Ranked:
    """Lists of items, best first; arrays of shape (people, k)."""

    items: Ints
    """-1 where nothing is left."""
    scores: Doubles
    seen: Bools
    shares: Floats
    """Shape (people, k, reasons)."""

    def take(self, order: Ints) -> "Ranked":
        """Places in another order (people, k)."""
        return Ranked(
            np.take_along_axis(self.items, order, axis=1),
            np.take_along_axis(self.scores, order, axis=1),
            np.take_along_axis(self.seen, order, axis=1),
            np.take_along_axis(self.shares, order[..., None], axis=1),
        )

    def widened(self, k: int) -> "Ranked":
        """The same lists with `k` places, empty ones last."""
        missing = k - self.items.shape[1]
        if missing <= 0:
            return self
        edge = ((0, 0), (0, missing))
        return Ranked(
            np.pad(self.items, edge, constant_values=-1),
            np.pad(self.scores, edge, constant_values=np.nan),
            np.pad(self.seen, edge, constant_values=False),
            np.pad(self.shares, (*edge, (0, 0))),
        )

    def fill(self, leftovers: dict[int, Ints]) -> None:
        """Put further items after the end of the short lists, a little below the last score."""
        for person, more in leftovers.items():
            empty = np.flatnonzero(self.items[person] < 0)[: len(more)]
            self.items[person, empty] = more[: len(empty)]
            got = self.scores[person][np.isfinite(self.scores[person])]
            last = float(got.min()) if len(got) else 0.0
            self.scores[person, empty] = last - 1e-3 * np.arange(1, len(empty) + 1)


@dataclass(frozen=True)
class Given:
    """What an order is made of."""

    features: Floats
    """Standardised, shape (views, people, width)."""
    weights: Floats
    """One row per person, shape (people, views)."""
    among: Bools
    """Cells that compete, shape (people, width)."""
    lift: Floats | None = None
    """Factors on the scores (boosts.py), shape (people, width)."""


def ranked(pool: Pool, given: Given, scores: Floats, k: int) -> Ranked:
    """The `k` best competing cells of each person by `scores` (people, width); weighted features are the reasons."""
    if given.lift is not None:
        scores = boosted(scores, given.among, given.lift)
    cells = top_cells(scores, given.among, k)
    real = np.take_along_axis(given.among, cells, axis=1)
    picked = np.take_along_axis(given.features, cells[None], axis=2) * given.weights.T[:, :, None]
    share = reasons.shares(picked, pool.views)
    return Ranked(
        np.where(real, np.take_along_axis(pool.items, cells, axis=1), -1),
        np.where(real, np.take_along_axis(scores, cells, axis=1).astype(float), np.nan),
        real & np.take_along_axis(pool.seen, cells, axis=1),
        share * real[..., None],
    ).widened(k)


def merge(fresh: Ranked, again: Ranked) -> Ranked:
    """One list out of two orders of the same people, as wide as they are.

    `again` holds anything and says which of the first places go to things bought before; every other place goes to the
    next item of `fresh`, which holds only new things. So whoever strikes the known things out of the list is left with
    exactly the fresh order, and the rest of the list never runs dry.
    """
    k = again.items.shape[1]
    open_places = max(OPEN_PLACES, 2 * k // 5)
    before = again.seen & (np.arange(k) < open_places) & (again.items >= 0)
    next_new = np.cumsum(~before, axis=1) - 1
    new = fresh.take(np.maximum(next_new, 0))
    items = np.where(before, again.items, new.items)
    shares = np.where(before[..., None], again.shares, new.shares)
    # whoever is in the fresh order is in the open one too, so each place has a score there
    scores = np.where(items >= 0, again.scores, np.nan)
    out = Ranked(items, scores, before, shares)
    return out.take(np.argsort(items < 0, axis=1, kind="stable"))


def varied(lists: Ranked, categories: Ints, dial: float) -> Ranked:
    """Categories spread out by `dial` (0 to 1); empty places stay last. Scores stay where they were, item by item."""
    number = np.where(lists.items >= 0, categories[np.maximum(lists.items, 0)], -1)
    low = np.nanmin(np.where(np.isfinite(lists.scores), lists.scores, np.nan), initial=0.0)
    out = lists.take(spread(np.nan_to_num(lists.scores, nan=low).astype(np.float32), number, dial))
    out = out.take(np.argsort(out.items < 0, axis=1, kind="stable"))
    out.scores = np.where(out.items >= 0, -np.sort(-np.nan_to_num(lists.scores, nan=-np.inf), axis=1), np.nan)
    return out
