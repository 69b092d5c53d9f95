"""What people were shown again and again without a click: let it rest, something else deserves the place."""

from dataclasses import dataclass

import numpy as np

from recommendations.dataset.arrays import Bools, Csr, Doubles, Ints, from_pairs, ranges, row_lengths
from recommendations.dataset.history import DAY


@dataclass(frozen=True)
class Showings:
    """One row per showing of an item to a person."""

    people: Ints
    """Positions, shape (showings,)."""
    items: Ints
    """Positions, shape (showings,)."""
    times: Doubles
    """Seconds since 1970, shape (showings,)."""
    clicked: Bools
    """Whether this showing was clicked, shape (showings,)."""


@dataclass(frozen=True)
class FatigueRule:
    """When an item is rested."""

    times: int = 5
    """Shown so often ..."""
    days: float = 30.0
    """... within so many days without one click, an item rests until enough of these showings are older."""


@dataclass(frozen=True)
class Tired:
    """Which items rest for whom."""

    pairs: Csr
    """people x items, 1 where the item rests."""

    def of(self, users: Ints) -> tuple[Ints, Ints]:
        """Row in `users` (positions, -1 for somebody unknown) and item of every pair that rests, rows in order."""
        known = users >= 0
        safe = np.where(known, users, 0)
        lengths = np.where(known, row_lengths(self.pairs)[safe], 0)
        at = ranges(self.pairs.indptr[safe].astype(np.int64), lengths)
        return np.repeat(np.arange(len(users)), lengths), self.pairs.indices[at].astype(np.int64)

    def at(self, users: Ints, items: Ints) -> Bools:
        """Which of the cells `items` (people, k) rest for `users` (positions, -1 for somebody unknown)."""
        n = self.pairs.shape[1]
        person, item = self.of(users)
        return np.isin(np.arange(len(users))[:, None] * n + items, person * n + item)


def tired(showings: Showings, rule: FatigueRule, now: float, shape: tuple[int, int]) -> Tired:
    """What rests at `now` (seconds) by `rule`; `shape` is (people, items).

    Raises ValueError for a rule that would rest what was never shown.
    """
    if rule.times < 1 or rule.days <= 0:
        raise ValueError("an item can rest after one showing or more, within more than no days")
    inside = (showings.times > now - rule.days * DAY) & (showings.times <= now)
    people, items, clicked = showings.people[inside], showings.items[inside], showings.clicked[inside]
    pairs, back = np.unique(people * shape[1] + items, return_inverse=True)
    shown = np.bincount(back, minlength=len(pairs))
    clicks = np.bincount(back, weights=clicked.astype(float), minlength=len(pairs))
    resting = pairs[(shown >= rule.times) & (clicks == 0)]
    return Tired(from_pairs(resting // shape[1], resting % shape[1], shape))
