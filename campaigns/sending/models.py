"""Delivery: the ledger. Every "did she get it, and if not, why?" is answered here."""

import uuid_utils.compat as uuid
from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.sending.querysets import DeliveryQuerySet
from campaigns.sending.states import TAKEN, WAITING, State
from lib.declaration import behaviour, operations, pseudonym


class Delivery(models.Model):
    """One mail of one campaign to one customer.

    Do not insert outside campaigns.sending.materialise, and outside campaigns.sending change `state` only to stop what
    waits: the order lease → intent → outcome is what makes a crash harmless. Unique (campaign, step, customer) makes
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
        EXPIRED = "expired", _("Too late to send")
        TRIES = "tries", _("Too many tries")
        RENDER = "render", _("Mail could not be made")
        CRASH = "crash", _("Worker ended between sending and answer")
        CANCELLED = "cancelled", _("Campaign cancelled")

    campaign = models.ForeignKey("campaigns.Campaign", models.CASCADE, related_name="deliveries")
    step = models.SmallIntegerField(default=0)
    customer = models.ForeignKey("crm.Customer", models.CASCADE, related_name="deliveries")
    cell = models.ForeignKey("campaigns.CampaignCell", models.SET_NULL, null=True, related_name="deliveries")
    segment = models.ForeignKey("segmentation.Segment", models.SET_NULL, null=True, related_name="deliveries")
    offer = models.ForeignKey("campaigns.Offer", models.SET_NULL, null=True, related_name="deliveries")
    key = models.UUIDField(default=uuid.uuid7, unique=True)
    """Names the delivery outside: Message-ID, X-Relata-Delivery."""
    state = models.SmallIntegerField(choices=State, default=State.QUEUED)
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
            models.UniqueConstraint(fields=["campaign", "step", "customer"], name="delivery_once"),
        ]
        indexes = [
            # Read by the pump's claim.
            models.Index("not_before", "id", name="delivery_due", condition=models.Q(state__in=WAITING)),
            # Read by the reaper.
            models.Index("lease_until", name="delivery_leased", condition=models.Q(state__in=TAKEN)),
            # Read by the campaign's progress and report.
            models.Index("campaign", "state", name="delivery_by_state"),
            # Read by a customer's messages.
            models.Index("customer", "created_at", name="delivery_by_customer"),
        ]

    class Privacy:
        """What was sent to a pseudonym, and what became of it."""

        id = campaign = step = cell = key = attempts = not_before = expires_at = lease = lease_until = operations()
        smtp_code = reply = version_ref = created_at = operations()
        customer = pseudonym()
        segment = offer = state = reason = language = recommended = behaviour("email_marketing")
        sent_at = opened_at = clicked_at = unsubscribed_at = behaviour("email_marketing")
