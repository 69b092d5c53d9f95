"""What one person is shown now: the session within it, the declared fallbacks behind it, filters in front of it."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.catalog.models import Product
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from recommendations.models import ModelVersion
from recommendations.serving import live, placing
from recommendations.serving.placing import PlacementTerms
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
def goods(db: None) -> list[Product]:
    """Twelve products; the first six stand in stored lists."""
    return shelves.products(12)


@pytest.fixture
def version(db: None) -> ModelVersion:
    """The version that serves."""
    return shelves.version()


def shown(customer: Customer, goods: Sequence[Product], **asked: Any) -> list[int]:
    """Numbers of the products shown."""
    found = live.answer(live.LiveQuestion(customer.uuid, **asked))
    assert found
    place = {product.pk: number for number, product in enumerate(goods)}
    return [place[one.product_id] for one in found.rows]


def placed(**terms: Any) -> Any:
    return placing.create(terms=PlacementTerms(**{"key": "here", "name": "Here", **terms}))


def test_a_view_brings_neighbours_in_at_the_very_next_question(
    ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    shelves.shelf(ann, goods[:6], version)
    shelves.neighbours(goods[10], [goods[8], goods[5]], version)
    assert shown(ann, goods) == [0, 1, 2, 3, 4, 5]
    shelves.act(ann, goods[10])
    after = shown(ann, goods)
    assert 8 in after[:5]
    assert after.index(5) < 5
    found = live.answer(live.LiveQuestion(ann.uuid))
    assert found and found.personal and found.version_id == version.pk
    reason = next(one.reason for one in found.rows if one.product_id == goods[8].pk)
    assert (reason["code"], reason["product"]) == ("because_you_viewed", goods[10].pk)
    assert found.goods[goods[10].pk].name == "Thing 10"


def test_what_is_just_bought_leaves_the_list(ann: Customer, goods: list[Product], version: ModelVersion) -> None:
    shelves.shelf(ann, goods[:3], version)
    shelves.act(ann, goods[0], "order")
    found = live.answer(live.LiveQuestion(ann.uuid))
    assert found and [one.product_id for one in found.rows] == [goods[1].pk, goods[2].pk]
    assert found.held_back == [(goods[0].pk, "resting")]


def test_only_the_newest_acts_since_the_training_and_of_a_day_count(
    ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    shelves.shelf(ann, goods[:3], version)
    shelves.neighbours(goods[10], [goods[8]], version)
    shelves.act(ann, goods[10], ago=timedelta(hours=25))
    assert 8 not in shown(ann, goods)
    shelves.act(ann, goods[10], ago=timedelta(hours=2))
    ModelVersion.objects.filter(pk=version.pk).update(started_at=timezone.now() - timedelta(hours=1))
    assert 8 not in shown(ann, goods)
    ModelVersion.objects.filter(pk=version.pk).update(started_at=timezone.now() - timedelta(hours=3))
    assert 8 in shown(ann, goods)
    for _ in range(20):
        shelves.act(ann, goods[11])
    found = live.answer(live.LiveQuestion(ann.uuid))
    assert found and {act.product_id for act in found.person.acts} == {goods[11].pk}


def test_somebody_without_a_stored_list_is_served_by_the_session_alone(
    ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    shelves.favourites("all", goods[:2], version)
    shelves.neighbours(goods[10], [goods[8]], version)
    shelves.act(ann, goods[10])
    found = live.answer(live.LiveQuestion(ann.uuid))
    assert found and found.personal and found.version_id == version.pk
    assert [one.product_id for one in found.rows] == [goods[8].pk, goods[0].pk, goods[1].pk]
    assert [one.reason["code"] for one in found.rows] == ["because_you_viewed", "popular", "popular"]


def test_who_refuses_gets_the_twin_and_nothing_about_them_is_read(
    ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    shelves.shelf(ann, goods[:6], version)
    shelves.neighbours(goods[10], [goods[8]], version)
    shelves.act(ann, goods[10])
    shelves.act(ann, goods[6], "order")
    segment = Segment.objects.create(name="Tea", size=10)
    Membership.objects.create(segment=segment, customer=ann, since=timezone.now())
    shelves.favourites(f"segment:{segment.pk}", goods[9:10], version)
    shelves.favourites("all", goods[6:8], version)
    assert shown(ann, goods)[0] != 6
    decide.withdraw(customer=ann, purposes=Purpose.RECOMMENDATION, source="test")
    placement = placed(rest_days=30, exploration=0.2)
    found = live.answer(live.LiveQuestion(ann.uuid, placement=placement))
    assert found and not found.personal and not found.person.allowed
    assert [one.product_id for one in found.rows] == [goods[6].pk, goods[7].pk]
    asked = found.person
    assert (asked.stored.product_ids, asked.acts, asked.beside, asked.resting, asked.segment) == (
        [],
        [],
        {},
        frozenset(),
        None,
    )
    assert found.drawn.propensities == [1.0, 1.0]


def test_the_database_does_not_even_look_at_what_somebody_refused(
    ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    shelves.shelf(ann, goods[:6], version)
    shelves.act(ann, goods[0])
    decide.withdraw(customer=ann, purposes=Purpose.RECOMMENDATION, source="test")
    with CaptureQueriesContext(connection) as asked:
        live.answer(live.LiveQuestion(ann.uuid, placement=placed(rest_days=30)))
    statement = next(one["sql"] for one in asked if "WITH person" in one["sql"])
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON, COSTS OFF, TIMING OFF) " + statement)
        plan = cursor.fetchone()[0]
    touched = {
        node["Relation Name"]: node["Actual Loops"] for node in nodes(plan[0]["Plan"]) if "Relation Name" in node
    }
    personal = [name for name in touched if name.startswith(("crm_interaction", "recommendations_recommendation"))]
    assert personal
    assert {touched[name] for name in personal} == {0}
    assert touched["segmentation_membership"] == 0


def test_neighbours_are_found_by_product_and_not_by_reading_them_all(
    ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    shelves.neighbours(goods[10], [goods[8]], version)
    shelves.act(ann, goods[10])
    with CaptureQueriesContext(connection) as asked:
        live.answer(live.LiveQuestion(ann.uuid, placement=placing.find("basket"), anchors=[goods[10].pk]))
    statement = next(one["sql"] for one in asked if "WITH person" in one["sql"])
    with connection.cursor() as cursor:
        # A table of one row is always read whole.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN (FORMAT JSON) " + statement)
        plan = cursor.fetchone()[0]
    found = [node for node in nodes(plan[0]["Plan"]) if node.get("Relation Name") == "recommendations_neighbours"]
    assert len(found) == 2
    assert all("product_id" in str(node.get("Index Cond")) for node in found), found


def nodes(plan: dict[str, Any]) -> Any:
    yield plan
    for one in plan.get("Plans", []):
        yield from nodes(one)


def test_the_declared_list_goes_from_the_segment_to_everybody_to_the_placements_departments(
    ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    segment = Segment.objects.create(name="Tea", size=10)
    Membership.objects.create(segment=segment, customer=ann, since=timezone.now())
    shelves.shelf(ann, goods[2:3], version, personal=False)
    shelves.favourites("all", goods[3:4], version)
    shelves.favourites("department:Home", goods[4:5], version)
    shelves.favourites(f"segment:{segment.pk}", goods[1:2], version)
    Product.objects.update(category="Home > Light")
    assert shown(ann, goods, placement=placed(categories_in=("Home",))) == [1, 2, 3, 4]


def test_filters_hold_back_and_say_why(ann: Customer, goods: list[Product], version: ModelVersion) -> None:
    shelves.shelf(ann, goods[:8], version)
    for at, fields in enumerate(
        [
            {"category": "Home > Light"},
            {"category": "Homework"},
            {"category": "Home > Bath > Towels"},
            {"category": "Home", "price": Decimal("9.99")},
            {"category": "Home", "price": None},
            {"category": "Home", "stock": 0},
            {"category": "Home", "recommendable": False},
            {"category": "Home"},
        ]
    ):
        Product.objects.filter(pk=goods[at].pk).update(**{"price": Decimal("10.00"), **fields})
    shelves.act(ann, goods[7], "order", ago=timedelta(days=20))
    terms = {"categories_in": ("Home",), "categories_out": ("Home > Bath",), "price_from": Decimal(10)}
    placement = placed(**terms, price_to=Decimal(10), rest_days=30)
    found = live.answer(live.LiveQuestion(ann.uuid, placement=placement))
    assert found and [one.product_id for one in found.rows] == [goods[0].pk]
    assert found.held_back == [
        (goods[1].pk, "category"),
        (goods[2].pk, "category"),
        (goods[3].pk, "price"),
        (goods[4].pk, "price"),
        (goods[5].pk, "out_of_stock"),
        (goods[6].pk, "excluded"),
        (goods[7].pk, "resting"),
    ]


def test_only_what_would_have_stood_in_the_list_is_told_as_held_back(
    ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    shelves.shelf(ann, goods[:6], version)
    Product.objects.filter(pk__in=[goods[1].pk, goods[5].pk]).update(stock=0)
    found = live.answer(live.LiveQuestion(ann.uuid, n=3))
    assert found and found.held_back == [(goods[1].pk, "out_of_stock")]


def test_a_deleted_product_is_held_back(ann: Customer, goods: list[Product], version: ModelVersion) -> None:
    shelves.shelf(ann, goods[:2], version)
    gone = goods[0].pk
    goods[0].delete()
    found = live.answer(live.LiveQuestion(ann.uuid))
    assert found and found.held_back == [(gone, "deleted")]


def test_a_basket_shows_what_goes_with_all_of_it_by_the_sum(
    ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    shelves.neighbours(goods[0], [goods[2], goods[3], goods[1]], version, kind="together")
    shelves.neighbours(goods[1], [goods[4], goods[3]], version, kind="together")
    shelves.favourites("all", goods[5:6], version)
    basket = placing.find("basket")
    assert shown(ann, goods, placement=basket, anchors=[goods[0].pk, goods[1].pk]) == [3, 2, 4, 5]
    found = live.answer(live.LiveQuestion(ann.uuid, placement=basket, anchors=[goods[0].pk, goods[1].pk]))
    assert found and not found.personal
    assert [one.reason["code"] for one in found.rows] == [*["bought_together"] * 3, "popular"]


def test_a_product_page_without_a_product_stands_beside_the_session(
    ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    shelves.neighbours(goods[10], [goods[8]], version)
    shelves.shelf(ann, goods[:3], version)
    page = placing.find("product")
    assert shown(ann, goods, placement=page) == []
    shelves.act(ann, goods[10])
    assert shown(ann, goods, placement=page) == [8]


@pytest.mark.parametrize(("kind", "expected"), [("trending", [2, 0]), ("popular", [0])])
def test_trending_and_popular_placements_are_nobodys(
    kind: str, expected: list[int], ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    shelves.shelf(ann, goods[4:6], version)
    shelves.favourites("all", goods[:1], version)
    shelves.favourites("trending", goods[2:3], version)
    placement = placed(kind=kind)
    assert shown(ann, goods, placement=placement) == expected
    found = live.answer(live.LiveQuestion(ann.uuid, placement=placement))
    assert found and not found.personal


def test_an_answer_costs_two_queries_however_much_is_known(
    ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    placement = placed(rest_days=30, categories_in=("Home",))
    with CaptureQueriesContext(connection) as little:
        live.answer(live.LiveQuestion(ann.uuid, placement=placement))
    Product.objects.update(category="Home")
    shelves.shelf(ann, goods[:6], version)
    for one in goods:
        shelves.neighbours(one, goods[:8], version)
        shelves.act(ann, one)
    with CaptureQueriesContext(connection) as much:
        live.answer(live.LiveQuestion(ann.uuid, placement=placement))
    assert len(little) <= len(much) == 2


@pytest.mark.parametrize("secret", ["source", "shown"])
def test_no_sentence_links_a_person_to_something_sensitive(
    secret: str, ann: Customer, goods: list[Product], version: ModelVersion
) -> None:
    shelves.neighbours(goods[10], [goods[8]], version)
    shelves.act(ann, goods[10])
    found = live.answer(live.LiveQuestion(ann.uuid))
    assert found and found.rows[0].reason["code"] == "because_you_viewed"
    hidden = goods[10] if secret == "source" else goods[8]
    for fields in (
        {"category": "Health > Pregnancy"},
        {"category": "", "tags": ["保健"]},
        {"tags": [], "name": "HIV test"},
    ):
        Product.objects.filter(pk=hidden.pk).update(**fields)
        found = live.answer(live.LiveQuestion(ann.uuid))
        assert found and found.rows[0].product_id == goods[8].pk
        assert found.rows[0].reason == {"code": "discover"}
