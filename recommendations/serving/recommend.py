"""What to show a customer: the stored list, or what the declared fallbacks find."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from recommendations.serving import fallback
from recommendations.serving.models import Recommendation
from recommendations.serving.rules import NO_RULES, Rules, bought_lately, goods, ground
from recommendations.serving.wording import sentence

__all__ = ["Listing", "held_back", "recommend", "sentence"]


@dataclass(frozen=True)
class Listing:
    """Products for one customer, best first. Only products that may be recommended today are in it."""

    product_ids: list[int]
    reasons: list[dict[str, Any]]
    """One for each product: {"code", "product" (id, for "because you bought"), "shares"}."""
    personal: bool
    version_id: int | None
    scores: list[float] = field(default_factory=list)


def recommend(customer_ids: Sequence[int], n: int, rules: Rules = NO_RULES) -> dict[int, Listing]:
    """Return a list of at most n products for every customer asked for.

    People who allow personal recommendations get their stored list. Those who do not, those without one, and those of
    whose list nothing may be shown today get the favourites of their segment, then everybody's (fallback.py); people
    without a history get their segment's too, and only where it has none the list the model made for newcomers. `rules`
    are those of a placement; what somebody bought is only looked at with their permission. Costs at most six queries,
    seven with days of rest, however many are asked for.
    """
    ids = list(customer_ids)
    allowed = set(
        Customer.objects.filter(pk__in=ids)
        .active()
        .permitting(int(Purpose.RECOMMENDATION))
        .values_list("pk", flat=True)
    )
    stored = Recommendation.objects.in_bulk(allowed)
    resting = bought_lately(allowed, rules.rest_days)
    showable = _showable((product for row in stored.values() for product in row.product_ids), rules)
    own = {pk: _stored(row, showable - resting.get(pk, set()), n) for pk, row in stored.items()}
    result = {pk: own[pk] for pk in ids if pk in own and own[pk].personal and own[pk].product_ids}
    spare = fallback.favourites([pk for pk in ids if pk not in result])
    showable = _showable((product for found in spare.values() for product in found.product_ids), rules)
    for pk, found in spare.items():
        newcomer = own.get(pk)
        if newcomer and newcomer.product_ids and found.scope == fallback.EVERYBODY:
            result[pk] = newcomer
        else:
            result[pk] = _favourites(found, showable - resting.get(pk, set()), n)
    return result


def held_back(customer: Customer) -> list[int]:
    """Return what is in a customer's stored list and may not be shown today; nothing without their permission."""
    if customer.state != Customer.State.ACTIVE or not customer.permission & Purpose.RECOMMENDATION:
        return []
    row = Recommendation.objects.filter(pk=customer.pk).first()
    listed = row.product_ids if row else []
    showable = _showable(listed, NO_RULES)
    return [product for product in listed if product not in showable]


def _showable(products: Iterable[int], rules: Rules) -> set[int]:
    return {pk for pk, good in goods(set(products), "").items() if not ground(good, rules)}


def _stored(row: Recommendation, showable: set[int], n: int) -> Listing:
    kept = [at for at, product in enumerate(row.product_ids) if product in showable][:n]
    return Listing(
        product_ids=[row.product_ids[at] for at in kept],
        reasons=[row.reasons[at] for at in kept],
        personal=row.personal,
        version_id=row.version_id,
        scores=[row.scores[at] for at in kept],
    )


def _favourites(found: fallback.Found, showable: set[int], n: int) -> Listing:
    kept = [product for product in found.product_ids if product in showable][:n]
    code = fallback.reason_of(found.scope)
    return Listing(
        product_ids=kept, reasons=[{"code": code} for _ in kept], personal=False, version_id=found.version_id
    )
