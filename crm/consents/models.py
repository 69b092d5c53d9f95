"""Every word a person said about their data, kept."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from lib.declaration import behaviour, operations, pseudonym


class ConsentEvent(models.Model):
    """A person gave or withdrew permission for one purpose.

    Append-only: a trigger in the migration refuses UPDATE and DELETE. What is in force is `Customer.permission`,
    written in the same transaction by crm.consents.decide.
    """

    class Basis(models.TextChoices):
        """The lawful basis (GDPR Article 6; soft opt-in: ePrivacy Directive Article 13, paragraph 2)."""

        CONSENT = "consent", _("Consent")
        SOFT_OPT_IN = "soft_opt_in", _("Existing customer (soft opt-in)")
        CONTRACT = "contract", _("Contract")
        OBJECTION = "objection", _("Objection")

    class How(models.TextChoices):
        """How a person agreed, when a colleague records it; files and programs say it in their own words."""

        ONLINE = "online_form", _("Online form")
        PAPER = "signed_paper", _("Signed on paper")
        MESSAGE = "written_message", _("E-mail or message from the person")
        PHONE = "phone_call", _("Phone call")
        IN_PERSON = "in_person", _("In person")

    customer = models.ForeignKey("crm.Customer", models.CASCADE, related_name="consents", db_index=False)
    """Found by the index `consent_by_customer`."""
    purpose = models.BigIntegerField()
    """One bit of crm.consents.purposes.Purpose."""
    granted = models.BooleanField()
    basis = models.CharField(max_length=16, choices=Basis, default=Basis.CONSENT)
    source = models.CharField(max_length=60)
    """Where it was said: import, preference page, unsubscribe link, API."""
    text_version = models.CharField(max_length=64, blank=True)
    proof = models.JSONField(default=dict, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            # Read by the consent history of a customer's page.
            models.Index("customer", models.F("occurred_at").desc(), name="consent_by_customer"),
        ]

    class Privacy:
        """Proof of consent is kept for as long as it may have to be shown."""

        id = recorded_at = operations()
        customer = pseudonym()
        purpose = granted = basis = source = text_version = proof = occurred_at = behaviour("service")

    @property
    def how(self) -> str:
        """How the person agreed, as the reader of the page says it; empty where nobody said."""
        said = str(self.proof.get("how", ""))
        return str(dict(self.How.choices).get(said, said))
