"""Association rules within baskets: what people take on one day together (Agrawal, Imielinski and Swami, 1993).

A rule a -> b has a confidence, the share of baskets with a that hold b too, and a lift, how many times more than chance
that is. It exists only if enough different people stand behind it. What is told as bought together rests on
ranking/together.py, which counts people alone.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from recommendations.candidates.base import Arrays, SparseCandidate, shares, sparse_parts
from recommendations.dataset.arrays import (
    Csr,
    Doubles,
    Ints,
    csr,
    dense,
    from_parts,
    row_lengths,
    strongest,
)
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import DAY, History, baskets_ago
from recommendations.dataset.steps import Steps, steps

CELLS = 12_000_000
"""Pairs are counted for so many items at once that their products stay below some 100 MB."""
CHECKED = 3
"""So many times more rules than are kept have their people counted: some of the strongest rest on too few."""
PAIRS_AT_ONCE = 20_000


@dataclass(frozen=True)
class RulesConfig:
    """What makes a rule."""

    support: int = 10
    """Different people who took both in one basket; fewer could point at one person (K_SUPPORT)."""
    neighbours: int = 100
    """Rules kept per item, the strongest by the geometric mean of confidence and lift."""
    prior: float = 10.0
    """Baskets without the other item that are added to each item before its confidence is believed."""
    forget: float = 0.5
    """What each later shopping day leaves of an earlier basket's say at scoring."""


class Rules(SparseCandidate):
    """Pairs of one basket, scored from a person's last baskets; knows nothing where the source has no times."""

    name = "rules"
    views = ("rules", "rules_lift")

    def __init__(self, config: RulesConfig | None = None) -> None:
        self.config = config or RulesConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Count pairs, exactly, a block of items at a time."""
        taken = steps(dataset, by_day=True)
        by_item = taken.items.T.tocsr()
        by_item.sort_indices()
        self.baskets = len(taken)
        self.often = row_lengths(by_item)
        size = max(1, CELLS // max(dataset.n_items, 1))
        starts = range(0, dataset.n_items, size)
        parts = [self._block(taken, by_item, np.arange(at, min(at + size, dataset.n_items))) for at in starts]
        one, other, times, people = (np.concatenate([part[n] for part in parts]) for n in range(4))
        shape = (dataset.n_items, dataset.n_items)
        # rows come in order, and columns within a row too
        indptr = np.searchsorted(one, np.arange(dataset.n_items + 1)).astype(np.int64)
        self.times, self.people = csr(times, other, indptr, shape), csr(people, other, indptr, shape)
        self._rate()
        return self

    def _block(self, taken: Steps, by_item: Csr, block: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """The rules of the items `block`: item, other item, baskets and people with both."""
        both = (by_item[block] @ taken.items).tocoo()
        one, other, times = block[both.row], both.col.astype(np.int64), np.round(both.data).astype(np.int64)
        enough = (times >= self.config.support) & (one != other)
        one, other, times = one[enough], other[enough], times[enough]
        strength = times / np.sqrt(self.often[other])
        chosen = strongest(one, strength, CHECKED * self.config.neighbours)
        one, other, times, strength = one[chosen], other[chosen], times[chosen], strength[chosen]
        people = self._people(taken.users, by_item, one, other)
        enough = people >= self.config.support
        one, other, times, people = one[enough], other[enough], times[enough], people[enough]
        kept = strongest(one, strength[enough], self.config.neighbours)
        kept = kept[np.lexsort((other[kept], one[kept]))]
        return one[kept], other[kept], times[kept], people[kept]

    def _people(self, owners: Ints, by_item: Csr, one: Ints, other: Ints) -> Ints:
        """How many different people have a basket with both, per pair."""
        out = [np.zeros(0, np.int64)]
        for at in range(0, len(one), PAIRS_AT_ONCE):
            part = slice(at, at + PAIRS_AT_ONCE)
            shared = by_item[one[part]].multiply(by_item[other[part]]).tocsr()
            shared.sort_indices()
            pair = np.repeat(np.arange(shared.shape[0]), row_lengths(shared))
            # baskets are sorted by person, so a person's come one after the other
            owner = owners[shared.indices]
            first = np.ones(len(pair), bool)
            first[1:] = (pair[1:] != pair[:-1]) | (owner[1:] != owner[:-1])
            out.append(np.bincount(pair[first], minlength=shared.shape[0]))
        return np.concatenate(out)

    def _rate(self) -> None:
        """Confidence (smoothed) and the logarithm of lift (0 where chance explains the rule) of every rule."""
        source = np.repeat(np.arange(len(self.often)), row_lengths(self.times))
        sure = self.times.data / (self.often[source] + self.config.prior)
        self.confidence = self._like_times(sure)
        chance = self.often[self.times.indices] / max(self.baskets, 1)
        self.lift = self._like_times(np.maximum(np.log(np.maximum(sure / chance, 1e-12)), 0))

    def _like_times(self, data: Doubles) -> Csr:
        return csr(data, self.times.indices, self.times.indptr, self.times.shape)

    def products(self, rows: History, users: Ints) -> dict[str, Csr]:
        """Sums over the items of the last baskets, each earlier one counting less: of confidence, and of log lift."""
        given = rows.matrix(self._weights(rows))
        return {"rules": given @ self.confidence, "rules_lift": given @ self.lift}

    def _weights(self, rows: History) -> Doubles:
        """Per pair of `rows`: 1 for what was taken on the last day, less for each day before; 0 without time."""
        if not rows.timed:
            return np.zeros(len(rows.indices))
        person = np.repeat(np.arange(rows.n_users), rows.lengths)
        return np.asarray(self.config.forget ** baskets_ago(person, np.floor(rows.last / DAY)))

    def because(self, rows: History, person: int, item: int, top: int = 3) -> list[tuple[int, float]]:
        """Items of the last baskets by their part of the confidence; every rule has its people already."""
        alone = rows.take(np.array([person]))
        return shares(
            dense(self.confidence[alone.indices][:, [item]]).ravel() * self._weights(alone), alone.indices, top
        )

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Baskets and people of every rule, and baskets of every item."""
        arrays = sparse_parts("times", self.times) | sparse_parts("people", self.people) | {"often": self.often}
        return arrays, {"config": asdict(self.config), "baskets": self.baskets}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The counted rules."""
        out = cls(RulesConfig(**values["config"]))
        out.times, out.people = from_parts("times", arrays), from_parts("people", arrays)
        out.often, out.baskets = arrays["often"], values["baskets"]
        out._rate()
        return out
