"""What became of a campaign."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries

from campaigns.planning.models import Campaign, CampaignCell
from campaigns.planning.report import WINDOW, kept_report, report
from campaigns.sending.models import Delivery
from crm.customers.models import Customer
from tests.campaigns import mailing
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db
SENT = Delivery.State.SENT


@pytest.fixture
def may() -> Campaign:
    """A campaign with two rows."""
    mail = shop.template()
    return shop.campaign((shop.segment("A"), shop.offer("One"), mail), (shop.segment("B"), shop.offer("Two"), mail))


def deliver(cell: CampaignCell, customer: Customer, sent: datetime | None, **more: object) -> None:
    state = more.pop("state", SENT)
    mailing.delivery(
        cell.campaign,
        customer=customer,
        segment=cell.segment,
        offer=cell.offer,
        state=state,
        sent_at=sent,
        not_before=cell.campaign.created_at,
        expires_at=cell.campaign.created_at + timedelta(days=1),
        **more,
    )


def test_figures_add_up_for_the_whole_and_for_each_row(may: Campaign) -> None:
    now = timezone.now() - timedelta(days=1)
    first, second = may.cells.all()
    people = [shop.person(sealed=False) for _ in range(5)]
    deliver(first, people[0], now, opened_at=now, clicked_at=now)
    deliver(first, people[1], now, unsubscribed_at=now)
    deliver(second, people[2], now, opened_at=now)
    deliver(second, people[3], None, state=Delivery.State.SUPPRESSED, reason="no_consent")
    deliver(second, people[4], None, state=Delivery.State.FAILED, reason="bounced")
    found = report(may)
    total = found.total
    assert (total.planned, total.sent, total.suppressed, total.failed) == (5, 3, 1, 1)
    assert (total.opened, total.clicked, total.unsubscribed, total.waiting) == (2, 1, 1, 0)
    assert {(line.segment, line.offer, line.sent, line.opened) for line in found.lines} == {
        ("A", "One", 2, 1),
        ("B", "Two", 1, 1),
    }
    assert set(found.reasons) == {("suppressed", "no_consent", 1), ("failed", "bounced", 1)}
    assert total.rates["clicked"].value == pytest.approx(1 / 3)


def test_an_order_counts_within_the_window_only_and_people_once(may: Campaign) -> None:
    sent = timezone.now() - timedelta(days=20)
    cell = may.cells.first()
    assert cell is not None
    buyer, early, late, bystander = (shop.person(sealed=False) for _ in range(4))
    for customer in (buyer, early, late):
        deliver(cell, customer, sent)
    shop.order(buyer, sent + timedelta(hours=1), "20.00", "o-x")
    shop.order(buyer, sent + timedelta(hours=1), "5.00", "o-x")
    shop.order(buyer, sent + timedelta(days=2), "7.50", "o-y")
    shop.order(early, sent - timedelta(minutes=1), "99.00")
    shop.order(late, sent + WINDOW, "99.00")
    shop.order(bystander, sent + timedelta(hours=1), "99.00")
    total = report(may).total
    assert (total.ordered, total.orders, total.revenue) == (1, 2, Decimal("32.50"))


def test_the_curve_has_no_gaps(may: Campaign) -> None:
    sent = timezone.now() - timedelta(hours=6)
    cell = may.cells.first()
    assert cell is not None
    customer = shop.person(sealed=False)
    deliver(cell, customer, sent, clicked_at=sent + timedelta(hours=3))
    curve = report(may).curve
    assert curve["step"] == "hour"
    assert curve["sent"] == [1, 0, 0, 0] and curve["clicked"] == [0, 0, 0, 1]


def test_a_campaign_without_deliveries_has_an_empty_report(may: Campaign) -> None:
    found = report(may)
    assert (found.total.planned, found.lines, found.reasons, found.curve) == (0, [], [], {})


def test_the_report_costs_the_same_whatever_the_size(
    may: Campaign, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now() - timedelta(hours=1)
    for cell in may.cells.all():
        for _ in range(3):
            deliver(cell, shop.person(sealed=False), now)
    with django_assert_max_num_queries(6):
        report(may)


def test_whoever_looks_at_a_finished_campaign_again_costs_no_counting_until_it_may_have_changed(
    may: Campaign, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    first, _second = may.cells.all()
    deliver(first, shop.person(sealed=False), now)
    may.state, may.finished_at = Campaign.State.SENT, now
    assert kept_report(may).total.opened == 0
    may.deliveries.update(opened_at=now)
    with django_assert_num_queries(0):
        assert kept_report(may).total.opened == 0
    # Named in the reader's language, each has one of its own; and so has a campaign that moved on.
    with override("zh-hans"):
        assert kept_report(may).total.opened == 1
    may.state = Campaign.State.CANCELLED
    assert kept_report(may).total.opened == 1
