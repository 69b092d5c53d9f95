"""Campaigns, deliveries and offers through the REST API."""

from typing import Any

import pytest
from django.test import Client

from campaigns.planning import launch
from campaigns.planning.models import Campaign
from crm.access import keys
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
API = "/api/v1"


@pytest.fixture
def program() -> Client:
    """A program with a key that may read."""
    _key, text = keys.create(name="reader", scopes=["read"], created_by=None)
    return Client(headers={"authorization": f"Bearer {text}"})


@pytest.fixture
def sending() -> Campaign:
    """A campaign of three people, one of whom may not be mailed."""
    people = [shop.painted(shop.person()) for _ in range(2)] + [shop.painted(shop.person(permission=1))]
    made = shop.campaign((shop.segment("A", people), shop.offer(), shop.template()))
    launch.schedule(campaign=made)
    launch.start_due()
    made.refresh_from_db()
    return made


def get(client: Client, path: str, **query: Any) -> Any:
    answer = client.get(f"{API}/{path}", query)
    assert answer.status_code == 200, answer.content
    return answer.json()


@pytest.mark.parametrize("path", ["campaigns/", "deliveries/", "offers/"])
def test_without_a_key_or_with_one_for_events_nothing_is_answered(path: str) -> None:
    assert Client().get(f"{API}/{path}").status_code in {401, 403}
    _key, text = keys.create(name="events", scopes=["ingest"], created_by=None)
    assert Client(headers={"authorization": f"Bearer {text}"}).get(f"{API}/{path}").status_code == 403


@pytest.mark.parametrize("path", ["campaigns/", "deliveries/", "offers/"])
def test_nothing_can_be_written(path: str) -> None:
    _key, text = keys.create(name="writer", scopes=["write"], created_by=None)
    client = Client(headers={"authorization": f"Bearer {text}"})
    assert client.post(f"{API}/{path}", {}, content_type="application/json").status_code == 405


def test_a_campaign_shows_its_matrix_and_how_far_it_is(program: Client, sending: Campaign) -> None:
    (row,) = get(program, "campaigns/")["results"]
    assert (row["name"], row["state"], row["rows"]) == ("May", "sending", 1)
    whole = get(program, f"campaigns/{sending.pk}/")
    assert len(whole["cells"]) == 1
    assert whole["deliveries"] == {"total": 2, "waiting": 2, "sent": 0, "failed": 0, "clicked": 0}
    assert get(program, "campaigns/", state="draft")["results"] == []


def test_deliveries_are_narrowed_and_name_nobody(program: Client, sending: Campaign) -> None:
    rows = get(program, "deliveries/", campaign=sending.pk)["results"]
    assert sorted((row["state"], row["reason"]) for row in rows) == [
        ("queued", ""),
        ("queued", ""),
        ("suppressed", "no_consent"),
    ]
    (one,) = get(program, "deliveries/", customer=rows[0]["customer"])["results"]
    assert one["id"] == rows[0]["id"]
    assert len(get(program, "deliveries/", state="queued")["results"]) == 2
    assert "@" not in str(rows)


@pytest.mark.parametrize("query", [{"campaign": "x"}, {"state": "lost"}, {"customer": "nobody"}])
def test_a_question_that_makes_no_sense_is_refused(program: Client, query: dict[str, str]) -> None:
    assert program.get(f"{API}/deliveries/", query).status_code == 400


def test_deliveries_come_a_page_at_a_time_each_once(program: Client, sending: Campaign) -> None:
    first = get(program, "deliveries/", limit=2)
    assert len(first["results"]) == 2
    second = program.get(first["next"]).json()
    ids = [row["id"] for row in first["results"] + second["results"]]
    assert len(set(ids)) == 3 and ids == sorted(ids, reverse=True)


def test_a_page_of_deliveries_costs_the_same_whatever_its_size(
    program: Client, sending: Campaign, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(4):
        get(program, "deliveries/")


def test_an_offer_says_its_worth_in_words(program: Client) -> None:
    made = shop.offer()
    assert get(program, "offers/")["results"][0]["id"] == made.pk
    one = get(program, f"offers/{made.pk}/")
    assert (one["words_en"], one["words_zh"]) == ("15% off", "85 折")
