"""Campaign: one send, and for each segment which offer and which mail."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.messages.models import Message
from campaigns.sending.models import Delivery
from campaigns.sending.querysets import DeliveryQuerySet
from lib.declaration import operations


class Campaign(models.Model):
    """One send to the people of some segments."""

    class State(models.TextChoices):
        """Draft → scheduled → freezing → sending → sent; what freezes or is being sent can be paused."""

        DRAFT = "draft", _("Draft")
        SCHEDULED = "scheduled", _("Scheduled")
        FREEZING = "freezing", _("Being prepared")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        SENT = "sent", _("Sent")
        CANCELLED = "cancelled", _("Cancelled")

    name = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    message = models.OneToOneField(Message, models.PROTECT, null=True, blank=True, related_name="campaign")
    """What it sends, made when it begins to be prepared; its state follows ours (campaigns.planning.moves)."""
    scheduled_at = models.DateTimeField(null=True, blank=True)
    """When to start; set to now by "send now"."""
    frozen_at = models.DateTimeField(null=True, blank=True)
    """When audience, texts, offers and recommendations were fixed and the deliveries written."""
    people = models.IntegerField(null=True, blank=True)
    """Different people in its segments when it began to be prepared; null before."""
    written = models.IntegerField(default=0)
    """People whose delivery is written; some of `people` may have left, and invented ones get none."""
    cursor = models.BigIntegerField(default=0)
    """The customer up to whom deliveries are written: here whoever goes on begins."""
    finished_at = models.DateTimeField(null=True, blank=True)
    sender_name = models.CharField(max_length=80, blank=True)
    sender_address = models.EmailField(blank=True)
    recommended = models.SmallIntegerField(default=4)
    """How many products a recommendation block shows."""
    error = models.TextField(blank=True)
    held_by = models.ForeignKey(
        "campaigns.SendingLane", models.SET_NULL, null=True, blank=True, related_name="campaigns"
    )
    """The lane whose hold paused it; null when a person did."""
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    created_by = models.ForeignKey("crm.User", models.SET_NULL, null=True, blank=True, related_name="campaigns")

    class Meta:
        ordering = ["-id"]

    class Privacy:
        """Not about customers."""

        id = name = state = message = scheduled_at = frozen_at = people = written = cursor = finished_at = (
            sender_name
        ) = sender_address = operations()
        recommended = error = held_by = created_at = updated_at = created_by = operations()

    def __str__(self) -> str:
        return self.name

    @property
    def deliveries(self) -> DeliveryQuerySet:
        """What it sent and is to send; none before it began to be prepared."""
        found = Delivery.objects.filter(message=self.message_id)
        return found if self.message_id else found.none()


class CampaignCell(models.Model):
    """One row of the matrix: people of this segment get this offer in this mail.

    Somebody in several segments gets the cell with the lowest position; rows of one segment are variants that divide
    its people among them (campaigns.planning.placing).
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="cells")
    segment = models.ForeignKey("segmentation.Segment", models.PROTECT, related_name="cells")
    offer = models.ForeignKey("campaigns.Offer", models.PROTECT, null=True, blank=True, related_name="cells")
    template = models.ForeignKey("campaigns.EmailTemplate", models.PROTECT, related_name="cells")
    position = models.SmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]

    class Privacy:
        """About groups."""

        id = campaign = segment = offer = template = position = operations()
