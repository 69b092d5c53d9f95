"""What is promised to a customer."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from lib.declaration import operations


class Offer(models.Model):
    """A discount, a gift, a delivery: something a mail can promise."""

    class Kind(models.TextChoices):
        """How the promise is worth something."""

        PERCENT = "percent", _("Percent off")
        AMOUNT = "amount", _("Amount off")
        DELIVERY = "delivery", _("Free delivery")
        GIFT = "gift", _("Gift")
        POINTS = "points", _("Points")

    name = models.CharField(max_length=120)
    name_zh = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PERCENT)
    value = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    """Percent, money or points, by kind; 15 percent off reads 85 折 in Chinese."""
    cost = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    """Expected cost of one redemption, in the workspace's currency."""
    code = models.CharField(max_length=40, blank=True)
    department = models.CharField(max_length=80, blank=True)
    """Only for this department; empty for all."""
    url = models.CharField(max_length=500, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]

    class Privacy:
        """Not about people."""

        id = name = name_zh = kind = value = cost = code = department = url = operations()
        valid_from = valid_until = archived_at = created_at = operations()

    def __str__(self) -> str:
        return self.name

    def name_in(self, language: str) -> str:
        """Return the name in a language, the default name where there is none."""
        return (self.name_zh if language.startswith("zh") else "") or self.name

    @property
    def shown_name(self) -> str:
        """The name in the language of the page."""
        return self.name_in(get_language() or "en")
