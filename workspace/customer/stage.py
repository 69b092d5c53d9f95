"""Where a customer stands, in one word: the RFM scores of the portrait, said as a marketer would.

The names follow the usual reading of recency and frequency quintiles (Hughes, Strategic Database Marketing, 1994).
"""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Painted = Any
"""A Portrait, whose columns are made from the registry of features, where no type checker can see them."""


@dataclass(frozen=True)
class LifecycleStage:
    """A name and the colour of its badge."""

    label: str | Promise
    tone: str


BEST = LifecycleStage(_("Best customer"), "teal")
LOYAL = LifecycleStage(_("Loyal"), "green")
NEW = LifecycleStage(_("New"), "blue")
REGULAR = LifecycleStage(_("Regular"), "grey")
SLIPPING = LifecycleStage(_("Slipping away"), "yellow")
DORMANT = LifecycleStage(_("Dormant"), "red")
NO_ORDERS = LifecycleStage(_("No orders yet"), "grey")


def stage_of(portrait: Painted | None) -> LifecycleStage | None:
    """Return the stage of a portrait; None without one, because nothing is guessed about people without profiling."""
    if portrait is None:
        return None
    recency, frequency, money = portrait.recency_score, portrait.frequency_score, portrait.monetary_score
    if not portrait.orders or recency is None or frequency is None:
        return NO_ORDERS
    if portrait.orders == 1 and recency >= 4:
        return NEW
    if recency >= 4 and frequency >= 4:
        return BEST if (money or 0) >= 4 else LOYAL
    if recency >= 3:
        return LOYAL if frequency >= 3 else REGULAR
    return SLIPPING if frequency >= 3 else DORMANT
