"""What there is to buy or to read."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.catalog.querysets import ProductQuerySet
from lib.declaration import operations
from lib.translated import Translated


class Product(Translated):
    """Something a customer can be shown: a product, an article or an answer."""

    class Kind(models.TextChoices):
        """What sort of thing it is."""

        PRODUCT = "product", _("Product")
        ARTICLE = "article", _("Article")
        ANSWER = "answer", _("Answer")

    TEXTS = ("name", "description")

    sku = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PRODUCT)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    category = models.CharField(max_length=200, blank=True)
    """A path, its steps separated by " > "."""
    department = models.CharField(max_length=80, blank=True)
    """The first step of the path, kept beside it because portraits and charts group by it."""
    brand = models.CharField(max_length=120, blank=True)
    tags = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    stock = models.IntegerField(null=True, blank=True)
    """Pieces in stock; null when stock is not kept."""
    url = models.CharField(max_length=500, blank=True)
    image_url = models.CharField(max_length=500, blank=True)
    recommendable = models.BooleanField(default=True)
    """Off when a marketer excluded it from recommendations."""
    repeatable = models.BooleanField(default=False)
    """On for things people buy again, such as food or refills."""
    attributes = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        indexes = [
            # Read by the product list's department filter.
            models.Index(fields=["department", "id"], name="product_by_department"),
        ]

    class Privacy:
        """Products are not people."""

        id = sku = kind = name = description = translations = category = department = brand = tags = operations()
        price = currency = stock = url = image_url = recommendable = repeatable = attributes = operations()
        created_at = updated_at = operations()

    def __str__(self) -> str:
        return self.name
