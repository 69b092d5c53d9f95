"""The demo shop's customers read their mail: some open it, some click, a few order, a few unsubscribe.

They do it as real readers do: from the mails in the mailbox, by the links inside.
"""

import re
from dataclasses import dataclass, field

import numpy as np
from django.conf import settings
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from campaigns.tracking import preferences, record
from campaigns.tracking.hits import Hit
from crm.ingest import intake
from crm.ingest.event import Event
from crm.models import Product
from lib.mailbox import Entry, Mailbox, open_mailbox
from lib.progress import Progress

OPEN = re.compile(r"/t/o/([\w-]+)\.gif")
CLICK = re.compile(r"/t/c/([\w-]+)")
LEAVE = re.compile(r"/t/u/([\w-]+)")
OPENS, CLICKS, ORDERS, LEAVES = 0.45, 0.14, 0.35, 0.008
"""Shares: of readers who open; of readers who click; of clickers who order; of readers who unsubscribe."""
BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
PAGE = 200


@dataclass
class Reactions:
    """How many did what."""

    read: int = 0
    opened: int = 0
    clicked: int = 0
    ordered: int = 0
    left: int = 0
    orders: list[Event] = field(default_factory=list)


def react(campaign: Campaign, progress: Progress, seed: int = 7) -> Reactions:
    """Let the readers of a campaign's mails react; works only with the mailbox, where the mails can be read."""
    mailbox = open_mailbox(settings.VAR_DIR)
    found = Reactions()
    sent = {str(delivery.key): delivery for delivery in campaign.deliveries.filter(state=Delivery.State.SENT)}
    before: int | None = None
    while page := mailbox.messages(before=before, limit=PAGE):
        for entry in page:
            _read(mailbox, entry, sent, found, seed)
        progress(found.read, len(sent), "reading mails")
        before = page[-1].id
    if found.orders:
        intake.record(found.orders)
    return found


def _read(mailbox: Mailbox, entry: Entry, sent: dict[str, Delivery], found: Reactions, seed: int) -> None:
    delivery = sent.pop(entry.delivery, None)
    mail = mailbox.message(entry.id) if delivery else None
    if mail is None or delivery is None:
        return
    found.read += 1
    dice = np.random.default_rng([seed, delivery.pk]).random(4)
    hit = Hit("GET", BROWSER)
    if dice[0] < OPENS and (pixel := OPEN.search(mail.html)):
        record.opened(pixel[1], hit)
        found.opened += 1
    if dice[1] < CLICKS and (links := CLICK.findall(mail.html)):
        record.clicked(links[int(dice[2] * len(links))], hit)
        found.clicked += 1
        if dice[2] < ORDERS and delivery.recommended:
            found.orders.append(_order(delivery))
            found.ordered += 1
    if dice[3] < LEAVES and (leave := LEAVE.search(mail.html)):
        preferences.unsubscribe(token=leave[1])
        found.left += 1


def _order(delivery: Delivery) -> Event:
    product = Product.objects.get(pk=delivery.recommended[0]["product"])
    return Event(
        kind="order",
        message_id=f"react-{delivery.key}",
        source="demo",
        occurred_at=timezone.now(),
        customer_id=delivery.customer_id,
        product_id=product.pk,
        value=product.price,
        quantity=1,
        currency=product.currency,
        order_id=f"react-{delivery.pk}",
        channel="web",
    )
