"""Lists that are nobody's: what stands beside a product, what is trending."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from crm.catalog.models import Product
from recommendations.serving.fallback import EVERYBODY, TRENDING, department, reason_of, trending
from recommendations.serving.models import Favourites, Placement
from recommendations.serving.neighbours import Neighbour, beside
from recommendations.serving.rules import NO_RULES, Good, Rules, goods, ground

LENGTH = 10
About = TypeVar("About")


@dataclass(frozen=True)
class Cut:
    """How many, in which language, and the placement whose filters hold."""

    n: int = LENGTH
    language: str = "en"
    placement: Placement | None = None

    @property
    def rules(self) -> Rules:
        """What must not be in the list."""
        return self.placement.rules if self.placement else NO_RULES


@dataclass(frozen=True)
class Listed(Generic[About]):
    """Products, best first, each with what is said about it."""

    rows: list[tuple[Good, About]]
    version_id: int | None


def beside_product(product_id: int, kind: str, cut: Cut) -> Listed[Neighbour] | None:
    """Return a product's neighbours of a kind that may be shown today; None when there is no such product."""
    near, version_id = beside(product_id, kind)
    if not near and not Product.objects.filter(pk=product_id).exists():
        return None
    return Listed(_kept([(one.product_id, one) for one in near], cut, cut.rules), version_id)


def trending_now(category: str, cut: Cut) -> Listed[str]:
    """Return what is trending, in a category or everywhere, then favourites; each with the code of its reason."""
    asked = Rules(categories_in=(category,)) if category else cut.rules
    scopes = [*map(trending, asked.departments)] if asked.departments else [TRENDING]
    scopes += [*map(department, asked.departments), EVERYBODY]
    found = {row.scope: row for row in Favourites.objects.filter(scope__in=scopes)}
    known = [found[scope] for scope in scopes if scope in found]
    first: dict[int, str] = {}
    for row in known:
        for product in row.product_ids:
            first.setdefault(product, reason_of(row.scope))
    return Listed(_kept(list(first.items()), cut, cut.rules, asked), known[0].version_id if known else None)


def _kept(listed: Sequence[tuple[int, About]], cut: Cut, *rules: Rules) -> list[tuple[Good, About]]:
    """The first n of those that may be shown under all the rules."""
    found = goods([product for product, _ in listed], cut.language)
    shown = [(product, about) for product, about in listed if not any(ground(found.get(product), one) for one in rules)]
    return [(found[product], about) for product, about in shown[: cut.n]]
