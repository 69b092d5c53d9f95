"""Customer: a pseudonym. Identity: who that is, sealed."""

from datetime import UTC

import uuid_utils.compat as uuid
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models.functions import TruncDate, Upper
from django.utils.translation import gettext_lazy as _

from crm.customers.querysets import CustomerQuerySet
from lib.declaration import attribute, behaviour, blind_index, operations, pseudonym, sealed


class Customer(models.Model):
    """Somebody we know something about. Nothing here names anyone.

    Do not add a field that could: names, addresses, e-mails and phones belong in `Identity`, sealed.
    Do not delete rows: erasure destroys the keys and sets the state, so that statistics stay.
    """

    class State(models.TextChoices):
        """Whether the person may be processed."""

        ACTIVE = "active", _("Active")
        RESTRICTED = "restricted", _("Restricted")
        ERASED = "erased", _("Erased")

    uuid = models.UUIDField(unique=True, default=uuid.uuid7, editable=False)
    external_id = models.CharField(max_length=120, unique=True, null=True, blank=True)
    permission = models.BigIntegerField(default=0)
    """Bitmap of purposes (crm.consents.purposes), materialised from consent events."""
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    canary = models.BooleanField(default=False)
    """An invented person planted to prove that promises hold; never counted, never in a release."""
    language = models.CharField(max_length=10, blank=True)
    timezone = models.CharField(max_length=40, blank=True)
    country = models.CharField(max_length=2, blank=True)
    region = models.CharField(max_length=60, blank=True)
    age_band = models.CharField(max_length=10, blank=True)
    gender = models.CharField(max_length=12, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    source = models.CharField(max_length=40, blank=True)
    first_seen = models.DateTimeField(null=True, blank=True)
    last_seen = models.DateTimeField(null=True, blank=True)
    seen_on = models.GeneratedField(
        expression=TruncDate("last_seen", tzinfo=UTC), output_field=models.DateField(null=True), db_persist=True
    )
    """The day of `last_seen`, UTC. No index may be on `last_seen` itself: each act of a person would write them all."""
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        indexes = [
            # Read by the customer list, newest activity first, and its keyset pages.
            models.Index(models.F("seen_on").desc(nulls_last=True), models.F("id").desc(), name="customer_by_day_seen"),
            # Read by the API's list, whose pages walk the ids.
            models.Index(fields=["country", "id"], name="customer_by_country"),
            models.Index(fields=["language", "id"], name="customer_by_language"),
            # Read by the search box: the beginning of a shop's own number, in capitals or not.
            models.Index(OpClass(Upper("external_id"), name="text_pattern_ops"), name="customer_by_own_number"),
        ]

    class Privacy:
        """Pseudonymous throughout."""

        id = uuid = external_id = pseudonym()
        permission = state = canary = source = created_at = operations()
        language = timezone = attribute("user.device")
        country = region = attribute("user.location")
        age_band = gender = attributes = attribute()
        first_seen = last_seen = seen_on = behaviour()

    def __str__(self) -> str:
        return self.external_id or str(self.uuid)

    @property
    def name_in_acts(self) -> str:
        """The public pseudonym: the shop's own number leads to the shop's books."""
        return str(self.uuid)


class AnonymousId(models.Model):
    """An id a browser or app invented; it leads to one customer, and after a merge to the known one."""

    value = models.CharField(max_length=120, unique=True)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="anonymous_ids")
    created_at = models.DateTimeField(auto_now_add=True)

    class Privacy:
        """Ids that stand for a device."""

        id = created_at = operations()
        value = customer = pseudonym()


class Identity(models.Model):
    """Who a customer is: two sealed blobs and the blind indexes that find them. Only crm.privacy.vault reads them."""

    customer = models.OneToOneField(Customer, models.CASCADE, primary_key=True, related_name="identity")
    contact = models.BinaryField(null=True)
    """AES-256-GCM of {"email", "phone"} under the person's contact key."""
    identity = models.BinaryField(null=True)
    """AES-256-GCM of {"first_name", "last_name", "address", ...} under the person's identity key."""
    email_index = models.BinaryField(max_length=16, null=True, unique=True)
    phone_index = models.BinaryField(max_length=16, null=True, unique=True)
    index_version = models.SmallIntegerField(default=1)
    schema_version = models.SmallIntegerField(default=1)
    suppressed = models.CharField(max_length=14, null=True)
    """Why the sealed e-mail address is on the suppression list, "" when it is not; kept by crm.privacy, so that an
    audience can be counted without opening an address."""
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "identities"

    class Privacy:
        """Unreadable without the person's keys."""

        customer = pseudonym()
        contact = sealed("contact")
        identity = sealed("identity")
        email_index = phone_index = blind_index()
        index_version = schema_version = suppressed = updated_at = operations()
