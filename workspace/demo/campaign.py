"""The demo shop's first campaign: one mail to everybody who may be mailed, a different offer for each cluster."""

import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from campaigns.emails.starters import install_starters
from campaigns.models import Campaign, Delivery, EmailTemplate, Offer
from campaigns.offers import edit as offers
from campaigns.offers.edit import OfferTerms
from campaigns.planning import closing, draft, launch, suggest
from campaigns.planning.draft import DraftRow
from campaigns.sending import pump
from crm.customers.models import Customer
from lib.progress import Progress
from segmentation.models import Segment
from segmentation.segments import lists

NAME = "Autumn picks"
VALID_DAYS = 30
SLICE = 500
PAUSE = 0.5
PATIENCE = 90.0
"""Seconds without anything to send before the rest is left to the workers."""


@dataclass(frozen=True)
class Sent:
    """What became of the campaign."""

    campaign: Campaign
    rows: int
    offers: int
    deliveries: dict[str, int]


def terms() -> list[OfferTerms]:
    """Return the demo shop's offers, valid for the next month."""
    until = timezone.localdate() + timedelta(days=VALID_DAYS)
    shop = "https://shop.example.com/offers"
    return [
        OfferTerms(name="Autumn discount", name_zh="秋季折扣", kind="percent", value=Decimal(15), cost=Decimal(6),
              code="AUTUMN15", url=f"{shop}/autumn", valid_until=until),
        OfferTerms(name="Delivery on us", name_zh="包邮", kind="delivery", cost=Decimal(4),
              code="FREESHIP", url=f"{shop}/delivery", valid_until=until),
        OfferTerms(name="Thank-you voucher", name_zh="感谢券", kind="amount", value=Decimal(10), cost=Decimal(10),
              code="TENOFF", url=f"{shop}/voucher", valid_until=until),
        OfferTerms(name="Bonus points", name_zh="加赠积分", kind="points", value=Decimal(200), cost=Decimal(2),
              code="DOUBLE", url=f"{shop}/points", valid_until=until),
    ]  # fmt: skip


def prepare() -> list[EmailTemplate]:
    """Make the offers and the ready mails, where they do not exist yet; return the mails."""
    for one in terms():
        if not Offer.objects.filter(code=one.code).exists():
            offers.create(terms=one)
    return install_starters()


def everybody_else() -> Segment:
    """Put everybody who has no portrait on a fixed list: they may allow e-mail without allowing profiling."""
    segment, _made = Segment.objects.get_or_create(
        name="Everybody else", kind=Segment.Kind.FIXED, defaults={"translations": {"zh-hans": {"name": "其他客户"}}}
    )
    lists.add(segment=segment, customers=Customer.objects.active().filter(portrait__isnull=True))
    return segment


def plan(name: str = NAME) -> Campaign:
    """Write a campaign over the clusters and everybody else, each with the suggested offer.

    Raises suggest.NothingToSuggest before the first walk round the circle.
    """
    template = prepare()[-1]
    campaign = draft.create(name=name)
    clusters = Segment.objects.in_use().filter(kind=Segment.Kind.CLUSTER, size__gt=0).order_by("size", "pk")
    segments = [*clusters, everybody_else()]
    draft.set_cells(campaign=campaign, rows=[DraftRow(segment_id=one.pk, template_id=template.pk) for one in segments])
    suggested = suggest.suggest(campaign)
    draft.set_cells(campaign=campaign, rows=[one.row for one in suggested])
    return campaign


def send(campaign: Campaign, progress: Progress) -> Sent:
    """Launch a campaign now and send all of it; workers may help at the same time."""
    launch.schedule(campaign=campaign)
    launch.start_due()
    campaign.refresh_from_db()
    while campaign.state == Campaign.State.FREEZING:
        # A worker beside us may have a step in hand.
        time.sleep(PAUSE)
        launch.start_due()
        campaign.refresh_from_db()
    total, idle = campaign.deliveries.count(), 0.0
    while campaign.state == Campaign.State.SENDING and idle < PATIENCE:
        counts = pump.pump(limit=SLICE, worker="circle")
        idle = 0.0 if counts.claimed else idle + PAUSE
        if not counts.claimed and not closing.finish():
            # A worker beside us may hold the rest; when its leases end, somebody takes them up.
            time.sleep(PAUSE)
        progress(total - campaign.deliveries.open().count(), total, "mails")
        campaign.refresh_from_db()
    return outcome(campaign)


def outcome(campaign: Campaign) -> Sent:
    """Return how many deliveries are in which state, and how varied the matrix was."""
    campaign.refresh_from_db()
    states = Delivery.State
    found = {state.label: campaign.deliveries.filter(state=state).count() for state in states}
    cells = campaign.cells.all()
    return Sent(
        campaign=campaign,
        rows=len(cells),
        offers=len({cell.offer_id for cell in cells if cell.offer_id}),
        deliveries={str(name): count for name, count in found.items() if count},
    )
