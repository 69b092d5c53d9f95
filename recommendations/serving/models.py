"""What each customer would like next: one row per customer."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from lib.declaration import derived, operations, pseudonym


class Recommendation(models.Model):
    """The stored list of one customer, best first. Written by recommendations.serving.publish, by COPY."""

    customer = models.OneToOneField("crm.Customer", models.CASCADE, primary_key=True, related_name="recommendation")
    product_ids = ArrayField(models.BigIntegerField(), default=list)
    scores = ArrayField(models.FloatField(), default=list)
    reasons = models.JSONField(default=list)
    """One object per product: {"code", "product" (id, for "because you bought"), "shares": {component: 0..1}}."""
    personal = models.BooleanField(default=True)
    """False when the list is the segment's or everyone's favourites: no history, or no permission."""
    version = models.ForeignKey("recommendations.ModelVersion", models.CASCADE, related_name="recommendations")
    made_at = models.DateTimeField()

    class Privacy:
        """Worked out about a person; goes with the person."""

        customer = pseudonym()
        product_ids = scores = reasons = personal = derived("recommendation")
        version = made_at = operations()


class Favourites(models.Model):
    """Popular products, for people without a personal list: of everybody, or of one segment or country."""

    scope = models.CharField(max_length=60, unique=True)
    """`all`, `segment:<id>`."""
    product_ids = ArrayField(models.BigIntegerField(), default=list)
    version = models.ForeignKey("recommendations.ModelVersion", models.CASCADE, related_name="favourites")
    made_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "favourites"

    class Privacy:
        """Aggregates over at least K_SUPPORT people."""

        id = scope = product_ids = version = made_at = operations()
