"""Readers say what they want to receive, by the link in their mail and without signing in."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from campaigns.emails import links
from campaigns.emails.links import BadToken
from campaigns.sending.models import Delivery
from crm.consents import decide, standing
from crm.consents.purposes import LABELS, MARKETING_OBJECTION, Purpose
from crm.customers.models import Customer
from crm.ingest import intake
from crm.ingest.event import Event

SOURCE = "unsubscribe link"
PAGE = "preference page"
CHOICES = (
    Purpose.EMAIL_MARKETING,
    Purpose.RECOMMENDATION,
    Purpose.PROFILING,
    Purpose.OPEN_TRACKING,
    Purpose.CLICK_TRACKING,
)
"""What a reader can switch on and off by the link in a mail."""


class Unknown(Exception):
    """The token was altered, or leads to nobody."""


@dataclass(frozen=True)
class PreferencesReader:
    """Who holds the token."""

    customer: Customer
    delivery: Delivery | None
    """None when the message was deleted since."""

    @property
    def language(self) -> str:
        """The language the mail was in."""
        spoken = self.delivery.language if self.delivery else self.customer.language.lower()
        return "zh-hans" if spoken.startswith("zh") else "en"

    @property
    def subscribed(self) -> bool:
        """Whether the reader gets marketing mail."""
        return bool(self.customer.permission & Purpose.EMAIL_MARKETING)

    @property
    def objected(self) -> bool:
        """Whether nothing is left of marketing, and of what is done for it, that the reader allows."""
        return not self.customer.permission & MARKETING_OBJECTION


@dataclass(frozen=True)
class PurposeChoice:
    """One purpose, and whether the reader allows it."""

    purpose: Purpose
    allowed: bool

    @property
    def key(self) -> str:
        """The purpose's key, the name of its box."""
        return (self.purpose.name or "").lower()

    @property
    def label(self) -> str:
        """The purpose in the language of the page."""
        return str(LABELS[self.purpose])


def reader_of(token: str) -> PreferencesReader:
    """Return who a token belongs to; raise Unknown."""
    try:
        customer_id, delivery_id = links.read_unsubscribe(token)
        customer = Customer.objects.get(pk=customer_id)
    except (BadToken, Customer.DoesNotExist) as error:
        raise Unknown from error
    return PreferencesReader(customer, Delivery.objects.filter(pk=delivery_id, customer=customer).first())


def choices(reader: PreferencesReader) -> list[PurposeChoice]:
    """Return what the reader can choose, and what holds now."""
    return [PurposeChoice(purpose, bool(reader.customer.permission & purpose)) for purpose in CHOICES]


def holds(reader: PreferencesReader, allowed: Purpose) -> bool:
    """Does exactly `allowed` hold, of what the reader can choose?"""
    return not (Purpose(reader.customer.permission) ^ allowed) & Purpose(sum(CHOICES))


@transaction.atomic
def unsubscribe(*, token: str, source: str = SOURCE) -> PreferencesReader:
    """Record the objection, and stop every mail to this reader that is not on the wire; doing it twice changes nothing.

    The reader is as the database has them afterwards: ask `objected` before saying that it is done. Raises Unknown.
    """
    reader = _locked(token)
    customer, subscribed = reader.customer, reader.subscribed
    if customer.state != Customer.State.ERASED and not (reader.objected and _refused(customer)):
        decide.object_to_marketing(customer=customer, source=source, proof=_proof(reader))
        if subscribed:
            _note(reader)
    _stop(reader)
    return reader


@transaction.atomic
def choose(*, token: str, allowed: Purpose) -> PreferencesReader:
    """Let the reader's choice hold for every purpose of CHOICES; the others stay as they are.

    Who leaves e-mail marketing objects to all that is done for it, whatever else is chosen. The reader is as the
    database has them afterwards. Raises Unknown.
    """
    reader = _locked(token)
    if reader.customer.state == Customer.State.ERASED:
        raise Unknown
    now = Purpose(reader.customer.permission)
    offered = Purpose(sum(CHOICES))
    leaving = reader.subscribed and not allowed & Purpose.EMAIL_MARKETING
    if withdrawn := offered & now & ~allowed:
        decide.withdraw(customer=reader.customer, purposes=withdrawn, source=PAGE, proof=_proof(reader))
    if (granted := offered & allowed & ~now) and not leaving:
        decide.grant(customer=reader.customer, purposes=granted, source=PAGE, proof=_proof(reader))
    if leaving:
        _note(reader)
        _stop(reader)
    return reader


def _locked(token: str) -> PreferencesReader:
    # Nobody changes what the reader allows between our look and what follows from it.
    reader = reader_of(token)
    customer = Customer.objects.select_for_update(no_key=True).get(pk=reader.customer.pk)
    return PreferencesReader(customer, reader.delivery)


def _refused(customer: Customer) -> bool:
    said = standing.of([customer.pk]).get((customer.pk, int(Purpose.EMAIL_MARKETING)))
    return said is not None and said.refused


def _proof(reader: PreferencesReader) -> dict[str, str]:
    return {"mail": str(reader.delivery.key)} if reader.delivery else {}


def _stop(reader: PreferencesReader) -> None:
    waiting = Delivery.objects.waiting().filter(customer=reader.customer).order_by("pk").select_for_update()
    Delivery.objects.filter(pk__in=list(waiting.values_list("pk", flat=True))).update(
        state=Delivery.State.SUPPRESSED, reason=Delivery.Reason.UNSUBSCRIBED, lease=None, lease_until=None
    )


def _note(reader: PreferencesReader) -> None:
    now = timezone.now()
    if reader.delivery is not None:
        Delivery.objects.filter(pk=reader.delivery.pk, unsubscribed_at=None).update(unsubscribed_at=now)
    event = Event(
        kind="unsubscribe",
        message_id=f"{reader.delivery.key if reader.delivery else reader.customer.uuid}:unsubscribe",
        source="tracking",
        occurred_at=now.replace(microsecond=0),
        customer_id=reader.customer.pk,
        channel="email",
        campaign_ref=reader.delivery.message_id if reader.delivery else None,
        delivery_ref=reader.delivery.pk if reader.delivery else None,
    )
    intake.record([event])
