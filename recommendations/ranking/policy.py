"""What must not be shown, whatever its score: the shop's rules, kept apart from the learners' taste."""

from dataclasses import dataclass

import numpy as np

from recommendations.dataset.arrays import Bools
from recommendations.dataset.history import DAY, History

K_SUPPORT = 10
"""A reason that speaks of other people rests on at least so many of them, else it could point at one."""


@dataclass(frozen=True)
class Policy:
    """The shop's rules, by item position."""

    blocked: Bools
    """Never shown: excluded by a marketer, or out of stock; shape (items,)."""
    repeatable: Bools
    """Things people buy again, shape (items,)."""
    rest_days: float = 7.0
    """A repeatable item is left in peace for so many days after it was bought."""

    @classmethod
    def open(cls, n_items: int) -> "Policy":
        """No rule at all: everything may be shown, anything may be bought again at once."""
        return cls(np.zeros(n_items, bool), np.ones(n_items, bool), rest_days=0.0)

    @property
    def eligible(self) -> Bools:
        """Items that may be shown, shape (items,)."""
        return ~self.blocked

    def resting(self, rows: History) -> Bools:
        """Which items each person should not be shown again yet, shape (people, items).

        All that is not repeatable, and repeatable things bought less than `rest_days` before the newest event.
        """
        out = np.zeros((rows.n_users, rows.n_items), bool)
        person = np.repeat(np.arange(rows.n_users), rows.lengths)
        recent = np.zeros(len(rows.indices), bool)
        if rows.timed:
            recent = (rows.now - rows.last) < self.rest_days * DAY
        out[person, rows.indices] = recent | ~self.repeatable[rows.indices]
        return out
