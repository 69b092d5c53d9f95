"""A first matrix."""

from decimal import Decimal

import pytest

from campaigns.planning.draft import create
from campaigns.planning.suggest import NothingToSuggest, suggest
from crm.customers.models import Customer
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db


def fan(department: str, revenue: int = 100) -> Customer:
    return shop.painted(shop.person(sealed=False), department, revenue)


def test_a_departments_offer_goes_to_the_segment_that_likes_it_more_than_others() -> None:
    tea = shop.segment("Tea", [fan("Tea") for _ in range(4)])
    coffee = shop.segment("Coffee", [fan("Coffee") for _ in range(5)])
    for_tea, for_coffee = shop.offer("T", department="Tea"), shop.offer("C", department="Coffee")
    shop.template()
    rows = {s.row.segment_id: s for s in suggest(create(name="May"))}
    assert rows[tea.pk].row.offer_id == for_tea.pk and "Tea" in rows[tea.pk].why
    assert rows[coffee.pk].row.offer_id == for_coffee.pk


def test_costlier_offers_go_to_those_who_spend_more() -> None:
    poor = shop.segment("Poor", [fan("Tea", 10)])
    rich = shop.segment("Rich", [fan("Tea", 1000), fan("Tea", 900)])
    cheap, dear = shop.offer("Cheap", cost=Decimal(1)), shop.offer("Dear", cost=Decimal(9))
    shop.template()
    rows = {s.row.segment_id: s.row.offer_id for s in suggest(create(name="May"))}
    assert rows == {poor.pk: cheap.pk, rich.pk: dear.pk}


def test_three_segments_and_three_offers_make_a_matrix_of_three_by_three() -> None:
    for name in "ABC":
        shop.segment(name, [fan("Tea") for _ in range(3)])
    for name in ("Tea", "Coffee", "Bread"):
        shop.offer(name, department=name)
    shop.template()
    rows = [s.row for s in suggest(create(name="May"))]
    assert len(rows) == 3 and len({row.offer_id for row in rows}) == 3


def test_narrow_segments_stand_first() -> None:
    wide = shop.segment("Wide", [fan("Tea") for _ in range(5)])
    narrow = shop.segment("Narrow", [fan("Tea")])
    shop.template()
    assert [s.row.segment_id for s in suggest(create(name="May"))] == [narrow.pk, wide.pk]


def test_segments_and_mails_already_chosen_are_kept() -> None:
    shop.segment("Other", [fan("Tea")])
    mine, mail = shop.segment("Mine", [fan("Tea")]), shop.template("Old")
    draft = shop.campaign((mine, None, mail))
    shop.template("New")
    assert [(s.row.segment_id, s.row.template_id) for s in suggest(draft)] == [(mine.pk, mail.pk)]


def test_without_segments_or_mails_there_is_nothing_to_suggest() -> None:
    with pytest.raises(NothingToSuggest):
        suggest(create(name="May"))
    shop.segment("A", [fan("Tea")])
    with pytest.raises(NothingToSuggest):
        suggest(create(name="May"))
