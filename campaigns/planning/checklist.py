"""What stands between a campaign and its start, in words a marketer can act on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db.models import Prefetch
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.emails import workshop
from campaigns.emails.models import EmailText
from campaigns.emails.problems import Severity
from campaigns.offers.eligibility import OfferStanding, standing
from campaigns.offers.models import Offer
from campaigns.planning.models import Campaign, CampaignCell
from campaigns.sending import configuration

OFFER_WORDS: dict[OfferStanding, str | Promise] = {
    OfferStanding.ARCHIVED: gettext_lazy("The offer “%(offer)s” is archived."),
    OfferStanding.EXPIRED: gettext_lazy("The offer “%(offer)s” has expired."),
    OfferStanding.NOT_YET: gettext_lazy("The offer “%(offer)s” is not valid yet."),
}


@dataclass(frozen=True)
class LaunchProblem:
    """One thing to see to."""

    code: str
    text: str
    blocking: bool = True
    """False for a warning: the campaign may start all the same."""


def problems(campaign: Campaign, day: date | None = None) -> list[LaunchProblem]:
    """Return what is wrong with a campaign that would start on a day (today by default), blocking problems first."""
    cells = list(
        campaign.cells.select_related("segment", "offer", "template").prefetch_related(
            Prefetch("template__texts", queryset=EmailText.objects.order_by("language"))
        )
    )
    found = [*_sender(campaign), *_rows(cells, day), *_templates(cells)]
    return sorted(found, key=lambda problem: not problem.blocking)


def blocking(campaign: Campaign, day: date | None = None) -> list[LaunchProblem]:
    """Return the problems that keep a campaign from starting on a day."""
    return [problem for problem in problems(campaign, day) if problem.blocking]


def _sender(campaign: Campaign) -> Iterable[LaunchProblem]:
    for wrong in configuration.problems(campaign.sender_address):
        yield LaunchProblem(wrong.code, wrong.text)
    if not (campaign.sender_name or settings.SENDER_NAME):
        yield LaunchProblem("no_sender_name", _("The sender has no name."), blocking=False)


def _rows(cells: list[CampaignCell], day: date | None) -> Iterable[LaunchProblem]:
    if not cells:
        yield LaunchProblem("no_rows", _("The audience is empty. Choose at least one segment and an e-mail for it."))
    for cell in cells:
        names = {"segment": cell.segment.shown_name, "offer": cell.offer.shown_name if cell.offer else ""}
        if cell.segment.archived_at:
            yield LaunchProblem("segment_archived", _("The segment “%(segment)s” is archived.") % names)
        elif cell.segment.size == 0:
            yield LaunchProblem("segment_empty", _("The segment “%(segment)s” is empty today.") % names, blocking=False)
    offers: dict[int, Offer] = {cell.offer.pk: cell.offer for cell in cells if cell.offer}
    for offer in offers.values():
        how = standing(offer, day)
        if how != OfferStanding.VALID:
            yield LaunchProblem(f"offer_{how}", str(OFFER_WORDS[how]) % {"offer": offer.shown_name})


def _templates(cells: list[CampaignCell]) -> Iterable[LaunchProblem]:
    templates = {cell.template_id: cell.template for cell in cells}
    for template in templates.values():
        texts = list(template.texts.all())
        if template.archived_at:
            yield LaunchProblem("template_archived", _("The e-mail “%(name)s” is archived.") % {"name": template.name})
        if not texts:
            yield LaunchProblem("template_empty", _("The e-mail “%(name)s” has no text.") % {"name": template.name})
        for text in texts:
            for wrong in workshop.problems(text):
                words = {"name": template.name, "language": text.get_language_display(), "problem": wrong}
                serious = wrong.severity == Severity.ERROR
                yield LaunchProblem("template", _("“%(name)s” (%(language)s): %(problem)s") % words, blocking=serious)
