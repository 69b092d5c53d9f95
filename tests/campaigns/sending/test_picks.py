"""What goes into a mail is decided once: products, reasons and the recommender's version stay as they were frozen."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.sending.models import Delivery
from campaigns.sending.picks import Pick, pick
from campaigns.sending.pump import pump
from crm.catalog.models import Product
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from lib.mailbox import Mailbox
from recommendations.models import Placement, Recommendation
from tests.campaigns import mailing
from tests.recommendations import shelves

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


@pytest.fixture
def reader(db: None) -> Customer:
    """Somebody who allows mail and personal recommendations."""
    return mailing.people(1, mailing.TRACKED | Purpose.RECOMMENDATION)[0]


@pytest.fixture
def goods(db: None) -> list[Product]:
    """Six products."""
    return shelves.products(6)


def test_a_mail_tried_again_carries_the_list_the_reasons_and_the_version_it_carried_before(
    box: Mailbox, reader: Customer, goods: list[Product]
) -> None:
    first = shelves.version()
    shelves.shelf(reader, goods, first)
    mailing.start(mailing.campaign((mailing.segment([reader]), mailing.template(), None)))
    pump()
    row = Delivery.objects.get()
    frozen = row.recommended
    assert frozen[0] == {"product": goods[0].pk, "code": "because_you_bought", "because": goods[5].pk}
    assert row.version_ref == first.pk
    type(first).objects.update(verdict="retired")
    Recommendation.objects.all().delete()
    shelves.shelf(reader, goods[::-1], shelves.version())
    Delivery.objects.update(
        state=Delivery.State.DEFERRED, lease=None, not_before=timezone.now() - timedelta(minutes=1), sent_at=None
    )
    pump()
    row.refresh_from_db()
    assert row.state == Delivery.State.SENT
    assert (row.recommended, row.version_ref) == (frozen, first.pk)
    assert box.count() == 2
    again = box.message(2).text
    assert "Thing 0" in again and "Thing 5" not in again


def test_the_filters_of_the_placement_for_mails_hold(reader: Customer, goods: list[Product]) -> None:
    version = shelves.version()
    shelves.shelf(reader, goods, version)
    Product.objects.filter(pk__in=[one.pk for one in goods[:2]]).update(category="Tea > Green")
    Product.objects.filter(pk=goods[2].pk).update(price=100)
    shelves.act(reader, goods[3], "order", ago=timedelta(days=2))
    Placement.objects.filter(key="email").update(categories_out=["Tea"], price_to=Decimal(99), rest_days=7)
    found = pick([reader.pk], 6)[reader.pk]
    assert [one["product"] for one in found.recommended] == [goods[4].pk, goods[5].pk]
    assert found.version_ref == version.pk
    Placement.objects.all().delete()
    assert len(pick([reader.pk], 6)[reader.pk].recommended) == 6


def test_what_somebody_bought_is_not_looked_at_without_permission(reader: Customer, goods: list[Product]) -> None:
    shelves.favourites("all", goods[:2], shelves.version())
    shelves.act(reader, goods[0], "order")
    Placement.objects.filter(key="email").update(rest_days=7)
    assert [one["product"] for one in pick([reader.pk], 2)[reader.pk].recommended] == [goods[1].pk]
    decide.withdraw(customer=reader, purposes=Purpose.RECOMMENDATION, source="test")
    told = [{"product": one.pk, "code": "popular", "because": None} for one in goods[:2]]
    assert pick([reader.pk], 2) == {reader.pk: Pick(told, None)}
