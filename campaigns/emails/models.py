"""Mails as marketers write them, and the links inside."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.declaration import operations


class EmailTemplate(models.Model):
    """A mail: MJML with Liquid, once per language."""

    name = models.CharField(max_length=120)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "id"]

    class Privacy:
        """Not about people."""

        id = name = archived_at = created_at = updated_at = operations()

    def __str__(self) -> str:
        return self.name


class EmailText(models.Model):
    """The mail in one language."""

    class Language(models.TextChoices):
        """Languages a mail can be written in."""

        ENGLISH = "en", _("English")
        CHINESE = "zh-hans", _("Simplified Chinese")

    template = models.ForeignKey(EmailTemplate, models.CASCADE, related_name="texts")
    language = models.CharField(max_length=10, choices=Language, default=Language.ENGLISH)
    subject = models.CharField(max_length=200)
    preheader = models.CharField(max_length=200, blank=True)
    mjml = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "language"], name="email_text_once_a_language")]

    class Privacy:
        """Not about people."""

        id = template = language = subject = preheader = mjml = operations()


class CompiledText(models.Model):
    """One language of a mail as it was when its campaign was frozen. Do not change it: people have got it."""

    campaign = models.ForeignKey("campaigns.Campaign", models.CASCADE, related_name="texts")
    template = models.ForeignKey(EmailTemplate, models.PROTECT, related_name="compiled")
    language = models.CharField(max_length=10)
    subject = models.TextField()
    html = models.TextField()
    text = models.TextField()
    links = models.JSONField(default=list)
    """The fixed addresses, in the order the compiled mail numbers them."""
    uses = models.JSONField(default=list)
    """The variables it reads."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "template", "language"], name="compiled_once_a_campaign")
        ]

    class Privacy:
        """Not about people: Liquid in the place of values."""

        id = campaign = template = language = subject = html = text = links = uses = created_at = operations()


class TrackedLink(models.Model):
    """Where a link of a campaign's mail leads. Redirects take the target from here, never from the request."""

    campaign = models.ForeignKey("campaigns.Campaign", models.CASCADE, related_name="links")
    url = models.CharField(max_length=1000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "url"], name="link_once_a_campaign")]

    class Privacy:
        """Not about people: one row for all recipients of a campaign."""

        id = campaign = url = created_at = operations()
