"""A declared share of answers in an order drawn by lot, so that what was shown can be learned from.

With the share e, a list of n places is filled with probability 1 - e by the model's order and with probability e by a
draw: n of the first m = SPREAD * n products, every order equally likely. So the probability that a product stands at a
place is known beforehand, whichever of the two happened:

    propensity = (1 - e) * [the model would put it there] + e / m

which is what inverse propensity weighting divides by (Horvitz and Thompson 1952; for lists by place, Swaminathan et al.
2017). Without exploration it is 1: nothing is left to chance, and nothing can be learned about what was not shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random, SystemRandom

SPREAD = 2
"""A draw reaches down to so many times the list's length, no further: what is shown stays worth showing."""
LOT = SystemRandom()


@dataclass(frozen=True)
class Drawn:
    """Places of a ranked sequence in the order to show."""

    ranks: list[int]
    """From 1."""
    propensities: list[float]
    """How likely each was to stand where it stands, in (0, 1]."""


def draw(available: int, n: int, share: float, lot: Random = LOT) -> Drawn:
    """Choose which of `available` ranked products fill `n` places, drawing by lot in a `share` (0 to 1) of calls."""
    places = min(n, available)
    reach = min(SPREAD * n, available)
    ranks = list(range(1, places + 1))
    if share > 0 and lot.random() < share:
        ranks = lot.sample(range(1, reach + 1), places)
    return Drawn(ranks, propensities(ranks, reach, share))


def propensities(ranks: Sequence[int], reach: int, share: float) -> list[float]:
    """Return how likely the product of each rank is at its place; `reach` is the number of products in the draw."""
    if not share:
        return [1.0] * len(ranks)
    return [(1 - share) * (rank == place) + share / reach for place, rank in enumerate(ranks, 1)]
