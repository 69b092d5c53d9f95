"""What readers do with a mail becomes interactions, where they allow it at that moment."""

from django.utils import timezone

from campaigns.emails import links
from campaigns.emails.links import BadToken
from campaigns.messages.models import TrackedLink
from campaigns.sending.models import Delivery
from campaigns.tracking.hits import Hit
from crm.catalog.models import Product
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.ingest import intake
from crm.ingest.event import Event

SOURCE = "tracking"


class Gone(Exception):
    """There is no such link or mail: the token was altered, or the message was deleted."""


def clicked(token: str, hit: Hit) -> str:
    """Return where a link leads, and note the click where the reader allows click tracking now.

    The address comes from the database alone. Raises Gone.
    """
    try:
        link_id, delivery_id = links.read_click(token)
        link = TrackedLink.objects.get(pk=link_id)
    except (BadToken, TrackedLink.DoesNotExist) as error:
        raise Gone from error
    delivery = _delivery(delivery_id)
    if delivery is None or delivery.message_id != link.message_id or not hit.counts:
        return link.url
    if _allows(delivery.customer, Purpose.CLICK_TRACKING):
        _note(delivery, "email_click", f"click:{link.pk}", _product(delivery, link.url))
        Delivery.objects.filter(pk=delivery.pk, clicked_at=None).update(clicked_at=timezone.now())
    return link.url


def opened(token: str, hit: Hit) -> None:
    """Note that a mail was opened where the reader allows open tracking now; otherwise nothing is stored.

    Raises Gone.
    """
    try:
        delivery = _delivery(links.read_open(token))
    except BadToken as error:
        raise Gone from error
    if delivery is not None and hit.counts and _allows(delivery.customer, Purpose.OPEN_TRACKING):
        _note(delivery, "email_open", "open", None)
        Delivery.objects.filter(pk=delivery.pk, opened_at=None).update(opened_at=timezone.now())


def _delivery(delivery_id: int) -> Delivery | None:
    return Delivery.objects.select_related("customer").filter(pk=delivery_id).first()


def _allows(customer: Customer, purpose: Purpose) -> bool:
    return customer.state == Customer.State.ACTIVE and bool(customer.permission & purpose)


def _product(delivery: Delivery, url: str) -> int | None:
    shown = [item["product"] for item in delivery.recommended]
    return Product.objects.filter(pk__in=shown, url=url).values_list("pk", flat=True).first()


def _note(delivery: Delivery, kind: str, what: str, product_id: int | None) -> None:
    event = Event(
        kind=kind,
        message_id=f"{delivery.key}:{what}",
        source=SOURCE,
        # To the second, so that a double click is one click.
        occurred_at=timezone.now().replace(microsecond=0),
        customer_id=delivery.customer_id,
        product_id=product_id,
        channel="email",
        campaign_ref=delivery.message_id,
        delivery_ref=delivery.pk,
    )
    intake.record([event])
