"""What is known of each person at the moment of scoring: one row of items with how often and how lately.

Learners keep only what they learned about items; a person's own past is handed to them here. So one refit serves
behaviour that arrives later, and a model folder holds each history once.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from recommendations.dataset.arrays import Csr, Doubles, Floats, Ints, csr, find, ranges

DAY = 86400.0
FRESH_HALF_LIFE_DAYS = 30.0
BASKET_DECAY = 0.9
"""A purchase one basket earlier against the one after it (TIFU-KNN's within-group decay, Hu et al. 2020)."""


@dataclass(frozen=True)
class History:
    """Distinct pairs in CSR order (people x items), with what is known of each pair."""

    indptr: Ints
    indices: Ints
    counts: Floats
    """On how many different days the person took the item, at least 1."""
    first: Doubles
    """Seconds of the first time; NaN where the source has no time."""
    last: Doubles
    """Seconds of the last time; NaN where the source has no time."""
    fresh: Floats
    """Counts, each halved every 30 days before `now`; equal to counts without time."""
    baskets: Floats
    """Counts, each times 0.9 per later basket of the person; equal to counts without time."""
    place: Doubles
    """What rises with the order of the last times: `last`, or rows where only these are in order; NaN without either.
    Two people's rows are not to be compared."""
    n_items: int
    now: float
    """Seconds of the newest event of all; NaN without time."""

    @property
    def n_users(self) -> int:
        """People, those without any item included."""
        return len(self.indptr) - 1

    @property
    def timed(self) -> bool:
        """True when every pair carries a time."""
        return bool(len(self.last)) and bool(np.isfinite(self.last).all())

    @property
    def sequenced(self) -> bool:
        """True when it is known which pair of a person came first and which last."""
        return bool(len(self.place)) and bool(np.isfinite(self.place).all())

    @cached_property
    def lengths(self) -> Ints:
        """Distinct items per person, shape (users,)."""
        return np.diff(self.indptr)

    @cached_property
    def pairs(self) -> Csr:
        """Binary, users x items."""
        return self.matrix(np.ones(len(self.indices), np.float32))

    def find(self, items: Ints) -> Ints:
        """Place among the pairs of each cell of `items` (people, width), the number of pairs where it is none of them.

        What is negative is never found. Raises ValueError unless the pairs are sorted, as build() and take() have them.
        """
        return find(self.indptr, self.indices, items, self.n_items)

    def holds(self, items: Ints) -> "npt.NDArray[np.bool_]":
        """Which cells of `items` (people, width) are pairs, same shape; as find()."""
        return np.asarray(self.find(items) < len(self.indices))

    def matrix(self, data: npt.NDArray[Any]) -> Csr:
        """CSR of `data`, one number per pair in CSR order."""
        return csr(data, self.indices, self.indptr, (self.n_users, self.n_items))

    @cached_property
    def ranks(self) -> Floats:
        """For each pair, how many of the person's items were taken later (ties share their mean), shape (pairs,)."""
        users = np.repeat(np.arange(self.n_users), self.lengths)
        if not self.sequenced:
            return np.zeros(len(self.indices), np.float32)
        order = np.lexsort((-self.place, users))
        position = np.arange(len(order)) - np.repeat(self.indptr[:-1], self.lengths)
        u, t = users[order], self.place[order]
        start = np.flatnonzero(np.r_[True, (u[1:] != u[:-1]) | (t[1:] != t[:-1])]) if len(order) else np.zeros(0, int)
        group = np.cumsum(np.bincount(start, minlength=len(order))) - 1 if len(order) else start
        mean = np.bincount(group, position) / np.maximum(np.bincount(group), 1)
        ranks = np.empty(len(order), np.float32)
        ranks[order] = mean[group]
        return ranks

    def recent(self, share: float) -> Csr:
        """exp(-rank / (share x n)) per pair, users x items: the last things count most; binary without order."""
        if not self.sequenced:
            return self.pairs
        n = np.repeat(self.lengths, self.lengths)
        return self.matrix(np.exp(-self.ranks / np.maximum(share * n, 1e-9)))

    def take(self, users: Ints) -> "History":
        """The rows of `users` in that order; -1 stands for a person nobody knows."""
        known = users >= 0
        safe = np.where(known, users, 0)
        lengths = np.where(known, self.lengths[safe] if self.n_users else 0, 0)
        starts = self.indptr[safe] if self.n_users else np.zeros(len(users), np.int64)
        at = ranges(starts, lengths)
        return History(
            indptr=np.r_[0, np.cumsum(lengths)].astype(np.int64),
            indices=self.indices[at],
            counts=self.counts[at],
            first=self.first[at],
            last=self.last[at],
            fresh=self.fresh[at],
            baskets=self.baskets[at],
            place=self.place[at],
            n_items=self.n_items,
            now=self.now,
        )

    def artifacts(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Arrays and plain values that from_artifacts() takes back."""
        arrays = {k: getattr(self, k) for k in ("indptr", "indices", "counts", "first", "last", "fresh", "baskets")}
        if self.sequenced and not self.timed:
            arrays["place"] = self.place
        return arrays, {"n_items": self.n_items, "now": None if np.isnan(self.now) else self.now}

    @classmethod
    def from_artifacts(cls, arrays: dict[str, npt.NDArray[Any]], values: dict[str, Any]) -> Self:
        """The history that artifacts() described."""
        now = values["now"]
        arrays = {"place": arrays["last"], **arrays}
        return cls(n_items=values["n_items"], now=float("nan") if now is None else now, **arrays)


@dataclass(frozen=True)
class PositiveEvents:
    """Positive events, one row each: who, what, when (seconds or NaN)."""

    users: Ints
    items: Ints
    times: Doubles
    order: Doubles | None = None
    """What rises from each event to the next, where something else than times does."""


def build(acts: PositiveEvents, shape: tuple[int, int]) -> History:
    """Collapse `acts` into one entry per pair; `shape` is (users, items)."""
    n_users, n_items = shape
    timed = len(acts.times) > 0 and bool(np.isfinite(acts.times).all())
    now = float(acts.times.max()) if timed else float("nan")
    # several lines of one order on one day are one act
    day = np.floor(acts.times / DAY) if timed else np.arange(len(acts.users), dtype=float)
    order = np.lexsort((acts.times, acts.items, acts.users)) if timed else np.lexsort((acts.items, acts.users))
    u, i, t, d = acts.users[order], acts.items[order], acts.times[order], day[order]
    placed = t if timed or acts.order is None else acts.order[order]
    new_pair = np.r_[True, (u[1:] != u[:-1]) | (i[1:] != i[:-1])] if len(u) else np.zeros(0, bool)
    new_act = new_pair | np.r_[True, d[1:] != d[:-1]] if len(u) else new_pair
    starts = np.flatnonzero(new_pair)
    fresh = np.exp2(-(now - t) / (DAY * FRESH_HALF_LIFE_DAYS)) if timed else np.ones(len(u))
    baskets = BASKET_DECAY ** baskets_ago(u, d) if timed else np.ones(len(u))

    def per_pair(numbers: Doubles) -> Floats:
        if not len(starts):
            return np.zeros(0, np.float32)
        return np.add.reduceat(np.where(new_act, numbers, 0.0), starts).astype(np.float32)

    # the last of each pair: the sort is stable, so without times the rows of a pair are still in their order
    ends = np.r_[starts[1:], len(u)] - 1 if len(starts) else starts
    indptr = np.r_[0, np.cumsum(np.bincount(u[starts], minlength=n_users))].astype(np.int64)
    return History(
        indptr=indptr,
        indices=i[starts],
        counts=per_pair(np.ones(len(u))),
        first=t[starts],
        last=t[ends],
        fresh=per_pair(fresh),
        baskets=per_pair(baskets),
        place=placed[ends],
        n_items=n_items,
        now=now,
    )


def baskets_ago(users: Ints, days: Doubles) -> Doubles:
    """How many later shopping days the person had, one number per act."""
    order = np.lexsort((-days, users))
    u, d = users[order], days[order]
    new_user = np.r_[True, u[1:] != u[:-1]]
    step = np.cumsum(np.r_[False, d[1:] != d[:-1]] | new_user)
    first = np.maximum.accumulate(np.where(new_user, step, 0))
    out = np.empty(len(u))
    out[order] = step - first
    return out


def support(history: History) -> Ints:
    """How many different people took each item, shape (items,)."""
    return np.bincount(history.indices, minlength=history.n_items)
