"""Recommendations and versions over REST."""

import pytest
from django.test import Client

from crm.access import keys
from crm.catalog.models import Product
from crm.customers.models import Customer
from recommendations.models import ModelVersion
from tests.recommendations import shelves

NOBODY = "0199c0de-0000-7000-8000-000000000000"

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


@pytest.fixture
def program(db: None) -> Client:
    """A program with a key that may read."""
    _row, text = keys.create(name="test", scopes=["read"], created_by=None)
    return Client(headers={"authorization": f"Bearer {text}"})


@pytest.fixture
def shown(db: None) -> list[Product]:
    """Six products."""
    return shelves.products(6)


def test_a_list_comes_with_names_and_reasons_in_the_language_asked_for(
    program: Client, ada: Customer, shown: list[Product]
) -> None:
    version = shelves.version()
    shelves.shelf(ada, shown, version)
    answer = program.get(f"/api/v1/recommendations/{ada.uuid}/?n=2").json()
    assert (answer["customer"], answer["personal"], answer["version"]) == (str(ada.uuid), True, version.pk)
    assert answer["products"][0] == {
        "rank": 1,
        "product": shown[0].pk,
        "sku": "P-0",
        "name": "Thing 0",
        "reason": "Because you bought Thing 5",
        "reason_code": "because_you_bought",
        "score": 1.0,
    }
    assert [row["rank"] for row in answer["products"]] == [1, 2]
    chinese = program.get(f"/api/v1/recommendations/{ada.uuid}/?n=1&language=zh-hans").json()
    assert chinese["products"][0]["name"] == "物品0"
    assert chinese["products"][0]["reason"] == "因为您买过物品5"


def test_who_does_not_agree_gets_favourites_without_scores(
    program: Client, dee: Customer, shown: list[Product]
) -> None:
    shelves.shelf(dee, shown, version := shelves.version())
    shelves.favourites("all", shown[3:], version)
    answer = program.get(f"/api/v1/recommendations/{dee.uuid}/").json()
    assert answer["personal"] is False
    assert [row["sku"] for row in answer["products"]] == ["P-3", "P-4", "P-5"]
    assert {row["score"] for row in answer["products"]} == {None}


def test_without_a_version_the_list_is_empty(program: Client, ada: Customer) -> None:
    answer = program.get(f"/api/v1/recommendations/{ada.uuid}/").json()
    assert (answer["products"], answer["version"]) == ([], None)


@pytest.mark.parametrize("n", ["0", "51", "-1", "ten", "1.5", ""])
def test_a_length_that_makes_no_sense_is_refused(program: Client, ada: Customer, n: str) -> None:
    answer = program.get(f"/api/v1/recommendations/{ada.uuid}/", {"n": n})
    assert answer.status_code == 400
    assert "n" in answer.json()


def test_nobody_and_planted_people_are_not_found(program: Client, ada: Customer) -> None:
    assert program.get(f"/api/v1/recommendations/{NOBODY}/").status_code == 404
    Customer.objects.filter(pk=ada.pk).update(canary=True)
    assert program.get(f"/api/v1/recommendations/{ada.uuid}/").status_code == 404


def test_versions_are_listed_newest_first_a_page_at_a_time(program: Client) -> None:
    made = [shelves.version("retired").pk, ModelVersion.objects.create().pk, shelves.version().pk]
    first = program.get("/api/v1/models/?limit=2").json()
    assert [row["id"] for row in first["results"]] == made[:0:-1]
    assert first["results"][0]["verdict"] == "live"
    second = program.get(first["next"]).json()
    assert [row["id"] for row in second["results"]] == made[:1]
    assert second["next"] is None


@pytest.mark.parametrize("address", ["/api/v1/models/", f"/api/v1/recommendations/{NOBODY}/"])
def test_nothing_is_told_without_a_key_or_to_a_key_for_something_else(address: str) -> None:
    assert Client().get(address).status_code == 401
    _row, text = keys.create(name="shop", scopes=["ingest"], created_by=None)
    assert Client(headers={"authorization": f"Bearer {text}"}).get(address).status_code == 403
