"""Readers say what they want to receive, by the link in their mail and without signing in."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from campaigns.emails import links
from campaigns.emails.links import BadToken
from campaigns.sending.models import Delivery
from crm.consents import decide
from crm.consents.purposes import LABELS, Purpose
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
class Reader:
    """Who holds the token."""

    customer: Customer
    delivery: Delivery | None
    """None when the campaign was deleted since."""

    @property
    def language(self) -> str:
        """The language the mail was in."""
        spoken = self.delivery.language if self.delivery else self.customer.language.lower()
        return "zh-hans" if spoken.startswith("zh") else "en"

    @property
    def subscribed(self) -> bool:
        """Whether the reader gets marketing mail."""
        return bool(self.customer.permission & Purpose.EMAIL_MARKETING)


@dataclass(frozen=True)
class Choice:
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


def reader_of(token: str) -> Reader:
    """Return who a token belongs to; raise Unknown."""
    try:
        customer_id, delivery_id = links.read_unsubscribe(token)
        customer = Customer.objects.get(pk=customer_id)
    except (BadToken, Customer.DoesNotExist) as error:
        raise Unknown from error
    return Reader(customer, Delivery.objects.filter(pk=delivery_id, customer=customer).first())


def choices(reader: Reader) -> list[Choice]:
    """Return what the reader can choose, and what holds now."""
    return [Choice(purpose, bool(reader.customer.permission & purpose)) for purpose in CHOICES]


@transaction.atomic
def unsubscribe(*, token: str, source: str = SOURCE) -> Reader:
    """Record the objection, and stop every mail to this reader that is not on the wire; doing it twice changes nothing.

    Raises Unknown.
    """
    reader = reader_of(token)
    if reader.subscribed:
        decide.object_to_marketing(customer=reader.customer, source=source)
        _note(reader)
    _stop(reader)
    return reader


@transaction.atomic
def choose(*, token: str, allowed: Purpose) -> Reader:
    """Let the reader's choice hold for every purpose of CHOICES; the others stay as they are.

    Raises Unknown.
    """
    reader = reader_of(token)
    if reader.customer.state == Customer.State.ERASED:
        raise Unknown
    now = Purpose(reader.customer.permission)
    offered = Purpose(sum(CHOICES))
    leaving = reader.subscribed and not allowed & Purpose.EMAIL_MARKETING
    if withdrawn := offered & now & ~allowed:
        decide.withdraw(customer=reader.customer, purposes=withdrawn, source=PAGE)
    if granted := offered & allowed & ~now:
        decide.grant(customer=reader.customer, purposes=granted, source=PAGE)
    if leaving:
        _note(reader)
        _stop(reader)
    return reader


def _stop(reader: Reader) -> None:
    waiting = Delivery.objects.waiting().filter(customer=reader.customer).order_by("pk").select_for_update()
    Delivery.objects.filter(pk__in=list(waiting.values_list("pk", flat=True))).update(
        state=Delivery.State.SUPPRESSED, reason=Delivery.Reason.UNSUBSCRIBED, lease=None, lease_until=None
    )


def _note(reader: Reader) -> None:
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
        campaign_ref=reader.delivery.campaign_id if reader.delivery else None,
        delivery_ref=reader.delivery.pk if reader.delivery else None,
    )
    intake.record([event])
