"""How much one event of a kind says about liking the item, an order being 1.

A learner never reads the shop's tables, so the weights travel with the dataset: the release reader passes the ones of
the live registry, files use those below.
"""

from collections.abc import Mapping

DEFAULT_WEIGHT = 1.0
"""A kind we do not know is taken at its word: somebody exported it because it matters."""

STRONG = 0.5
"""Events from this weight on are what a recommendation hopes for; weaker ones (views, clicks) are hints."""

KIND_WEIGHTS: Mapping[str, float] = {
    "view": 0.15,
    # Looked at, nothing more.
    "click": 0.2,
    # Followed a link from a list or a mail.
    "email_click": 0.2,
    "cart": 0.4,
    # Meant to buy; about a third do.
    "wishlist": 0.4,
    "order": 1.0,
    # Paid for it.
    "purchase": 1.0,
    "rating": 1.0,
    # Had it and cared enough to say so; the value is kept, the act counts.
    "play": 1.0,
    "watch": 1.0,
    "checkin": 1.0,
    "return": -0.5,
    # Sent back: no sign of liking, so it never enters a history.
    "dislike": -1.0,
    # Said no.
}


def weight_of(kind: str, weights: Mapping[str, float] = KIND_WEIGHTS) -> float:
    """The weight of one event of `kind`; DEFAULT_WEIGHT for a kind the table does not hold."""
    return weights.get(kind, DEFAULT_WEIGHT)
