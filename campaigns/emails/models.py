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
