"""A small shop to plan campaigns for: invented people, segments, offers and mails."""

import itertools
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from campaigns.emails.models import EmailTemplate, EmailText
from campaigns.offers.models import Offer
from campaigns.planning.draft import DraftRow, create, set_cells
from campaigns.planning.models import Campaign
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.interactions import partitions
from crm.interactions.models import Interaction
from crm.privacy import vault
from segmentation.portraits.models import Portrait
from segmentation.segments.models import Membership, Segment

NUMBERS = itertools.count(1)
ALLOWED = Purpose.SERVICE | Purpose.PROFILING | Purpose.RECOMMENDATION | Purpose.EMAIL_MARKETING
MJML = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Hello {{ customer.first_name | default: "there" }}, {{ offer.value_text }}</mj-text>
{% for product in products %}<mj-text>{{ product.name }}: {{ product.reason }}</mj-text>{% endfor %}
<mj-button href="https://shop.example.com/spring">Shop</mj-button>
<mj-text>{{ postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>"""


def person(
    *, permission: int = ALLOWED, state: str = "active", sealed: bool = True, first_name: str = "", canary: bool = False
) -> Customer:
    """Make a customer, by default one who may be mailed, with an address at example.com."""
    number = next(NUMBERS)
    customer = Customer.objects.create(
        external_id=f"c-{number}", permission=int(permission), state=state, canary=canary, last_seen=timezone.now()
    )
    if sealed:
        vault.seal_many(
            [
                vault.Sealing(
                    customer_id=customer.pk,
                    uuid=customer.uuid,
                    email=f"person{number}@example.com",
                    identity={"first_name": first_name} if first_name else {},
                )
            ]
        )
    return customer


def painted(customer: Customer, department: str = "Tea", revenue: int = 100) -> Customer:
    """Give a customer a portrait; without one nobody stays in a segment."""
    Portrait.objects.create(
        customer=customer, as_of=timezone.now(), top_department=department, revenue=Decimal(revenue)
    )
    return customer


def segment(name: str, people: Iterable[Customer] = ()) -> Segment:
    """Make a fixed segment with these people in it."""
    members = list(people)
    row = Segment.objects.create(name=name, kind=Segment.Kind.FIXED, size=len(members))
    now = timezone.now()
    Membership.objects.bulk_create(Membership(segment=row, customer=member, since=now) for member in members)
    return row


def offer(name: str = "Spring", **terms: object) -> Offer:
    """Make an offer of 15 percent off, unless the terms say otherwise."""
    return Offer.objects.create(**({"name": name, "value": Decimal(15)} | terms))


def template(name: str = "Picks", mjml: str = MJML, subject: str = "For you") -> EmailTemplate:
    """Make an e-mail in English."""
    row = EmailTemplate.objects.create(name=name)
    EmailText.objects.create(template=row, language="en", subject=subject, mjml=mjml)
    return row


def campaign(*rows: tuple[Segment, Offer | None, EmailTemplate], name: str = "May") -> Campaign:
    """Make a draft with this matrix."""
    draft = create(name=name)
    set_cells(
        campaign=draft,
        rows=[DraftRow(segment_id=s.pk, offer_id=o.pk if o else None, template_id=t.pk) for s, o, t in rows],
    )
    return draft


def order(customer: Customer, at: datetime, value: str = "10.00", order_id: str = "") -> None:
    """Let a customer order for an amount at a moment."""
    partitions.ensure([at.date()])
    number = next(NUMBERS)
    Interaction.objects.bulk_create(
        [
            Interaction(
                customer=customer,
                kind="order",
                value=Decimal(value),
                quantity=Decimal(1),
                order_id=order_id or f"o-{number}",
                occurred_at=at,
                source="test",
                message_id=f"m-{number}",
            )
        ]
    )
