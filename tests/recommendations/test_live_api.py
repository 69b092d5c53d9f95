"""Live lists, neighbours and trends over REST: the right fields, the right refusals, few queries, nothing taken down
that nobody was shown.
"""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator

from crm.access import keys
from crm.catalog.models import Product
from crm.customers.models import Customer
from recommendations.models import Placement, Shown
from tests.recommendations import shelves

NOBODY = "0199c0de-0000-7000-8000-000000000000"
SHOP = "/api/v1"

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


@pytest.fixture
def program(db: None) -> Client:
    """A program with a key that may read."""
    _row, text = keys.create(name="test", scopes=["read"], created_by=None)
    return Client(headers={"authorization": f"Bearer {text}"})


@pytest.fixture
def goods(db: None) -> list[Product]:
    """Twelve products."""
    return shelves.products(12)


def skus(answer: dict[str, Any]) -> list[str]:
    return [row["sku"] for row in answer["products"]]


def test_an_event_that_just_came_in_is_in_the_next_answer(ada: Customer, goods: list[Product]) -> None:
    _row, text = keys.create(name="shop", scopes=["read", "ingest"], created_by=None)
    shop = Client(headers={"authorization": f"Bearer {text}"})
    version = shelves.version()
    shelves.shelf(ada, goods[:6], version)
    shelves.neighbours(goods[10], [goods[8]], version)
    before = shop.get(f"{SHOP}/recommendations/{ada.uuid}/").json()
    assert skus(before) == [f"P-{at}" for at in range(6)]
    event = {"userId": "ada", "event": "Product Viewed", "properties": {"sku": "P-10"}, "messageId": "m-1"}
    taken = shop.post("/v1/track", event, content_type="application/json")
    assert taken.json()["accepted"] == 1
    after = shop.get(f"{SHOP}/recommendations/{ada.uuid}/?language=zh-hans").json()
    row = next(row for row in after["products"] if row["sku"] == "P-8")
    assert row["rank"] <= 5
    assert (row["reason"], row["reason_code"]) == ("因为您看过物品10", "because_you_viewed")
    assert set(row) == {"rank", "product", "sku", "name", "reason", "reason_code", "score"}
    assert (after["personal"], after["version"], after["placement"]) == (True, version.pk, None)


def test_a_placement_gives_its_length_and_n_overrules_it(program: Client, ada: Customer, goods: list[Product]) -> None:
    shelves.shelf(ada, goods, shelves.version())
    Placement.objects.filter(key="home").update(length=3)
    answer = program.get(f"{SHOP}/recommendations/{ada.uuid}/", {"placement": "home"}).json()
    assert (len(answer["products"]), answer["placement"]) == (3, "home")
    assert len(program.get(f"{SHOP}/recommendations/{ada.uuid}/?placement=home&n=7").json()["products"]) == 7
    row = Shown.objects.order_by("shown_at")[0]
    assert (row.customer_id, row.placement.key if row.placement else "") == (ada.pk, "home")
    assert row.product_ids == [one.pk for one in goods[:3]]


def test_a_basket_names_its_products(program: Client, ada: Customer, goods: list[Product]) -> None:
    version = shelves.version()
    shelves.neighbours(goods[0], [goods[2]], version, kind="together")
    shelves.neighbours(goods[1], [goods[3], goods[2]], version, kind="together")
    asked = {"placement": "basket", "product": [goods[0].pk, goods[1].pk]}
    answer = program.get(f"{SHOP}/recommendations/{ada.uuid}/", asked).json()
    assert skus(answer) == ["P-2", "P-3"]
    assert answer["products"][1]["reason"] == "Often bought together with Thing 1"
    assert answer["version"] == version.pk


def test_who_looks_in_a_browser_was_not_the_customer(analyst: Client, ada: Customer, goods: list[Product]) -> None:
    shelves.shelf(ada, goods, shelves.version())
    assert analyst.get(f"{SHOP}/recommendations/{ada.uuid}/").status_code == 200
    assert Shown.objects.count() == 0


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"placement": "nowhere"}, "placement"),
        ({"placement": ""}, "placement"),
        ({"product": "x"}, "product"),
        ({"product": "-1"}, "product"),
        ({"product": "9" * 19}, "product"),
        ({"product": [str(at) for at in range(21)]}, "product"),
        ({"n": "٣"}, "n"),
        ({"n": "1" * 5000}, "n"),
    ],
)
def test_questions_that_make_no_sense_are_refused(
    program: Client, ada: Customer, asked: dict[str, Any], field: str
) -> None:
    answer = program.get(f"{SHOP}/recommendations/{ada.uuid}/", asked)
    assert answer.status_code == 400
    assert field in answer.json()


