"""What must not be in a placement's list, and the ground on which each product is held back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache

from django.db import connection
from django.utils import timezone

from crm.interactions.models import Interaction
from lib import translated
from recommendations.ranking.sensitive import is_sensitive

STEP = " > "
"""Between the steps of a category's path."""


@dataclass(frozen=True)
class Rules:
    """A placement's filters."""

    categories_in: tuple[str, ...] = ()
    """Paths of categories; empty lets every category in."""
    categories_out: tuple[str, ...] = ()
    price_from: Decimal | None = None
    price_to: Decimal | None = None
    rest_days: int = 0
    """What the person bought within so many days rests; 0 lets it through."""

    @property
    def departments(self) -> list[str]:
        """First steps of the wanted paths, each once, in their order."""
        return list(dict.fromkeys(path.split(STEP)[0] for path in self.categories_in))


NO_RULES = Rules()


@dataclass(frozen=True, slots=True)
class Good:
    """A product as a list needs it."""

    id: int
    sku: str
    name: str
    """In the language asked for."""
    category: str
    price: Decimal | None
    recommendable: bool
    in_stock: bool
    told: str
    """All that a sentence would give away by naming it: name, category, tags."""

    @property
    def sensitive(self) -> bool:
        """Whether nothing may be said that links a person to it."""
        return _sensitive(self.told) or _sensitive(self.name)


_GOODS = """
SELECT id, sku, {name}, category, price, recommendable, stock IS NULL OR stock > 0,
       concat_ws(' / ', name, category, array_to_string(tags, ' / '))
FROM crm_product WHERE id = ANY(%s)
"""
_sensitive = lru_cache(maxsize=50_000)(is_sensitive)


def goods(product_ids: Collection[int], language: str) -> dict[int, Good]:
    """Return the products there are among `product_ids`, in one query; deleted ones are absent."""
    if not product_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            _GOODS.format(name=translated.sql("name", language, "name")),
            [list(product_ids)],
        )
        return {row[0]: Good(*row) for row in cursor.fetchall()}


def bought_lately(customer_ids: Collection[int], days: int) -> dict[int, set[int]]:
    """Return customer → products bought within so many days, in one query; nothing is read for 0 days.

    Ask only for people who allow personal recommendations.
    """
    if not days or not customer_ids:
        return {}
    found: dict[int, set[int]] = {}
    since = timezone.now() - timedelta(days=days)
    orders = Interaction.objects.orders().since(since).filter(customer__in=customer_ids, product__isnull=False)
    for customer, product in orders.values_list("customer", "product").distinct():
        found.setdefault(customer, set()).add(product)
    return found


def ground(good: Good | None, rules: Rules, resting: Collection[int] = ()) -> str:
    """Return why a product must not be shown (a key of GROUNDS), empty where it may be.

    `resting` are products that this person should be left in peace with. A product without a price passes no bound.
    """
    if good is None:
        return "deleted"
    if not good.recommendable:
        return "excluded"
    if not good.in_stock:
        return "out_of_stock"
    if (rules.categories_in and not _inside(good.category, rules.categories_in)) or _inside(
        good.category, rules.categories_out
    ):
        return "category"
    if not _affordable(good.price, rules):
        return "price"
    return "resting" if good.id in resting else ""


def _inside(category: str, paths: Sequence[str]) -> bool:
    return any(category == path or category.startswith(path + STEP) for path in paths)


def _affordable(price: Decimal | None, rules: Rules) -> bool:
    if price is None:
        return rules.price_from is None and rules.price_to is None
    return not (
        (rules.price_from is not None and price < rules.price_from)
        or (rules.price_to is not None and price > rules.price_to)
    )
