"""The mail one customer would get: real offer, real recommendations and reasons, links that lead nowhere of ours."""

import contextlib
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from campaigns.emails.compile import Compiled
from campaigns.emails.models import EmailText
from campaigns.emails.render import RenderedMail, render_lawful
from campaigns.emails.workshop import compiled as compiled_now
from campaigns.messages.freeze import thaw
from campaigns.messages.models import CompiledText
from campaigns.planning import placing
from campaigns.planning.models import Campaign, CampaignCell
from campaigns.sending.context import MailContent, MailReader, assemble, product_ids
from campaigns.sending.picks import Pick, pick
from crm.customers.models import Customer
from crm.eligibility.reasons import reachable
from segmentation.segments.models import Membership

CHUNK = 500
STAND_IN = {"en": "Customer", "zh": "顾客"}


@dataclass(frozen=True)
class Preview:
    """A mail as one customer would get it."""

    mail: RenderedMail
    cell: CampaignCell
    language: str
    needs_name: bool
    """Whether the mail greets by name."""
    personal: bool
    """False when the products are favourites of a group or of everybody."""
    products: int


class NoText(Exception):
    """The customer's row has an e-mail without any text."""


def first(campaign: Campaign) -> Customer | None:
    """Return the first person the campaign reaches today, None when it reaches nobody."""
    return _nearest(campaign, 0, forwards=True)


def beside(campaign: Campaign, customer: Customer, forwards: bool) -> Customer | None:
    """Return the next person the campaign reaches, or the one before, in the order of their ids."""
    return _nearest(campaign, customer.pk, forwards)


def find(campaign: Campaign, words: str) -> Customer | None:
    """Return a person of the campaign whose number or public id is, or whose number begins with, what was typed."""
    words = words.strip()
    if not words:
        return None
    exactly = Q(external_id=words)
    with contextlib.suppress(ValueError):  # what is not a whole public id can only be a number
        exactly |= Q(uuid=UUID(words))
    exact = list(Customer.objects.filter(exactly).values_list("pk", flat=True)[:CHUNK])
    begin = list(Customer.objects.filter(external_id__startswith=words).values_list("pk", flat=True)[:CHUNK])
    inside = Membership.objects.current().filter(segment__cells__campaign=campaign, customer__in=[*exact, *begin])
    return _reachable(list(inside.values_list("customer", flat=True)), forwards=True)


def reaches(campaign: Campaign, customer: Customer) -> bool:
    """Say whether the campaign reaches a person today."""
    return cell_of(campaign, customer) is not None and _reachable([customer.pk], forwards=True) is not None


def _nearest(campaign: Campaign, beyond: int, forwards: bool) -> Customer | None:
    # In steps along the index of memberships by customer: the whole audience is never put together or sorted.
    segments = list(campaign.cells.values_list("segment", flat=True))
    members = Membership.objects.current().filter(segment__in=segments)
    members = members.order_by("customer" if forwards else "-customer")
    while True:
        ahead = members.filter(customer__gt=beyond) if forwards else members.filter(customer__lt=beyond)
        ids = list(ahead.values_list("customer", flat=True)[:CHUNK])
        if not ids:
            return None
        if found := _reachable(ids, forwards):
            return found
        beyond = ids[-1]


def _reachable(ids: list[int], forwards: bool) -> Customer | None:
    found = reachable().filter(pk__in=ids)
    return found.order_by("pk" if forwards else "-pk").first()


def cell_of(campaign: Campaign, customer: Customer) -> CampaignCell | None:
    """Return the row of the matrix whose mail the customer gets: by campaigns.planning.placing."""
    found = placing.cell_of(campaign, customer.pk)
    return campaign.cells.select_related("segment", "offer", "template").filter(pk=found or 0).first()


def stand_in(language: str) -> str:
    """Return what stands in for a first name that is not shown."""
    return STAND_IN["zh" if language.startswith("zh") else "en"]


def language_of(cell: CampaignCell, customer: Customer) -> str:
    """Return the language the mail goes out in: the customer's where the mail has it, else English, else what there is.

    Raises NoText.
    """
    written = list(cell.template.texts.order_by("language").values_list("language", flat=True))
    if not written:
        raise NoText
    wanted = EmailText.Language.CHINESE if customer.language.lower().startswith("zh") else EmailText.Language.ENGLISH
    return str(wanted.value) if wanted in written else str(written[0])


def preview(*, cell: CampaignCell, customer: Customer, first_name: str | None = None) -> Preview:
    """Return the mail of one row as a customer would get it; a mail already frozen is shown as it was frozen.

    `first_name` None puts a stand-in in its place. Raises NoText; CompileError or RenderError when it cannot be made.
    """
    language = language_of(cell, customer)
    compiled = _compiled(cell, language)
    chosen = _pick(cell, customer) if "products" in compiled.uses else Pick([], None)
    nowhere = f"{settings.BASE_URL}/t/u/preview"
    reader = MailReader(
        language=language,
        first_name=stand_in(language) if first_name is None else first_name,
        unsubscribe_url=nowhere,
        preferences_url=nowhere,
        sender_name=cell.campaign.sender_name or settings.SENDER_NAME,
        track=str,
    )
    shelf = MailContent(product_ids(chosen.recommended), [cell.offer_id])
    mail = render_lawful(compiled, assemble(compiled, reader, shelf, chosen.recommended, cell.offer_id))
    personal = chosen.version_ref is not None
    return Preview(mail, cell, language, compiled.needs_name, personal, len(chosen.recommended))


def _compiled(cell: CampaignCell, language: str) -> Compiled:
    frozen = (
        CompiledText.objects.filter(message__campaign=cell.campaign_id, template_id=cell.template_id, language=language)
        .order_by("pk")
        .last()
    )
    if frozen is not None:
        return thaw(frozen)
    text = EmailText.objects.get(template_id=cell.template_id, language=language)
    return compiled_now(text)


def _pick(cell: CampaignCell, customer: Customer) -> Pick:
    sent = cell.campaign.deliveries.filter(customer=customer).first()
    if sent is not None and sent.recommended:
        return Pick(sent.recommended, sent.version_ref)
    return pick([customer.pk], cell.campaign.recommended).get(customer.pk, Pick([], None))
