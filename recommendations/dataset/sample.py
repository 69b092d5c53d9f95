"""Some of the people, by lot: what is counted over a hundred thousand of them is not sharper over a million."""

import numpy as np

from recommendations.dataset.arrays import Ints
from recommendations.dataset.events import Dataset

LOT = 20_240_229
"""Seed of every draw, so that the same data give the same people."""


def drawn(people: Ints, most: int | None) -> Ints:
    """At most `most` of `people` (positions), by lot, in their order; all of them for None."""
    if most is None or len(people) <= most:
        return people
    return np.sort(np.random.default_rng(LOT).choice(people, most, replace=False))


def of_people(dataset: Dataset, most: int | None) -> Dataset:
    """`dataset` with the events of at most `most` people, by lot; everybody keeps their position."""
    active = np.flatnonzero(np.bincount(dataset.user_ix, minlength=dataset.n_users))
    if most is None or len(active) <= most:
        return dataset
    chosen = np.zeros(dataset.n_users, bool)
    chosen[drawn(active, most)] = True
    return dataset.subset(chosen[dataset.user_ix])
