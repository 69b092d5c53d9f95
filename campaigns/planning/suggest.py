"""A first matrix: which offer suits which segment, by rules that can be said in a sentence each."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django.db.models import Count, Sum
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from campaigns.emails.models import EmailTemplate
from campaigns.offers.eligibility import eligible
from campaigns.offers.models import Offer
from campaigns.offers.wording import money
from campaigns.planning.draft import DraftRow
from campaigns.planning.models import Campaign
from segmentation.portraits.models import Portrait
from segmentation.segments.models import Membership, Segment

MAX_SEGMENTS = 6
"""Segments put into an empty matrix; a marketer adds more by hand."""
VARIETY = 3
"""Different offers a matrix should have where there are that many segments and offers."""


@dataclass(frozen=True)
class Suggestion:
    """One row, and the sentence that explains it."""

    row: DraftRow
    why: str


@dataclass
class _Taste:
    """What the people of a segment buy, as far as portraits say."""

    segment: Segment
    excess: dict[str, float]
    """Department → share of the segment's people who like it best, minus the share among everybody."""
    value: float
    """Mean revenue of a person."""


class NothingToSuggest(Exception):
    """There is no segment with people in it, or no e-mail to send; the message says which."""


def suggest(campaign: Campaign) -> list[Suggestion]:
    """Return a matrix for a campaign: its own segments where it has some, else the largest.

    An offer for a department goes to the segment that likes that department more than people at large; other offers are
    dealt out by value: the more a segment's people spend, the more their offer may cost. Narrow segments stand first,
    so that somebody in several gets the mail written for the narrowest. Raises NothingToSuggest.
    """
    segments = _segments(campaign)
    templates = list(EmailTemplate.objects.filter(archived_at__isnull=True, texts__isnull=False).distinct())
    if not segments:
        raise NothingToSuggest(_("There is no segment with people in it yet."))
    if not templates:
        raise NothingToSuggest(_("There is no e-mail to send yet. Write one first."))
    tastes = _tastes(segments)
    offers = list(eligible().order_by("cost", "pk"))
    chosen = _vary(_choose(tastes, offers), tastes, offers)
    kept = {cell.segment_id: cell.template_id for cell in campaign.cells.all()}
    usable = {template.pk for template in templates}
    default = max(templates, key=lambda template: (template.updated_at, template.pk)).pk
    rows = []
    for taste in sorted(tastes, key=lambda taste: (taste.segment.size, taste.segment.pk)):
        offer = chosen.get(taste.segment.pk)
        template = kept.get(taste.segment.pk)
        row = DraftRow(
            segment_id=taste.segment.pk,
            template_id=template if template in usable else default,
            offer_id=offer.pk if offer else None,
        )
        rows.append(Suggestion(row, _why(taste, offer)))
    return rows


def _segments(campaign: Campaign) -> list[Segment]:
    own: list[Segment] = list(cast("Any", Segment.objects.in_use().filter(cells__campaign=campaign)))
    if own:
        return own
    return list(cast("Any", Segment.objects.in_use().filter(size__gt=0).order_by("-size", "pk")[:MAX_SEGMENTS]))


def _tastes(segments: Sequence[Segment]) -> list[_Taste]:
    everybody = dict(
        Portrait.objects.exclude(top_department="").values_list("top_department").annotate(Count("pk")).order_by()
    )
    rows = (
        Membership.objects.current()
        .filter(segment__in=segments, customer__portrait__isnull=False)
        .values_list("segment_id", "customer__portrait__top_department")
        .annotate(Count("pk"), Sum("customer__portrait__revenue"))
        .order_by()
    )
    people: dict[int, dict[str, int]] = {}
    revenue: dict[int, float] = {}
    for segment_id, department, number, spent in rows:
        people.setdefault(segment_id, {})[department] = number
        revenue[segment_id] = revenue.get(segment_id, 0.0) + float(spent or 0)
    total = sum(everybody.values()) or 1
    tastes = []
    for segment in segments:
        mine = people.get(segment.pk, {})
        size = sum(mine.values()) or 1
        excess = {
            department: number / size - everybody.get(department, 0) / total
            for department, number in mine.items()
            if department
        }
        tastes.append(_Taste(segment, excess, revenue.get(segment.pk, 0.0) / size))
    return tastes


def _choose(tastes: Sequence[_Taste], offers: Sequence[Offer]) -> dict[int, Offer]:
    by_department: dict[str, Offer] = {offer.department: offer for offer in offers if offer.department}
    general = [offer for offer in offers if not offer.department]
    ranked = sorted(tastes, key=lambda taste: (taste.value, taste.segment.pk))
    chosen: dict[int, Offer] = {}
    for place, taste in enumerate(ranked):
        liked = max(by_department, key=lambda department: taste.excess.get(department, 0.0), default="")
        if liked and taste.excess.get(liked, 0.0) > 0:
            chosen[taste.segment.pk] = by_department[liked]
        elif general:
            chosen[taste.segment.pk] = general[place * len(general) // len(ranked)]
    return chosen


def _vary(chosen: dict[int, Offer], tastes: Sequence[_Taste], offers: Sequence[Offer]) -> dict[int, Offer]:
    """Give unused offers to segments that share theirs with others, least attached first, until there is variety."""
    wanted = min(VARIETY, len(tastes), len(offers))
    unused = [offer for offer in offers if offer not in chosen.values()]
    unused.sort(key=lambda offer: bool(offer.department))
    while unused and len(set(chosen.values())) < wanted:
        offer = unused.pop(0)
        open_to_it = [taste for taste in tastes if _shared(chosen, taste)]
        if not open_to_it:
            break
        best = max((_gain(taste, offer, chosen), taste.segment.pk) for taste in open_to_it)
        chosen[best[1]] = offer
    return chosen


def _shared(chosen: dict[int, Offer], taste: _Taste) -> bool:
    mine = chosen.get(taste.segment.pk)
    return mine is None or sum(offer == mine for offer in chosen.values()) > 1


def _gain(taste: _Taste, offer: Offer, chosen: dict[int, Offer]) -> float:
    return _attachment(taste, offer) - _attachment(taste, chosen.get(taste.segment.pk))


def _attachment(taste: _Taste, offer: Offer | None) -> float:
    return taste.excess.get(offer.department, -1.0) if offer and offer.department else 0.0


def _why(taste: _Taste, offer: Offer | None) -> str:
    if offer is None:
        return _("No offer is valid today, so this row only recommends products.")
    if offer.department and taste.excess.get(offer.department, 0.0) > 0:
        words = {"points": 100 * taste.excess[offer.department], "department": offer.department}
        return (
            _("%(department)s is the favourite of more people here than elsewhere: %(points).0f points more.") % words
        )
    mean = money(Decimal(round(taste.value)), get_language() or "en")
    return _("By value: these people spend %(money)s on average; costlier offers go to those who spend more.") % {
        "money": mean
    }
