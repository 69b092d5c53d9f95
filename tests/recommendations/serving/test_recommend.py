"""Which list a customer is shown, along the declared fallbacks, and in which words."""

from typing import Any

import pytest
from django.utils import timezone

from crm.catalog.models import Product
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from recommendations.serving import fallback
from recommendations.serving.recommend import held_back, recommend, sentence
from segmentation.models import Membership, Segment
from tests.conftest import person
from tests.recommendations import shelves

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


@pytest.fixture
def ann(db: None) -> Customer:
    """She allows personal recommendations."""
    customer = person("Ann")
    decide.grant(customer=customer, purposes=Purpose.RECOMMENDATION, source="test")
    customer.refresh_from_db()
    return customer


@pytest.fixture
def shown(db: None) -> list[Product]:
    """Six products."""
    return shelves.products(6)


def join(customer: Customer, name: str, size: int, **fields: Any) -> Segment:
    segment = Segment.objects.create(name=name, size=size, **fields)
    Membership.objects.create(segment=segment, customer=customer, since=timezone.now())
    return segment


def test_without_any_version_there_is_nothing_to_show(ann: Customer) -> None:
    listing = recommend([ann.pk], 5)[ann.pk]
    assert (listing.product_ids, listing.reasons, listing.personal, listing.version_id) == ([], [], False, None)
    assert recommend([], 5) == {}


def test_the_stored_list_comes_first_and_is_cut_to_length(ann: Customer, shown: list[Product]) -> None:
    version = shelves.version()
    shelves.shelf(ann, shown, version)
    listing = recommend([ann.pk], 2)[ann.pk]
    assert listing.product_ids == [shown[0].pk, shown[1].pk]
    assert listing.scores == [1.0, 0.9]
    assert [reason["code"] for reason in listing.reasons] == ["because_you_bought", "popular"]
    assert (listing.personal, listing.version_id) == (True, version.pk)


def test_reasons_and_scores_stay_with_their_products_when_some_are_left_out(
    ann: Customer, shown: list[Product]
) -> None:
    shelves.shelf(ann, shown, shelves.version())
    Product.objects.filter(pk=shown[0].pk).update(recommendable=False)
    Product.objects.filter(pk=shown[2].pk).update(stock=0)
    Product.objects.filter(pk=shown[3].pk).update(stock=1)
    listing = recommend([ann.pk], 6)[ann.pk]
    assert listing.product_ids == [shown[at].pk for at in (1, 3, 4, 5)]
    assert listing.scores == [0.9, 0.7, 0.6, 0.5]
    assert {reason["code"] for reason in listing.reasons} == {"popular"}
    assert held_back(ann) == [shown[0].pk, shown[2].pk]


def test_a_deleted_product_is_left_out(ann: Customer, shown: list[Product]) -> None:
    shelves.shelf(ann, shown, shelves.version())
    shown[0].delete()
    assert recommend([ann.pk], 6)[ann.pk].product_ids == [one.pk for one in shown[1:]]


def test_the_smallest_segment_with_favourites_speaks_for_its_member(ann: Customer, shown: list[Product]) -> None:
    version = shelves.version()
    shelves.favourites("all", shown[:1], version)
    large, small = join(ann, "Large", 500), join(ann, "Small", 50)
    join(ann, "Smallest, without favourites", 5)
    over = join(ann, "Archived", 1, archived_at=timezone.now())
    shelves.favourites(f"segment:{large.pk}", shown[1:2], version)
    shelves.favourites(f"segment:{small.pk}", shown[2:4], version)
    shelves.favourites(f"segment:{over.pk}", shown[4:5], version)
    listing = recommend([ann.pk], 5)[ann.pk]
    assert listing.product_ids == [shown[2].pk, shown[3].pk]
    assert [reason["code"] for reason in listing.reasons] == ["popular_in_group"] * 2
    Membership.objects.filter(segment=small).update(until=timezone.now())
    assert recommend([ann.pk], 5)[ann.pk].product_ids == [shown[1].pk]


def test_everybodys_favourites_come_last(ann: Customer, shown: list[Product]) -> None:
    shelves.favourites("all", shown[:3], shelves.version())
    listing = recommend([ann.pk], 2)[ann.pk]
    assert listing.product_ids == [shown[0].pk, shown[1].pk]
    assert [reason["code"] for reason in listing.reasons] == ["popular"] * 2
    assert fallback.favourites([]) == {}


def test_a_newcomers_list_gives_way_to_their_segments_favourites(ann: Customer, shown: list[Product]) -> None:
    version = shelves.version()
    shelves.shelf(ann, shown[:2], version, personal=False)
    shelves.favourites("all", shown[2:3], version)
    assert recommend([ann.pk], 5)[ann.pk].product_ids == [shown[0].pk, shown[1].pk]
    segment = join(ann, "Tea", 20)
    shelves.favourites(f"segment:{segment.pk}", shown[3:4], version)
    assert recommend([ann.pk], 5)[ann.pk].product_ids == [shown[3].pk]


@pytest.mark.parametrize(
    ("reason", "english", "chinese"),
    [
        ({"code": "because_you_bought", "product": 7}, "Because you bought Tea", "因为您买过Tea"),
        ({"code": "because_you_bought", "product": 8}, "Popular with people like you", "与您喜好相近的人常选"),
        ({"code": "because_you_bought"}, "Popular with people like you", "与您喜好相近的人常选"),
        ({"code": "time_to_restock"}, "Time to restock", "该补货了"),
    ],
)
def test_a_reason_is_told_in_the_language_asked_for(reason: dict[str, Any], english: str, chinese: str) -> None:
    assert sentence(reason, {7: "Tea"}, "en") == english
    assert sentence(reason, {7: "Tea"}, "zh-hans") == chinese
    assert sentence(reason, {7: "Tea"}) == english
