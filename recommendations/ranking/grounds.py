"""The facts behind sentences: what goes together, what is new, what must not be named. Kept with the model."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from recommendations.candidates.base import Arrays, sparse_parts
from recommendations.dataset.arrays import Bools, Doubles, Floats, Ints, from_parts
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import DAY, History
from recommendations.ranking.sensitive import sensitive_items
from recommendations.ranking.together import Baskets, baskets

NEW_DAYS = 30.0
"""An item is new for so long after anybody first did anything with it ..."""
KNOWN_DAYS = 90.0
"""... in a shop whose data go back so far: in younger data everything would be new."""


@dataclass(frozen=True)
class Bought:
    """A history item per cell of a list (people, k) that goes into one basket with the cell's item."""

    source: Ints
    """-1 where there is none that may be named."""
    often: Floats
    """Of the people who took the source, the share who took the item on the same day."""


@dataclass(frozen=True)
class Grounds:
    """What sentences may rest on, by item position."""

    baskets: Baskets
    first_seen: Doubles
    """Seconds of the first event about the item, NaN where there is none; shape (items,)."""
    sensitive: Bools
    """Items that no sentence may name, shape (items,)."""
    began: float
    """Seconds of the first event of all, NaN without time."""

    def new(self, now: float) -> Bools:
        """Which items are new at `now` (seconds), shape (items,); none without time or in young data."""
        if not now - self.began >= KNOWN_DAYS * DAY:
            return np.zeros(len(self.first_seen), bool)
        # NaN compares as false: what nobody ever looked at may have lain there for years
        return np.asarray(now - self.first_seen <= NEW_DAYS * DAY)

    def nameable(self, sources: Ints) -> Ints:
        """`sources` (any shape) with -1 in place of items that no sentence may name."""
        return np.where((sources >= 0) & ~self.sensitive[np.maximum(sources, 0)], sources, -1)

    def bought_together(self, rows: History, items: Ints, buyers: Ints) -> "Bought":
        """What of each person's history goes into one basket with each of `items` (people, k); `buyers` is (items,)."""
        found, people = self.baskets.sources(rows, items)
        source = self.nameable(found)
        often = people / np.maximum(buyers[np.maximum(source, 0)], 1)
        return Bought(source, np.where(source >= 0, often, 0).astype(np.float32))

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Arrays and plain values that from_artifacts() takes back."""
        arrays = sparse_parts("together", self.baskets.pairs)
        arrays |= {"first_seen": self.first_seen, "sensitive": self.sensitive}
        return arrays, {"began": None if np.isnan(self.began) else self.began}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The grounds that artifacts() described."""
        began = float("nan") if values["began"] is None else float(values["began"])
        return cls(Baskets(from_parts("together", arrays)), arrays["first_seen"], arrays["sensitive"], began)


def grounds_of(dataset: Dataset) -> Grounds:
    """The grounds in `dataset`."""
    first = np.full(dataset.n_items, np.inf)
    if dataset.timed:
        np.minimum.at(first, dataset.item_ix, dataset.timestamp)
    return Grounds(
        baskets=baskets(dataset),
        first_seen=np.where(np.isfinite(first), first, np.nan),
        sensitive=sensitive_items(dataset.item_table.to_dict("records")),
        began=float(dataset.timestamp.min()) if dataset.timed else float("nan"),
    )


def category_shares(rows: History, categories: Ints, items: Ints) -> Floats:
    """Share of each person's history that is of the category of each cell of `items` (people, k); 0 for none."""
    out = np.zeros(items.shape, np.float32)
    n = int(categories.max(initial=-1)) + 1
    if not n or not len(rows.indices):
        return out
    person = np.repeat(np.arange(rows.n_users), rows.lengths)
    own = categories[rows.indices]
    known = own >= 0
    counts = np.bincount(person[known] * n + own[known], minlength=rows.n_users * n).reshape(rows.n_users, n)
    wanted = np.where(items >= 0, categories[np.maximum(items, 0)], -1)
    found = np.take_along_axis(counts, np.maximum(wanted, 0), axis=1) / np.maximum(rows.lengths, 1)[:, None]
    return np.where(wanted >= 0, found, 0).astype(np.float32)
