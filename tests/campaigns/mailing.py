"""People, a campaign and a mail server for tests that send: everything real, everybody invented."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from django.utils import timezone

from campaigns.emails.models import EmailTemplate, EmailText
from campaigns.messages.freeze import freeze_texts
from campaigns.messages.models import Message
from campaigns.offers.models import Offer
from campaigns.planning.models import Campaign, CampaignCell
from campaigns.planning.moves import move
from campaigns.planning.placing import write_next
from campaigns.sending.materialise import Materialised
from campaigns.sending.models import Delivery
from crm.consents.decide import Decision, record_many
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.privacy import vault
from crm.privacy.vault import Sealing
from lib import mailbox
from segmentation.segments.models import Membership, Segment

MAILS = Purpose.EMAIL_MARKETING
TRACKED = MAILS | Purpose.OPEN_TRACKING | Purpose.CLICK_TRACKING
MJML = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Hello {{ customer.first_name | default: "you" }}</mj-text>
<mj-text><a href="https://shop.example.com/sale?from=mail&amp;x=1">Sale</a></mj-text>
{% for product in products %}<mj-text><a href="{{ product.url }}">{{ product.name }}</a></mj-text>{% endfor %}
<mj-text>{{ offer.name }} {{ offer.code }}</mj-text>
<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a> <a href="{{ preferences_url }}">Choose</a>
{{ postal_address }}</mj-text>
</mj-column></mj-section></mj-body></mjml>"""


def people(count: int, permission: Purpose = MAILS, prefix: str = "reader", **fields: object) -> list[Customer]:
    """Make sealed people, each with an address and a name, who allow some purposes."""
    made = Customer.objects.bulk_create(
        [Customer(external_id=f"{prefix}-{number}", **fields) for number in range(count)]
    )
    vault.seal_many(
        [
            Sealing(
                customer.pk,
                customer.uuid,
                email=f"{prefix}-{number}@example.com",
                identity={"first_name": f"Reader{number}"},
            )
            for number, customer in enumerate(made)
        ]
    )
    record_many(decisions=[Decision(customer.pk, permission, True, "test") for customer in made])
    return made


def segment(members: list[Customer], name: str = "Readers") -> Segment:
    """Make a segment of these people."""
    made = Segment.objects.create(name=name, kind=Segment.Kind.FIXED, size=len(members))
    Membership.objects.bulk_create(
        [Membership(segment=made, customer=member, since=timezone.now()) for member in members]
    )
    return made


def template(subject: str = "News for {{ customer.first_name }}", chinese: str = "", mjml: str = MJML) -> EmailTemplate:
    """Make a mail in English, and in Chinese when a Chinese subject is given."""
    made = EmailTemplate.objects.create(name="News")
    EmailText.objects.create(template=made, language="en", subject=subject, mjml=mjml)
    if chinese:
        EmailText.objects.create(template=made, language="zh-hans", subject=chinese, mjml=mjml)
    return made


def campaign(*cells: tuple[Segment, EmailTemplate, Offer | None]) -> Campaign:
    """Make a draft campaign with one cell for each of (segment, template, offer), in this order."""
    made = Campaign.objects.create(name="Campaign", state=Campaign.State.SCHEDULED)
    for position, (who, what, offer) in enumerate(cells):
        CampaignCell.objects.create(campaign=made, segment=who, template=what, offer=offer, position=position)
    return made


def message_of(made: Campaign, **fields: object) -> Message:
    """A campaign's message, made when it has none."""
    if made.message is None:
        made.message = Message.objects.create(products=made.recommended, **fields)
        made.save(update_fields=["message"])
    return made.message


def delivery(made: Campaign, **fields: object) -> Delivery:
    """One line of a campaign's ledger."""
    now = timezone.now()
    values = {"not_before": now, "expires_at": now, **fields}
    return Delivery.objects.create(message=message_of(made), **values)


def materialise(made: Campaign) -> Materialised:
    """Freeze a campaign's mails and write all its deliveries, as its steps do one by one."""
    message = message_of(made)
    freeze_texts(message_id=message.pk, template_ids=made.cells.values_list("template", flat=True))
    done, after = Materialised(), 0
    while batch := write_next(made, after):
        done.created += batch.written.created
        done.counts += batch.written.counts
        after = batch.last
    return done


def start(made: Campaign) -> Materialised:
    """Freeze a campaign and let it be sent."""
    written = materialise(made)
    move(made.pk, list(Campaign.State), Campaign.State.SENDING, frozen_at=timezone.now())
    return written


@contextlib.contextmanager
def mail_server(var_dir: Path) -> Iterator[mailbox.Mailbox]:
    """Run the mailbox's real SMTP server in a thread, and give its mailbox."""
    listener = mailbox.listen("127.0.0.1", 0)
    ready = threading.Event()
    loop = asyncio.new_event_loop()

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(mailbox.serve(var_dir, listener, lambda port: ready.set()))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        with mailbox.open_mailbox(var_dir) as box:
            yield box
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        thread.join(10)
        loop.close()
