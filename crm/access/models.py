"""Who may sign in, and which program may call."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lib.declaration import operations, staff


class User(AbstractUser):
    """A person of the company who signs in."""

    class Role(models.TextChoices):
        """What a person may do. Roles below marketer see masked data."""

        ADMIN = "admin", _("Administrator")
        MARKETER = "marketer", _("Marketer")
        ANALYST = "analyst", _("Analyst (masked)")

    role = models.CharField(max_length=12, choices=Role, default=Role.ANALYST)
    language = models.CharField(max_length=10, default="en")
    must_change_password = models.BooleanField(default=False)

    class Privacy:
        """About the company's own people."""

        id = password = last_login = is_superuser = is_staff = is_active = date_joined = operations()
        groups = user_permissions = role = must_change_password = operations()
        username = first_name = last_name = email = language = staff()

    @property
    def may_reveal(self) -> bool:
        """May this person open a sealed identity? Each opening is logged."""
        return self.role in {self.Role.ADMIN, self.Role.MARKETER}

    @property
    def may_edit(self) -> bool:
        """May this person change segments, offers, templates and campaigns?"""
        return self.role in {self.Role.ADMIN, self.Role.MARKETER}


class ApiKey(models.Model):
    """A key a program calls with. Only its hash is kept; the key itself is shown once."""

    class Scope(models.TextChoices):
        """What a key opens."""

        INGEST = "ingest", _("Send events (/v1)")
        READ = "read", _("Read, masked")
        READ_CONTACT = "read_contact", _("Read with addresses, logged")
        WRITE = "write", _("Read and change")

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, unique=True)
    secret_sha256 = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey("crm.User", models.SET_NULL, null=True, related_name="api_keys")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    class Privacy:
        """Keys are the company's, not a customer's."""

        id = name = prefix = secret_sha256 = scopes = created_at = expires_at = last_used_at = revoked_at = operations()
        created_by = staff()

    def __str__(self) -> str:
        return self.name

    @property
    def expired(self) -> bool:
        """True once the key's time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()
