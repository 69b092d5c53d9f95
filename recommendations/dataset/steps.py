"""What each person took at one moment or on one day, in order: the baskets that sequence learners read."""

from dataclasses import dataclass

import numpy as np

from recommendations.dataset.arrays import Bools, Csr, Doubles, Ints, from_pairs
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import DAY


@dataclass(frozen=True)
class Steps:
    """Baskets ordered by person and time."""

    items: Csr
    """Binary, steps x items."""
    users: Ints
    """Whose step it is, shape (steps,), never falling."""
    times: Doubles
    """When, in seconds, shape (steps,), rising within a person."""

    def __len__(self) -> int:
        return len(self.users)

    def same_person(self, lag: int) -> Bools:
        """For each step whether the one `lag` places later belongs to the same person, shape (steps - lag,)."""
        return np.asarray(self.users[: len(self) - lag] == self.users[lag:]) if lag < len(self) else np.zeros(0, bool)


def steps(dataset: Dataset, *, by_day: bool) -> Steps:
    """The liked events of `dataset` grouped by person and moment, or by person and day (empty without times).

    Where only the rows are in order, each is a moment of its own, a second after the person's one before it.
    """
    keep = dataset.liked & (dataset.timed if by_day else dataset.sequenced)
    users, items, times = dataset.user_ix[keep], dataset.item_ix[keep], dataset.timestamp[keep]
    if dataset.sequenced and not dataset.timed:
        times = _seconds(users)
    if by_day:
        times = np.floor(times / DAY) * DAY
    order = np.lexsort((times, users))
    users, items, times = users[order], items[order], times[order]
    opens = np.ones(len(users), bool)
    opens[1:] = (users[1:] != users[:-1]) | (times[1:] != times[:-1])
    step = np.cumsum(opens) - 1
    matrix = from_pairs(step, items, (int(opens.sum()), dataset.n_items))
    return Steps(matrix, users[opens], times[opens])


def _seconds(users: Ints) -> Doubles:
    """How many events of the same person stand before each, shape of `users`."""
    order = np.argsort(users, kind="stable")
    counts = np.bincount(users)
    out = np.empty(len(users))
    out[order] = np.arange(len(users)) - np.repeat(np.cumsum(counts) - counts, counts)
    return out
