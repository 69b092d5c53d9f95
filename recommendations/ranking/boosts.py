"""The shop pushes: factors on the blended score, item by item, so that their cost can be measured like any ranking."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommendations.dataset.arrays import Bools, Floats, Ints

LEAST, MOST = 0.1, 10.0
"""Bounds of a factor: beyond them a boost is an exclusion or an advertisement, and there are other means for these."""


@dataclass(frozen=True)
class Boost:
    """Some items count more (factor above 1) or less (below 1)."""

    items: Bools
    """Shape (items,)."""
    factor: float

    def __post_init__(self) -> None:
        """Refuse a factor outside LEAST to MOST."""
        if not LEAST <= self.factor <= MOST:
            raise ValueError(f"a boost goes from {LEAST:g} to {MOST:g}, not {self.factor:g}")

    @classmethod
    def of_category(cls, category: int, categories: Ints, factor: float) -> "Boost":
        """A boost of all items whose number in `categories` (items,) is `category`."""
        return cls(categories == category, factor)


def factors(boosts: Sequence[Boost], n_items: int) -> Floats:
    """The factor of each item, shape (items,): the product of all its boosts, kept within LEAST to MOST."""
    out = np.ones(n_items, np.float32)
    for boost in boosts:
        out[boost.items] *= boost.factor
    return np.clip(out, LEAST, MOST)


def boosted(scores: Floats, among: Bools, lift: Floats) -> Floats:
    """`scores` (people, width) with the factors `lift` (people, width) applied among the cells of `among`.

    A blend's scores are differences from a mean and may be negative, so what is multiplied is how far an item stands
    above the person's lowest competing one: a factor above 1 never lowers an item, and 1 changes nothing.
    """
    if not scores.shape[1]:
        return scores
    floor = np.where(among, scores, np.float32(np.inf)).min(axis=1, keepdims=True)
    floor = np.where(np.isfinite(floor), floor, np.float32(0))
    return np.where(among, floor + (scores - floor) * lift, scores).astype(np.float32)