def test_a_live_answer_costs_four_queries_at_most(ada: Customer, goods: list[Product]) -> None:
    _row, text = keys.create(name="test", scopes=["read"], created_by=None)
    program = Client(headers={"authorization": f"Bearer {text}"})
    version = shelves.version()
    shelves.shelf(ada, goods[:6], version)
    shelves.favourites("all", goods, version)
    for one in goods:
        shelves.neighbours(one, goods[:8], version)
        shelves.act(ada, one)
    address = f"{SHOP}/recommendations/{ada.uuid}/?placement=home"
    program.get(address)
    with CaptureQueriesContext(connection) as asked:
        program.get(address)
    told = [one["sql"] for one in asked if "recommendations_shown" not in one["sql"] and "pg_class" not in one["sql"]]
    assert len(told) == 4


@pytest.mark.parametrize(("kind", "first"), [("similar", 2), ("together", 3)])
def test_what_stands_beside_a_product_comes_with_its_support(
    kind: str, first: int, program: Client, goods: list[Product]
) -> None:
    version = shelves.version()
    shelves.neighbours(goods[0], [goods[2], goods[3]], version)
    shelves.neighbours(goods[0], [goods[3], goods[2]], version, kind="together", support=30)
    Product.objects.filter(pk=goods[first].pk).update(price=1)
    answer = program.get(f"{SHOP}/products/{goods[0].pk}/{kind}/?n=1&language=zh-hans").json()
    assert answer == {
        "product": goods[0].pk,
        "version": version.pk,
        "products": [
            {
                "rank": 1,
                "product": goods[first].pk,
                "sku": f"P-{first}",
                "name": f"物品{first}",
                "score": 0.9,
                "support": 12 if kind == "similar" else 30,
            }
        ],
    }
    Product.objects.filter(pk=goods[first].pk).update(stock=0)
    assert skus(program.get(f"{SHOP}/products/{goods[0].pk}/{kind}/").json()) == [f"P-{5 - first}"]
    Placement.objects.filter(key="home").update(price_from=100)
    assert skus(program.get(f"{SHOP}/products/{goods[0].pk}/{kind}/?placement=home").json()) == []
    assert program.get(f"{SHOP}/products/{goods[5].pk}/{kind}/").json()["products"] == []
    assert program.get(f"{SHOP}/products/{goods[11].pk + 1}/{kind}/").status_code == 404
    assert program.get(f"{SHOP}/products/{goods[0].pk}/{kind}/?n=0").status_code == 400
    assert Shown.objects.count() == 0


def test_what_is_trending_comes_before_favourites_and_by_category(program: Client, goods: list[Product]) -> None:
    version = shelves.version()
    shelves.favourites("all", goods[:3], version)
    shelves.favourites("trending", goods[2:4], version)
    shelves.favourites("trending:Home", goods[5:7], version)
    shelves.favourites("department:Home", goods[7:8], version)
    Product.objects.update(category="Home > Light")
    Product.objects.filter(pk=goods[6].pk).update(category="Home > Bath")
    everywhere = program.get(f"{SHOP}/trending/").json()
    assert skus(everywhere) == ["P-2", "P-3", "P-0", "P-1"]
    assert [row["reason_code"] for row in everywhere["products"]] == ["popular_now"] * 2 + ["popular"] * 2
    inside = program.get(f"{SHOP}/trending/", {"category": "Home > Light", "n": "3"}).json()
    assert (inside["category"], skus(inside)) == ("Home > Light", ["P-5", "P-7", "P-0"])
    assert skus(program.get(f"{SHOP}/trending/?category=Homeware").json()) == []
    assert program.get(f"{SHOP}/trending/?n=51").status_code == 400


def test_without_a_version_everything_is_empty(program: Client, goods: list[Product]) -> None:
    assert program.get(f"{SHOP}/trending/").json() == {"category": "", "version": None, "products": []}
    assert program.get(f"{SHOP}/products/{goods[0].pk}/similar/").json()["version"] is None


@pytest.mark.parametrize("address", ["/trending/", "/products/1/similar/", "/products/1/together/"])
def test_nothing_is_told_without_a_key_or_to_a_key_for_something_else(address: str) -> None:
    assert Client().get(SHOP + address).status_code == 401
    _row, text = keys.create(name="shop", scopes=["ingest"], created_by=None)
    assert Client(headers={"authorization": f"Bearer {text}"}).get(SHOP + address).status_code == 403


def test_every_answer_has_the_fields_the_schema_tells(program: Client, ada: Customer, goods: list[Product]) -> None:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    version = shelves.version()
    shelves.shelf(ada, goods, version)
    shelves.favourites("all", goods, version)
    shelves.neighbours(goods[0], goods[1:4], version)
    for path, address in {
        "/api/v1/recommendations/{uuid}/": f"{SHOP}/recommendations/{ada.uuid}/",
        "/api/v1/products/{id}/similar/": f"{SHOP}/products/{goods[0].pk}/similar/",
        "/api/v1/trending/": f"{SHOP}/trending/",
    }.items():
        told = schema["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
        listing = schema["components"]["schemas"][told.rpartition("/")[2]]
        row = schema["components"]["schemas"][listing["properties"]["products"]["items"]["$ref"].rpartition("/")[2]]
        answer = program.get(address).json()
        assert set(answer) == set(listing["properties"])
        assert set(answer["products"][0]) == set(row["properties"])
