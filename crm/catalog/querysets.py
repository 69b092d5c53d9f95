"""The vocabulary for reading products."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from lib.translated import contains

if TYPE_CHECKING:
    from crm.catalog.models import Product


class ProductQuerySet(models.QuerySet["Product"]):
    """Products, in the product's words."""

    def recommendable(self) -> Self:
        """What may be recommended today: not excluded, and in stock where stock is kept."""
        return self.filter(Q(stock__isnull=True) | Q(stock__gt=0), recommendable=True)

    def matching(self, words: str) -> Self:
        """Products whose name in any language, stock-keeping unit or brand holds the words."""
        return self.filter(contains("name", words) | Q(sku__iexact=words) | Q(brand__icontains=words))

    def departments(self) -> list[str]:
        """The departments there are, in alphabetical order."""
        return list(self.exclude(department="").order_by("department").values_list("department", flat=True).distinct())
