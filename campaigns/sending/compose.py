"""Make the mails of claimed deliveries, holding no lock: ask for consent once more, open addresses in bulk, render."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings

from campaigns.emails import links
from campaigns.emails.compile import Compiled
from campaigns.emails.render import RenderedMail, RenderError, render, render_lawful
from campaigns.messages.freeze import TextChanged, ensure_links, thaw
from campaigns.messages.models import CompiledText
from campaigns.sending import ledger
from campaigns.sending.context import MailContent, MailReader, assemble, product_ids
from campaigns.sending.ledger import Claimed, Intent, Outcome
from campaigns.sending.message import Addressed, BadHeader, build, wire_address
from campaigns.sending.models import Delivery
from campaigns.sending.picks import Pick, pick
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.eligibility.reasons import Ineligible, Lane, stopped_by
from crm.privacy import suppression, vault

logger = logging.getLogger(__name__)

ACTOR = "sending"
Reason = Delivery.Reason


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail ready for the wire."""

    claimed: Claimed
    intent: Intent
    sender: str
    recipient: str
    message: bytes


@dataclass
class Prepared:
    """Mails ready for the wire, and the deliveries that will not be sent, with the reason."""

    outgoing: list[Outgoing] = field(default_factory=list)
    dropped: list[Outcome] = field(default_factory=list)


@dataclass(frozen=True)
class Batch:
    """What the mails of one claim share, read in bulk."""

    texts: dict[int, Compiled]
    """By their ids."""
    permissions: dict[int, int]
    addresses: dict[int, str]
    listed: dict[str, str]
    """Addresses on the suppression list, and why."""
    names: dict[int, str]
    picks: dict[int, Pick]
    """By delivery."""
    shelf: MailContent
    link_ids: dict[tuple[int, str], int]


def prepare(claimed: Sequence[Claimed]) -> Prepared:
    """Return the mails to send, and why others are not: no consent, no address, suppressed, or a mail that fails."""
    prepared = Prepared()
    permitted, permissions = _permitted(claimed, prepared)
    texts = _texts(permitted)
    for row in permitted:
        if row.text_id not in texts:
            why = "no text" if row.text_id is None else "the text is not what it was when it was fixed"
            prepared.dropped.append(Outcome(row.id, ledger.FAILED, Reason.RENDER, reply=why))
    rows = [row for row in permitted if row.text_id in texts]
    batch = _gather(rows, texts, permissions)
    for row in rows:
        if row.customer_id not in batch.addresses:
            prepared.dropped.append(Outcome(row.id, ledger.SUPPRESSED, Reason.NO_ADDRESS))
            continue
        if stopped_by(batch.listed.get(batch.addresses[row.customer_id], ""), row.lane):
            prepared.dropped.append(Outcome(row.id, ledger.SUPPRESSED, Reason.SUPPRESSED))
            continue
        try:
            prepared.outgoing.append(_compose(row, batch))
        except (RenderError, BadHeader) as error:
            prepared.dropped.append(Outcome(row.id, ledger.FAILED, Reason.RENDER, reply=str(error)[:200]))
    return prepared


def _permitted(claimed: Sequence[Claimed], prepared: Prepared) -> tuple[list[Claimed], dict[int, int]]:
    permissions: dict[int, int] = {}
    reasons: dict[tuple[int, str, int], str] = {}
    for purpose, lane in {(row.purpose, row.lane) for row in claimed}:
        people = {row.customer_id for row in claimed if (row.purpose, row.lane) == (purpose, lane)}
        why = Ineligible(purpose=Purpose(purpose), lane=Lane(lane))
        for pk, permission, reason in Customer.objects.filter(pk__in=people).values_list("pk", "permission", why):
            permissions[pk] = permission
            reasons[purpose, lane, pk] = reason
    permitted = []
    for row in claimed:
        reason = reasons[row.purpose, row.lane, row.customer_id]
        if not reason:
            permitted.append(row)
        else:
            # Consent was there when the delivery was written.
            reason = Reason.UNSUBSCRIBED if reason == Reason.NO_CONSENT else reason
            prepared.dropped.append(Outcome(row.id, ledger.SUPPRESSED, reason))
    return permitted, permissions


def _texts(rows: Sequence[Claimed]) -> dict[int, Compiled]:
    found: dict[int, Compiled] = {}
    for text in CompiledText.objects.filter(pk__in={row.text_id for row in rows}):
        try:
            found[text.pk] = thaw(text)
        except TextChanged:
            logger.exception("Nothing is sent with it")
    return found


def _text(row: Claimed, texts: dict[int, Compiled]) -> Compiled:
    return texts[row.text_id or 0]


