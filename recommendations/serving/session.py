"""The blend of the stored list with what the person did since: neighbours of the products they just touched.

    score = (1 - strength) * stored + strength * session

    stored   = 1 / log2(1 + place), place 1 being the best of the stored list; 0 for what is not in it
    session  = 1 / log2(1 + place) in the order of: sum over acts of weight(act) * likeness(its product, product)
    weight   = weight of the act's kind (crm.interactions.kinds) * 0.5 ** (age / HALF_LIFE)
    strength = min(STRONGEST, mass / (mass + PRIOR)), mass being the sum of the weights

Places and not scores, because the scores of the two have no scale in common: what counts is the order, and neither can
fill the list alone however close its scores lie together. One view a moment ago gives a strength of 1/3, an order
STRONGEST; after an hour either counts half. Without acts the stored list stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import log2
from typing import Any

from crm.interactions.kinds import KINDS

MOST_ACTS = 20
MOST_SCORED = 150
"""Enough to fill the longest list though most of it be filtered out."""
WINDOW_HOURS = 24
HALF_LIFE = 3600.0
"""Seconds after which an act counts half."""
PRIOR = 0.3
STRONGEST = 0.5
"""Then the two lists take turns."""
DONE = frozenset({"order", "cart", "return"})
"""Acts after which the product itself is not shown again in this session."""
REASONS = {"order": "because_you_bought"}
LOOKED = "because_you_viewed"


@dataclass(frozen=True, slots=True)
class SessionEvent:
    """One thing the person did with one product."""

    product_id: int
    kind: str
    age: float
    """Seconds ago."""

    @property
    def weight(self) -> float:
        """How much it says about what the person wants now; 0 where it says nothing or the opposite."""
        kind = KINDS.get(self.kind)
        return max(kind.weight, 0.0) * 0.5 ** (max(self.age, 0.0) / HALF_LIFE) if kind else 0.0


@dataclass(frozen=True, slots=True)
class Scored:
    """A product in the running, with why."""

    product_id: int
    score: float | None
    """None where the order is all there is, as with favourites."""
    reason: dict[str, Any]
    """{"code", "product" (id of the one it names), "shares": {code: 0..1}}."""


Beside = Mapping[int, Sequence[tuple[int, float]]]
"""Product → (neighbour, likeness) pairs."""


@dataclass(frozen=True)
class Stored:
    """The stored list: products, best first, and the reason of each."""

    product_ids: Sequence[int] = ()
    reasons: Sequence[dict[str, Any]] = field(default=())


def done_with(acts: Sequence[SessionEvent]) -> set[int]:
    """Return the products that the person has just bought, put in the basket or sent back."""
    return {act.product_id for act in acts if act.kind in DONE}


def strength(acts: Sequence[SessionEvent]) -> float:
    """Return how far the session may change the stored list, 0 to STRONGEST."""
    mass = sum(act.weight for act in acts)
    return min(STRONGEST, mass / (mass + PRIOR))


def blend(stored: Stored, acts: Sequence[SessionEvent], beside: Beside, most: int = MOST_SCORED) -> list[Scored]:
    """Return the `most` best products of the stored list and the session's neighbours; ties in the stored order.

    The formula is that of the module. A neighbour that owes more to the session than to the stored list says so.
    """
    likeness, sources = _session(acts, beside)
    session = sorted(likeness, key=lambda product: -likeness[product])
    share = strength(acts) if session else 0.0
    place = {product: at for at, product in enumerate(stored.product_ids)}
    own = {product: (1 - share) / log2(2 + at) for product, at in place.items()}
    score = own | {product: own.get(product, 0.0) + share / log2(2 + at) for at, product in enumerate(session)}
    found = []
    for product in sorted(score, key=lambda one: -score[one])[:most]:
        reason = stored.reasons[place[product]] if product in place else {}
        if product in likeness:
            reason = _told(reason, sources[product], 1 - own.get(product, 0.0) / score[product])
        found.append(Scored(product, score[product], reason))
    return found


def _session(acts: Sequence[SessionEvent], beside: Beside) -> tuple[dict[int, float], dict[int, SessionEvent]]:
    """Sum the session's part of each neighbour, and find the act that gives it most."""
    total: dict[int, float] = {}
    most: dict[int, float] = {}
    sources: dict[int, SessionEvent] = {}
    for act in acts:
        weight = act.weight
        if not weight:
            continue
        for product, likeness in beside.get(act.product_id, ()):
            part = weight * likeness
            total[product] = total.get(product, 0.0) + part
            if product not in sources or part > most[product]:
                most[product], sources[product] = part, act
    return total, sources


def _told(stored: dict[str, Any], act: SessionEvent, share: float) -> dict[str, Any]:
    """Return the reason of a product of which the session gives `share` and the stored list the rest."""
    code = REASONS.get(act.kind, LOOKED)
    shares = {one: round(part * (1 - share), 3) for one, part in stored.get("shares", {}).items()}
    shares[code] = round(shares.get(code, 0.0) + share, 3)
    if share < 0.5 and stored:
        return {**stored, "shares": shares}
    return {"code": code, "product": act.product_id, "shares": shares}
