"""The vocabulary for reading products."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from crm.catalog.models import Product


class ProductQuerySet(models.QuerySet["Product"]):
    """Products, in the product's words."""

    def recommendable(self) -> Self:
        """What may be recommended today: not excluded, and in stock where stock is kept."""
        return self.filter(Q(stock__isnull=True) | Q(stock__gt=0), recommendable=True)

    def matching(self, words: str) -> Self:
        """Products whose name (the Chinese one too), stock-keeping unit or brand holds the words."""
        chinese = Q(**{"translations__zh-hans__name__icontains": words})
        return self.filter(Q(name__icontains=words) | Q(sku__iexact=words) | Q(brand__icontains=words) | chinese)

    def departments(self) -> list[str]:
        """The departments there are, in alphabetical order."""
        return list(self.exclude(department="").order_by("department").values_list("department", flat=True).distinct())
