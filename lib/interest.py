"""How much one act of a kind says about liking its product, an order being 1.

The one table for portraits, sessions, search and learning. It stands here because learning knows nothing of the shop's
tables, and neither may disagree with the other about what a rating is worth.
"""

from collections.abc import Mapping

WEIGHTS: Mapping[str, float] = {
    # Looked at, nothing more.
    "view": 0.15,
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
"""The names of kinds in our own table (crm.interactions.kinds) and in files of public data sets."""


def weight(kind: str) -> float:
    """The weight of one act of `kind`; 0 for a kind that says nothing about a product."""
    return WEIGHTS.get(kind, 0.0)
