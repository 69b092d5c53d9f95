"""What customers did: one append-only table in monthly partitions."""

from django.db import models
from django.db.models import Func, Value
from django.utils.translation import gettext_lazy as _

from crm.interactions.querysets import InteractionQuerySet
from lib.declaration import behaviour, operations, pseudonym


class Interaction(models.Model):
    """One thing one customer did.

    Do not update or delete rows: facts are appended. Do not write with `save()`: crm.ingest.intake copies rows in bulk,
    after the month's partition exists. Unique (source, message_id, occurred_at) makes every retry harmless.
    """

    pk = models.CompositePrimaryKey("id", "occurred_at")
    id = models.BigIntegerField(db_default=Func(Value("crm_interaction_id_seq"), function="nextval"))
    # Neither key below is checked by the database row by row: that looked up and locked a row for each event. Customers
    # and products are never deleted, and intake finds both before it stores.
    customer = models.ForeignKey("crm.Customer", models.CASCADE, related_name="interactions", db_constraint=False)
    kind = models.CharField(max_length=24)
    """A key of crm.interactions.kinds.KINDS."""
    product = models.ForeignKey(
        "crm.Product", models.SET_NULL, null=True, related_name="interactions", db_constraint=False
    )
    value = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    """Money for an order line (quantity times unit price), stars for a rating; null where it means nothing."""
    quantity = models.DecimalField(max_digits=12, decimal_places=3, null=True)
    currency = models.CharField(max_length=3, blank=True)
    order_id = models.CharField(max_length=120, blank=True)
    channel = models.CharField(max_length=40, blank=True)
    campaign_ref = models.BigIntegerField(null=True)
    """The message the act answers; no foreign key, because messages live in a higher application."""
    delivery_ref = models.BigIntegerField(null=True)
    properties = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    source = models.CharField(max_length=40)
    message_id = models.CharField(max_length=120)

    objects = InteractionQuerySet.as_manager()

    class Meta:
        # The table is made by SQL in the migration (partitioned); names here must match it.
        constraints = [models.UniqueConstraint(fields=["source", "message_id", "occurred_at"], name="interaction_once")]
        indexes = [
            # Read by a customer's activity, newest first, and by the release of one person.
            models.Index("customer", models.F("occurred_at").desc(), name="interaction_by_customer"),
            # Read by product pages: who bought this, how much, lately.
            models.Index("product", models.F("occurred_at").desc(), name="interaction_by_product"),
            # Read by campaign reports.
            models.Index(
                "campaign_ref", "kind", name="interaction_by_campaign", condition=models.Q(campaign_ref__isnull=False)
            ),
        ]

    class Privacy:
        """Behaviour of a pseudonym."""

        pk = id = received_at = source = message_id = operations()
        customer = pseudonym()
        kind = product = value = quantity = currency = order_id = channel = properties = occurred_at = behaviour()
        campaign_ref = delivery_ref = behaviour()


class Channel(models.TextChoices):
    """Where an act took place; other words are allowed, these are the ones with a translation."""

    WEB = "web", _("Website")
    STORE = "store", _("Store")
    APP = "app", _("App")
    EMAIL = "email", _("E-mail")
