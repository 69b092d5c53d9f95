"""What each customer would like next, what stands beside each product, where it is shown, and what was shown."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Func, Q, Value
from django.utils.translation import gettext_lazy as _

from lib.declaration import Declaration, derived, operations, pseudonym
from recommendations.serving.rules import Rules

MOST = 50
"""A list is never longer."""
MOST_EXPLORATION = 0.2
KEPT = "P7M"
"""How long what was shown is kept (see shown.MONTHS_KEPT)."""


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
    """Popular products: of everybody, of one segment or department, of all time or right now."""

    scope = models.CharField(max_length=100, unique=True)
    """`all`, `segment:<id>`, `department:<name>`, `trending`, `trending:<name of a department>`."""
    product_ids = ArrayField(models.BigIntegerField(), default=list)
    version = models.ForeignKey("recommendations.ModelVersion", models.CASCADE, related_name="favourites")
    made_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "favourites"

    class Privacy:
        """Aggregates over at least K_SUPPORT people."""

        id = scope = product_ids = version = made_at = operations()


class Neighbours(models.Model):
    """What stands beside one product, best first. Written by recommendations.serving.neighbours, by COPY."""

    class Kind(models.TextChoices):
        """What the neighbourhood says."""

        SIMILAR = "similar", _("Similar products")
        TOGETHER = "together", _("Bought together")

    product = models.ForeignKey("crm.Product", models.CASCADE, related_name="neighbours")
    kind = models.CharField(max_length=8, choices=Kind)
    product_ids = ArrayField(models.BigIntegerField(), default=list)
    scores = ArrayField(models.FloatField(), default=list)
    """Similar: cosine with shrinkage, 0 to 1. Together: of the product's people, the share who took both on one day."""
    support = ArrayField(models.IntegerField(), default=list)
    """How many people took both (together: on one day); never fewer than K_SUPPORT."""
    version = models.ForeignKey("recommendations.ModelVersion", models.CASCADE, related_name="neighbours")
    made_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "neighbours"
        constraints = [models.UniqueConstraint(fields=["product", "kind"], name="neighbours_once")]

    class Privacy:
        """Aggregates over at least K_SUPPORT people."""

        id = product = kind = product_ids = scores = support = version = made_at = operations()


class Placement(models.Model):
    """A place where products are shown: which list it shows, how long, and what must not be in it."""

    class Kind(models.TextChoices):
        """Which list."""

        PERSONAL = "personal", _("Personal")
        SIMILAR = "similar", _("Similar to a product")
        TOGETHER = "together", _("Bought together with a product")
        TRENDING = "trending", _("Trending")
        POPULAR = "popular", _("Popular")

    key = models.SlugField(max_length=40, unique=True)
    """Its name in addresses: `?placement=home`."""
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.PERSONAL)
    length = models.SmallIntegerField(default=10, validators=[MinValueValidator(1), MaxValueValidator(MOST)])
    categories_in = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    """Paths; only products in them or below them are shown. Empty lets every category in."""
    categories_out = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    price_from = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    price_to = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    rest_days = models.SmallIntegerField(default=0, validators=[MinValueValidator(0), MaxValueValidator(365)])
    """What the person bought within so many days is not shown; 0 shows it."""
    exploration = models.FloatField(
        default=0.0, validators=[MinValueValidator(0.0), MaxValueValidator(MOST_EXPLORATION)]
    )
    """Share of answers whose order is drawn by lot (explore.py), so that what was shown can be learned from."""
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(length__gte=1, length__lte=MOST), name="placement_length"),
            models.CheckConstraint(
                condition=Q(exploration__gte=0, exploration__lte=MOST_EXPLORATION), name="placement_exploration"
            ),
        ]

    class Privacy:
        """A setting of the shop."""

        id = key = name = kind = length = categories_in = categories_out = price_from = price_to = operations()
        rest_days = exploration = created_at = updated_at = operations()

    def __str__(self) -> str:
        return self.name

    @property
    def rules(self) -> Rules:
        """What must not be in its list."""
        return Rules(
            tuple(self.categories_in), tuple(self.categories_out), self.price_from, self.price_to, self.rest_days
        )


class Shown(models.Model):
    """One list that one customer was shown, in monthly partitions.

    Only for people who allow personal recommendations. Do not write with `save()`: recommendations.serving.shown writes
    many at once, after the month's partition exists, and drops months that are old.
    """

    pk = models.CompositePrimaryKey("id", "shown_at")
    id = models.BigIntegerField(db_default=Func(Value("recommendations_shown_id_seq"), function="nextval"))
    customer = models.ForeignKey("crm.Customer", models.CASCADE, related_name="shown")
    placement = models.ForeignKey(Placement, models.SET_NULL, null=True, related_name="shown")
    product_ids = ArrayField(models.BigIntegerField())
    """In the order shown, so that a product's position is its place in the array, from 1."""
    ranks = ArrayField(models.SmallIntegerField())
    """Each product's place in the model's own order, from 1; its position where nothing was drawn by lot."""
    propensities = ArrayField(models.FloatField())
    """How likely each product was to stand where it stood (explore.py); 1 where nothing is ever drawn by lot."""
    version_ref = models.BigIntegerField(null=True)
    """The recommender's version; null before the first. No foreign key, because a version may be deleted."""
    shown_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "shown"
        # The table is made by SQL in the migration (partitioned); names here must match it.
        indexes = [
            # Read by the erasure of one person, and by joins with what the person did next.
            models.Index("customer", models.F("shown_at").desc(), name="shown_by_customer"),
        ]

    class Privacy:
        """What one person was offered; goes with the person."""

        pk = id = version_ref = operations()
        customer = pseudonym()
        placement = product_ids = ranks = propensities = shown_at = Declaration(
            "user.behavior.derived", purposes=("recommendation",), retention=KEPT, erase="delete"
        )
