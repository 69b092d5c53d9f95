"""The charts of a customer count orders, not lines, in the customer's own time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from crm.catalog.models import Product
from crm.customers.models import Customer
from segmentation.models import Portrait
from tests.campaigns import mailing
from tests.conftest import buys
from workspace.customer import behaviour

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
SUNDAY_NIGHT = datetime(2026, 6, 28, 22, 30, tzinfo=UTC)


@pytest.fixture
def far() -> Customer:
    """Somebody in Singapore, eight hours ahead."""
    return Customer.objects.create(external_id="far", timezone="Asia/Singapore")


def test_hours_are_local_and_an_order_counts_once(far: Customer, lamp: Product) -> None:
    shade = Product.objects.create(sku="SHADE", name="Shade", price="9.00")
    for product in (lamp, shade):
        buys(far, product, SUNDAY_NIGHT, "O-1")
    assert behaviour.hours(far) == [[6, 0, 1]]


@pytest.mark.parametrize("zone", ["", "Nowhere/Never", "'; DROP TABLE crm_customer; --"])
def test_an_unknown_time_zone_is_the_workspaces(zone: str, lamp: Product) -> None:
    customer = Customer.objects.create(timezone=zone)
    buys(customer, lamp, SUNDAY_NIGHT, "O-1")
    assert behaviour.hours(customer) == [[22, 6, 1]]


def test_months_hold_money_and_mails_and_begin_a_year_ago(far: Customer, lamp: Product) -> None:
    now = timezone.now()
    buys(far, lamp, now - timedelta(minutes=1), "O-1")
    buys(far, lamp, now - timedelta(days=500), "O-OLD")
    for state in (Delivery.State.SENT, Delivery.State.FAILED):
        mailing.delivery(Campaign.objects.create(name="x"), customer=far, state=state, sent_at=now)
    months = behaviour.months(far)
    assert len(months) == 12
    assert sum(money for _month, money, _mails in months) == 40
    assert months[-1][2] == 1


def test_orders_are_their_lines_together_newest_first(far: Customer, lamp: Product) -> None:
    shade = Product.objects.create(sku="SHADE", name="Shade", price="9.00")
    buys(far, lamp, SUNDAY_NIGHT, "O-1")
    buys(far, shade, SUNDAY_NIGHT, "O-1")
    buys(far, shade, SUNDAY_NIGHT + timedelta(days=1), "O-2")
    newest, oldest = behaviour.orders(far, None, 10)
    assert (newest.number, newest.total, newest.lines) == ("O-2", Decimal("9.00"), 1)
    assert (oldest.number, oldest.total, oldest.lines) == ("O-1", Decimal("49.00"), 2)
    assert [name for _pk, name in oldest.products] == ["Reading lamp", "Shade"]
    assert [order.number for order in behaviour.orders(far, newest.at, 10)] == ["O-1"]


def test_everybodys_interests_are_means_over_portraits(far: Customer) -> None:
    Portrait.objects.create(customer=far, as_of=timezone.now(), department_affinity={"Home": 1.0})
    other = Customer.objects.create()
    Portrait.objects.create(customer=other, as_of=timezone.now(), department_affinity={"Home": 0.5, "Garden": 0.5})
    assert behaviour.everybody() == {"Home": 0.75, "Garden": 0.25}
