"""Which products go into a mail, and why: taken from the stored lists when the mail is composed, then frozen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recommendations.serving import placing
from recommendations.serving.recommend import recommend


@dataclass(frozen=True)
class Pick:
    """The products of one mail, as the ledger keeps them, and the recommender version they come from."""

    recommended: list[dict[str, Any]]
    version_ref: int | None


def pick(customer_ids: Sequence[int], count: int) -> dict[int, Pick]:
    """Return customer id → at most `count` products to show, best first.

    What must not be in a mail is said by the placement `email`. People who do not allow personal recommendations get
    favourites of many; `version_ref` is then None.
    """
    if not customer_ids or count < 1:
        return {}
    rules = placing.rules_of(placing.EMAIL)
    return {
        customer_id: Pick(
            [
                {"product": product, "code": reason.get("code", ""), "because": reason.get("product")}
                for product, reason in zip(listing.product_ids, listing.reasons, strict=True)
            ],
            listing.version_id if listing.personal else None,
        )
        for customer_id, listing in recommend(customer_ids, count, rules).items()
    }
