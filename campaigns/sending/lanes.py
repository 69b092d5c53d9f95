"""Lane: whether messages of a sender may go out now, and if not, since when, why, and when it is tried again."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.declaration import operations


class SendingLane(models.Model):
    """The way of one sender over one channel; with no sender, the way to the server itself.

    Do not write outside breaker.py: two workers may see the same refusal, and one of them probes. A lane nobody was
    refused on has no row.
    """

    class State(models.TextChoices):
        """open → held → probing → open, or held for longer."""

        OPEN = "open", _("Open")
        HELD = "held", _("Held")
        PROBING = "probing", _("Trying again")

    class Reason(models.TextChoices):
        """What holds it."""

        UNREACHABLE = "unreachable", _("The mail server does not answer.")
        SIGN_IN = "sign_in", _("The mail server does not let us in.")
        BUSY = "busy", _("The mail server asks us to wait.")
        SENDER = "sender", _("The mail server refuses the sender.")
        STORM = "storm", _("The mail server refuses many mails of this sender.")
        SETTINGS = "settings", _("Sender, postal address or mail server are not your own yet.")

    channel = models.CharField(max_length=10, default="email")
    sender = models.CharField(max_length=320, blank=True)
    """The address mails come from: ours, nobody's of the customers."""
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    reason = models.CharField(max_length=12, choices=Reason, blank=True)
    code = models.SmallIntegerField(null=True)
    reply = models.CharField(max_length=200, blank=True)
    """The server's answer, addresses scrubbed."""
    since = models.DateTimeField(null=True)
    """When it was first held, however often it was tried in vain since."""
    retry_at = models.DateTimeField(null=True)
    """When one mail asks whether it may open; while probing, when the one that asks is given up."""
    tries = models.SmallIntegerField(default=0)
    """Times it was held in a row, which sets how long the next hold lasts."""
    followed = models.BooleanField(default=False)
    """Whether what sends over it has been paused for this hold."""
    refused = models.FloatField(default=0)
    """Refusals for policy among the last answers, older ones counting less and less."""
    delayed = models.FloatField(default=0)
    """Requests to wait among the last answers, likewise."""
    counted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "sender"], name="lane_once")]

    class Privacy:
        """About our own senders, not about customers."""

        id = channel = sender = state = reason = code = reply = since = retry_at = tries = followed = operations()
        refused = delayed = counted_at = operations()

    def __str__(self) -> str:
        return self.sender or self.channel

    @property
    def held(self) -> bool:
        """Whether nothing but a probe goes out."""
        return self.state != self.State.OPEN

    @property
    def advice(self) -> str:
        """What a person can do about it."""
        return str(ADVICE[SendingLane.Reason(self.reason)]) if self.reason else ""


ADVICE = {
    SendingLane.Reason.UNREACHABLE: _(
        "Check that the mail server named by EMAIL_URL runs and can be reached from here."
    ),
    SendingLane.Reason.SIGN_IN: _(
        "Check the user name and the password in EMAIL_URL, and that the server takes mail from this machine."
    ),
    SendingLane.Reason.BUSY: _("Nothing has to be done; it is tried again by itself."),
    SendingLane.Reason.SENDER: _(
        "Check the sender address, and that this server may send for its domain: SPF, DKIM, DMARC and DNS."
    ),
    SendingLane.Reason.STORM: _(
        "Read the server's answer. Often the mail looks like spam to it, or the domain lacks SPF, DKIM or DMARC."
    ),
    SendingLane.Reason.SETTINGS: _(
        "Set SENDER_ADDRESS, POSTAL_ADDRESS and EMAIL_URL to your own, not to examples, and restart."
    ),
}
