"""Keys apart from data, releases, openings, and who must not be mailed."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.declaration import blind_index, operations, pseudonym, sealed, staff
from lib.runs import Run


class PersonKey(models.Model):
    """One person's wrapped key for one class of data. Lives in the keystore database; deleting it shreds the person."""

    class Seal(models.TextChoices):
        """Classes of sealed data; who may open one need not be able to open the other."""

        CONTACT = "contact", _("Contact")
        IDENTITY = "identity", _("Identity")

    customer_uuid = models.UUIDField()
    seal = models.CharField(max_length=10, choices=Seal)
    epoch = models.SmallIntegerField(default=1)
    """Which key-encryption key wrapped it."""
    wrapped = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer_uuid", "seal"], name="one_key_a_person_and_seal")]

    class Privacy:
        """Useless without the root key; destroyed on erasure."""

        id = epoch = created_at = operations()
        customer_uuid = pseudonym()
        seal = operations()
        wrapped = sealed("contact")


class Release(Run):
    """What left the facts for learning: one purpose, one consent cut-off, one set of pseudonyms that expire."""

    purpose = models.BigIntegerField()
    as_of = models.DateTimeField()
    path = models.CharField(max_length=500, blank=True)
    wrapped_key = models.BinaryField(null=True)
    """The pseudonym key, wrapped; null after expiry, which unlinks the release for good."""
    people_kept = models.BigIntegerField(default=0)
    people_excluded = models.JSONField(default=dict, blank=True)
    """Reason → number of people left out."""
    interactions_kept = models.BigIntegerField(default=0)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    class Privacy(Run.Privacy):
        """Counts, and a key that is destroyed at expiry."""

        id = purpose = as_of = path = wrapped_key = people_kept = people_excluded = interactions_kept = operations()
        manifest_sha256 = expires_at = operations()


class Opening(models.Model):
    """Somebody or something opened a sealed identity. Append-only by trigger."""

    customer = models.ForeignKey("crm.Customer", models.CASCADE, null=True, related_name="openings")
    """Null for an opening in bulk, which `count` measures."""
    subjects = ArrayField(models.BigIntegerField(), default=list, blank=True)
    """Whom an opening in bulk was about, so that each of them can be told. Empty for sending, whose deliveries say it,
    and for masked lists, which show nobody."""
    seal = models.CharField(max_length=10)
    count = models.IntegerField(default=1)
    actor = models.CharField(max_length=60)
    """`user:<id>`, `sending`, `api:<key prefix>`."""
    reason = models.CharField(max_length=120)
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [GinIndex(fields=["subjects"], name="opening_by_subject")]

    class Privacy:
        """The person may ask who looked."""

        id = seal = count = reason = opened_at = operations()
        customer = subjects = pseudonym()
        actor = staff()


class Suppression(models.Model):
    """An address that must not be mailed, as a keyed hash under its own key, so that it outlives erasure."""

    class Reason(models.TextChoices):
        """Why."""

        UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")
        BOUNCED = "bounced", _("Bounced")
        COMPLAINED = "complained", _("Complained")
        ERASED = "erased", _("Erased")

    address_mac = models.BinaryField(max_length=16, unique=True)
    reason = models.CharField(max_length=14, choices=Reason)
    created_at = models.DateTimeField(auto_now_add=True)

    class Privacy:
        """Kept so that an objection is honoured after erasure."""

        id = reason = created_at = operations()
        address_mac = blind_index()