def _gather(rows: Sequence[Claimed], texts: dict[int, Compiled], permissions: dict[int, int]) -> Batch:
    reason = f"message {', '.join(str(pk) for pk in sorted({row.message_id for row in rows}))}"
    everybody = [row.customer_id for row in rows]
    # Names stay sealed for mails that do not print them.
    greeted = [row.customer_id for row in rows if _text(row, texts).needs_name]
    contact = vault.open_many(customer_ids=everybody, seal="contact", actor=ACTOR, reason=reason) if rows else {}
    identity = vault.open_many(customer_ids=greeted, seal="identity", actor=ACTOR, reason=reason) if greeted else {}
    picks = _picks(rows, texts)
    shelf = MailContent(
        (product for item in picks.values() for product in product_ids(item.recommended)),
        (row.offer_id for row in rows),
    )
    addresses = {pk: opened["email"] for pk, opened in contact.items() if opened.get("email")}
    return Batch(
        texts=texts,
        permissions=permissions,
        addresses=addresses,
        listed=suppression.reasons(list(addresses.values())),
        names={pk: opened.get("first_name", "") for pk, opened in identity.items()},
        picks=picks,
        shelf=shelf,
        link_ids=_links(rows, texts, picks, shelf),
    )


def _picks(rows: Sequence[Claimed], texts: dict[int, Compiled]) -> dict[int, Pick]:
    # A mail that was tried before carries what it carried then.
    picks = {row.id: Pick(row.recommended, row.version_ref) for row in rows}
    fresh = [row for row in rows if not row.recommended and "products" in _text(row, texts).uses]
    for count in {row.products for row in fresh}:
        wanted = [row for row in fresh if row.products == count]
        chosen = pick([row.customer_id for row in wanted], count)
        picks |= {row.id: chosen[row.customer_id] for row in wanted if row.customer_id in chosen}
    return picks


def _links(
    rows: Sequence[Claimed], texts: dict[int, Compiled], picks: dict[int, Pick], shelf: MailContent
) -> dict[tuple[int, str], int]:
    urls: dict[int, set[str]] = {}
    for row in rows:
        found = urls.setdefault(row.message_id, set())
        found.update(_text(row, texts).links, shelf.addresses(picks[row.id].recommended, row.offer_id))
    return {
        (message_id, url): pk
        for message_id, wanted in urls.items()
        for url, pk in ensure_links(message_id=message_id, urls=_fitting(wanted)).items()
    }


def _fitting(urls: Iterable[str]) -> set[str]:
    # What does not fit the column is linked directly.
    return {url for url in urls if len(url) <= 1_000}


def _compose(row: Claimed, batch: Batch) -> Outgoing:
    compiled, picked = _text(row, batch.texts), batch.picks[row.id]
    permission = batch.permissions[row.customer_id]

    def track(url: str) -> str:
        # Who does not allow click tracking gets the address itself, so that there is nothing to record.
        link = batch.link_ids.get((row.message_id, url)) if permission & Purpose.CLICK_TRACKING else None
        return links.click_url(link, row.id) if link else url

    sender_name, sender = row.sender_name or settings.SENDER_NAME, row.sender_address or settings.SENDER_ADDRESS
    reader = MailReader(
        language=row.language,
        first_name=batch.names.get(row.customer_id, ""),
        unsubscribe_url=links.unsubscribe_url(row.customer_id, row.id),
        preferences_url=links.preferences_url(row.customer_id, row.id),
        sender_name=sender_name,
        track=track,
    )
    marketing = row.lane == Lane.MARKETING
    make = render_lawful if marketing else render
    mail = make(compiled, assemble(compiled, reader, batch.shelf, picked.recommended, row.offer_id))
    if permission & Purpose.OPEN_TRACKING:
        mail = with_pixel(mail, links.open_url(row.id))
    recipient = batch.addresses[row.customer_id]
    message = build(
        mail,
        Addressed(
            key=row.key,
            date=row.created_at,
            sender_name=sender_name,
            sender_address=sender,
            recipient=recipient,
            message_id=row.message_id,
            # What somebody ordered or asked for is not unsubscribed from, and says that a program wrote it.
            unsubscribe_url=reader.unsubscribe_url if marketing else "",
            automatic=not marketing,
            list_name=sender_name,
        ),
    )
    intent = Intent(row.id, picked.recommended, picked.version_ref)
    return Outgoing(row, intent, wire_address(sender), wire_address(recipient), message)


def with_pixel(mail: RenderedMail, url: str) -> RenderedMail:
    """Return the mail with an invisible picture at its end that tells when it was opened."""
    pixel = f'<img src="{url}" width="1" height="1" alt="" style="display:block;border:0">'
    head, body, tail = mail.html.rpartition("</body>")
    return RenderedMail(mail.subject, f"{head}{pixel}{body}{tail}" if body else mail.html + pixel, mail.text)
