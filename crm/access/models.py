"""Who may sign in, and which program may call."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.verbs import Program, Verb
from lib.declaration import operations, pseudonym, staff


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
    def name_in_acts(self) -> str:
        """Nothing: a colleague's name is looked up when acts are shown, and not frozen."""
        return ""

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


class Act(models.Model):
    """Somebody did something. Append-only by trigger; written by acts.record alone."""

    at = models.DateTimeField(default=timezone.now)
    user = models.ForeignKey("crm.User", models.PROTECT, null=True, related_name="acts")
    api_key = models.ForeignKey("crm.ApiKey", models.PROTECT, null=True, related_name="acts")
    program = models.CharField(max_length=10, blank=True, choices=Program)
    verb = models.CharField(max_length=20, choices=Verb)
    kind = models.CharField(max_length=40)
    """A key of verbs.KINDS."""
    object_id = models.BigIntegerField(null=True)
    label = models.CharField(max_length=120, blank=True)
    """What the thing was called at the time; a customer by the pseudonym, a colleague not at all."""
    details = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Read by "What was done" on a thing's page.
            models.Index(fields=["kind", "object_id", "-id"], name="act_by_object"),
            # Read by the page of acts, from a day to a day.
            models.Index(fields=["at"], name="act_by_time"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False, api_key__isnull=True, program="")
                | models.Q(user__isnull=True, api_key__isnull=False, program="")
                | models.Q(user__isnull=True, api_key__isnull=True) & ~models.Q(program=""),
                name="act_by_somebody",
            )
        ]

    class Privacy:
        """What colleagues did. Where it was done to a customer, only the pseudonym is held."""

        id = at = api_key = program = verb = kind = label = details = operations()
        user = staff()
        object_id = pseudonym()

    def __str__(self) -> str:
        return f"{self.verb} {self.kind}"
