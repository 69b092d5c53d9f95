"""Delivery: the ledger. Every "did she get it, and if not, why?" is answered here."""

from collections.abc import Sequence

import uuid_utils.compat as uuid
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.sending.querysets import DeliveryQuerySet
from campaigns.sending.states import TAKEN, WAITING, State
from lib.declaration import behaviour, operations, pseudonym


def within(states: Sequence[State]) -> models.Expression:
    """Return the expression that says whether a delivery is in one of these states."""
    return models.ExpressionWrapper(models.Q(state__in=states), output_field=models.BooleanField())


class Delivery(models.Model):
    """One message to one customer.

    Do not insert outside campaigns.sending.materialise, and outside campaigns.sending change `state` only to stop what
    waits: the order lease → intent → outcome is what makes a crash harmless. Unique (message, customer, occasion) makes
    materialising twice harmless.
    """

    State = State

    class Reason(models.TextChoices):
        """Why a mail was not sent."""

        NO_CONSENT = "no_consent", _("No consent to e-mail marketing")
        NO_ADDRESS = "no_address", _("No e-mail address")
        SUPPRESSED = "suppressed", _("On the suppression list")
        RESTRICTED = "restricted", _("Processing restricted")
        ERASED = "erased", _("Erased")
        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed before sending")
        BOUNCED = "bounced", _("Address refused")
        REFUSED = "refused", _("Mail refused")
        FULL = "full", _("Mailbox full")
        EXPIRED = "expired", _("Too late to send")
        TRIES = "tries", _("Too many tries")
        RENDER = "render", _("Mail could not be made")
        CRASH = "crash", _("Worker ended between sending and answer")
        CANCELLED = "cancelled", _("Campaign cancelled")

    # No foreign key below is checked by the database row by row: a check of the customer's alone locks, and so writes,
    # a million customers when a campaign is prepared. Messages, texts, segments and offers are kept while deliveries
    # name them, customers for ever (who is erased leaves an empty row).
    message = models.ForeignKey(
        "campaigns.Message", models.CASCADE, related_name="deliveries", db_index=False, db_constraint=False
    )
    customer = models.ForeignKey(
        "crm.Customer", models.CASCADE, related_name="deliveries", db_index=False, db_constraint=False
    )
    occasion = models.BigIntegerField(default=0)
    """Tells apart what one person gets of one message: 0 where she gets it once, as of a campaign."""
    text = models.ForeignKey(
        "campaigns.CompiledText",
        models.RESTRICT,
        null=True,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    """The words she gets; null when the mail has none."""
    segment = models.ForeignKey(
        "segmentation.Segment",
        models.SET_NULL,
        null=True,
        related_name="deliveries",
        db_index=False,
        db_constraint=False,
    )
    offer = models.ForeignKey(
        "campaigns.Offer", models.SET_NULL, null=True, related_name="deliveries", db_index=False, db_constraint=False
    )
    key = models.UUIDField(default=uuid.uuid7, unique=True)
    """Names the delivery outside: Message-ID, X-Relata-Delivery."""
    state = models.SmallIntegerField(choices=State, default=State.QUEUED)
    waiting = models.GeneratedField(expression=within(WAITING), output_field=models.BooleanField(), db_persist=True)
    """Queued or deferred. Indexes ask this and `taken`, not `state`: the steps between leave every index alone."""
    taken = models.GeneratedField(expression=within(TAKEN), output_field=models.BooleanField(), db_persist=True)
    """Leased or being sent."""
    reason = models.CharField(max_length=14, choices=Reason, blank=True)
    language = models.CharField(max_length=10, default="en")
    recommended = models.JSONField(default=list)
    """Products frozen into the mail: [{"product", "code", "because"}]."""
    version_ref = models.BigIntegerField(null=True)
    """The recommender version the products came from; null when they are everybody's favourites."""
    attempts = models.SmallIntegerField(default=0)
    not_before = models.DateTimeField()
    expires_at = models.DateTimeField()
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    smtp_code = models.SmallIntegerField(null=True)
    reply = models.CharField(max_length=200, blank=True)
    """The server's answer, addresses scrubbed."""
    sent_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    unsubscribed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["message", "customer", "occasion"], name="delivery_once"),
        ]
        indexes = [
            # Read by the pump's claim, message by message: what is paused is never read past.
            models.Index("message", "not_before", "id", name="delivery_due", condition=models.Q(waiting=True)),
            # Read by the reaper, and by whoever asks whether a message is over: as many rows as workers hold.
            models.Index("message", "id", name="delivery_taken", condition=models.Q(taken=True)),
            # Read by the reaper: what is too late to send.
            models.Index("expires_at", name="delivery_expiring", condition=models.Q(waiting=True)),
            # Read by a customer's messages.
            models.Index("customer", "created_at", name="delivery_by_customer"),
        ]

    class Privacy:
        """What was sent to a pseudonym, and what became of it."""

        id = message = occasion = text = key = waiting = taken = attempts = not_before = expires_at = lease = (
            lease_until
        ) = operations()
        smtp_code = reply = version_ref = created_at = operations()
        customer = pseudonym()
        segment = offer = state = reason = language = recommended = behaviour("email_marketing")
        sent_at = opened_at = clicked_at = unsubscribed_at = behaviour("email_marketing")
