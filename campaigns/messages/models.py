"""Message: what is sent, fixed before the first person gets it. The ledger hangs on it, and on nothing above it."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.consents.purposes import Purpose
from crm.eligibility.reasons import Lane
from lib.declaration import operations

EMAIL = "email"


class Message(models.Model):
    """What one owner sends: to whom it may go, from whom, how urgently, for how long.

    A campaign owns one; the owner points here, so that whoever sends need not know what owns it. While it is being
    prepared its owner may change it; from then on only `state` changes, and only by its owner.
    """

    class State(models.TextChoices):
        """preparing → sending → sent; only what is being sent is claimed."""

        PREPARING = "preparing", _("Being prepared")
        SENDING = "sending", _("Sending")
        PAUSED = "paused", _("Paused")
        SENT = "sent", _("Sent")
        CANCELLED = "cancelled", _("Cancelled")

    channel = models.CharField(max_length=10, default=EMAIL)
    lane = models.CharField(max_length=13, choices=Lane, default=Lane.MARKETING)
    """Transactional ones go first, and to whoever took leave of newsletters alone."""
    purpose = models.SmallIntegerField(default=int(Purpose.EMAIL_MARKETING))
    """What its reader must have agreed to: bits of Purpose."""
    priority = models.SmallIntegerField(default=5)
    """Within its lane: lower ones are sent first, equals share alike."""
    state = models.CharField(max_length=9, choices=State, default=State.PREPARING)
    sender_name = models.CharField(max_length=80, blank=True)
    sender_address = models.EmailField(blank=True)
    """Empty: the workspace's sender on the day of sending, so that mending it mends what waits."""
    products = models.SmallIntegerField(default=4)
    """How many products a recommendation block shows."""
    window_from = models.TimeField(null=True, blank=True)
    window_until = models.TimeField(null=True, blank=True)
    """Time of day, in the workspace's zone, at which mails may leave; may pass midnight. Null: at any time."""
    valid_for = models.DurationField(default=timedelta(hours=24))
    """What could not be sent so long after it was due is not sent at all."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="message_window_has_both_ends",
                condition=models.Q(window_from__isnull=True, window_until__isnull=True)
                | models.Q(window_from__isnull=False, window_until__isnull=False),
            )
        ]
        indexes = [
            # Read by every claim: as many rows as there are messages on their way.
            models.Index("lane", "priority", "id", name="message_sending", condition=models.Q(state="sending")),
        ]

    class Privacy:
        """Not about customers."""

        id = channel = lane = purpose = priority = state = sender_name = sender_address = products = operations()
        window_from = window_until = valid_for = created_at = operations()


class CompiledText(models.Model):
    """One language of a mail as it was fixed for a message. Do not change it: people have got it."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="texts")
    template = models.ForeignKey("campaigns.EmailTemplate", models.PROTECT, related_name="compiled")
    language = models.CharField(max_length=10)
    subject = models.TextField()
    html = models.TextField()
    text = models.TextField()
    links = models.JSONField(default=list)
    """The fixed addresses, in the order the compiled mail numbers them."""
    uses = models.JSONField(default=list)
    """The variables it reads."""
    digest = models.CharField(max_length=64, blank=True)
    """SHA-256 of all of the above; a text that no longer has it is not sent."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            # A message that is worded anew gets further texts; mails that are under way keep theirs.
            models.UniqueConstraint(fields=["message", "template", "language", "digest"], name="text_once_a_message")
        ]

    class Privacy:
        """Not about people: Liquid in the place of values."""

        id = message = template = language = subject = html = text = links = uses = digest = created_at = operations()


class TrackedLink(models.Model):
    """Where a link of a message leads. Redirects take the target from here, never from the request."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="links")
    url = models.CharField(max_length=1000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "url"], name="link_once_a_message")]

    class Privacy:
        """Not about people: one row for all recipients of a message."""

        id = message = url = created_at = operations()
