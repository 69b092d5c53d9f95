"""How much one event of a kind says about liking the item, an order being 1.

A learner never reads the shop's tables, so the weights travel with the dataset: the release reader passes the ones of
the live registry, files use those of lib.interest.
"""

from collections.abc import Mapping

from lib.interest import WEIGHTS

DEFAULT_WEIGHT = 1.0
"""A kind we do not know is taken at its word: somebody exported it because it matters."""

STRONG = 0.5
"""Events from this weight on are what a recommendation hopes for; weaker ones (views, clicks) are hints."""


def weight_of(kind: str, weights: Mapping[str, float] = WEIGHTS) -> float:
    """The weight of one event of `kind`; DEFAULT_WEIGHT for a kind the table does not hold."""
    return weights.get(kind, DEFAULT_WEIGHT)
