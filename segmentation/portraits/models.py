"""Portrait: one row per customer, one typed column per feature of the registry."""

from typing import Any

from django.db import models

from lib.declaration import derived, operations, pseudonym
from lib.runs import Run
from segmentation.portraits.features import FEATURES, Type


def column(kind: Type) -> "models.Field[Any, Any]":
    """Return the database column a type of feature is kept in; every feature may be unknown."""
    match kind:
        case Type.COUNT:
            return models.BigIntegerField(null=True)
        case Type.MONEY:
            return models.DecimalField(max_digits=14, decimal_places=2, null=True)
        case Type.MOMENT:
            return models.DateTimeField(null=True)
        case Type.WORD:
            return models.CharField(max_length=200, blank=True, default="")
        case Type.VECTOR:
            return models.JSONField(default=dict)
        case _:
            return models.FloatField(null=True)


class PortraitRun(Run):
    """One painting of all portraits from a release."""

    release_ref = models.BigIntegerField(null=True)
    as_of = models.DateTimeField(null=True)
    painted = models.BigIntegerField(default=0)
    removed = models.BigIntegerField(default=0)

    class Meta:
        ordering = ["-id"]

    class Privacy(Run.Privacy):
        """Counts."""

        id = release_ref = as_of = painted = removed = operations()


class Portrait(models.Model):
    """What is known about how a customer buys. Written only by segmentation.portraits.build, from a release.

    Only people who allow profiling have one. Columns come from the feature registry, so adding a feature there and
    making a migration is all it takes.
    """

    customer = models.OneToOneField("crm.Customer", models.CASCADE, primary_key=True, related_name="portrait")
    as_of = models.DateTimeField()
    recency_score = models.SmallIntegerField(null=True)
    """1 to 5 by quintile of last_order_at among customers with orders, 5 the most recent."""
    frequency_score = models.SmallIntegerField(null=True)
    monetary_score = models.SmallIntegerField(null=True)
    for _feature in FEATURES:
        locals()[_feature.name] = column(_feature.type)
    del _feature

    class Meta:
        indexes = [
            # Read by the dashboard's recency × frequency grid and by rules about the commonest facts.
            models.Index("last_order_at", name="portrait_by_last_order"),
            models.Index("revenue", name="portrait_by_revenue"),
        ]

    class Privacy:
        """Worked out about a person; goes with the person."""

        customer = pseudonym()
        as_of = operations()
        recency_score = frequency_score = monetary_score = derived()
        for _feature in FEATURES:
            locals()[_feature.name] = derived()
        del _feature
