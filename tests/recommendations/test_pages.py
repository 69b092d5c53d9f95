"""The pages of the recommender: for whom, with what on them, and what they refuse."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.catalog.models import Product
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from lib.runs import silence, take_up_lost
from recommendations import tasks
from recommendations.models import ModelVersion
from tests.queries import queries_of
from tests.recommendations import shelves

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
ROOT = "/recommendations/"


@pytest.fixture
def shown(db: None) -> list[Product]:
    """Six products."""
    return shelves.products(6)


@pytest.mark.parametrize("address", ["", "try/", "models/1/", "models/1/job/"])
def test_strangers_are_led_to_the_login(address: str) -> None:
    answer = Client().get(ROOT + address)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/login/?next={ROOT}{address}")


@pytest.mark.parametrize("role", ["admin", "marketer", "analyst"])
def test_everybody_who_works_here_may_look(role: str, request: Any, ada: Customer, shown: list[Product]) -> None:
    browser: Client = request.getfixturevalue(role)
    assert b"No version serves yet" in browser.get(ROOT).content
    assert b"No lists yet" in browser.get(f"{ROOT}try/").content
    version = shelves.version()
    shelves.shelf(ada, shown, version)
    page = browser.get(ROOT).content.decode()
    assert f"v{version.pk}" in page
    assert "0.300" in page and "0.250 to 0.350" in page
    assert b"The last 20 % of what happened" in browser.get(f"{ROOT}models/{version.pk}/").content
    assert browser.get(f"{ROOT}models/{version.pk}/job/").status_code == 200
    assert browser.get(f"{ROOT}models/{version.pk + 1}/").status_code == 404
    assert "Because you bought Thing 5" in browser.get(f"{ROOT}try/").content.decode()


@pytest.mark.parametrize("act", ["train/", "models/{}/serve/", "models/{}/cancel/"])
def test_analysts_may_not_change_anything_and_nobody_may_by_looking(
    act: str, analyst: Client, marketer: Client
) -> None:
    address = ROOT + act.format(shelves.version("retired").pk)
    assert analyst.post(address).status_code == 403
    assert marketer.get(address).status_code == 405
    assert ModelVersion.objects.count() == 1
    assert b"Train a new version" not in analyst.get(ROOT).content
    assert b"Roll back to this" not in analyst.get(ROOT).content
    assert b"Roll back to this" in marketer.get(ROOT).content


def test_a_training_is_asked_for_once_and_can_be_cancelled(marketer: Client) -> None:
    asked = marketer.post(f"{ROOT}train/")
    version = ModelVersion.objects.get()
    assert asked.headers["Location"] == f"{ROOT}models/{version.pk}/"
    assert (version.state, version.created_by) == ("due", marketer.get(ROOT).wsgi_request.user)
    assert marketer.post(f"{ROOT}train/").headers["Location"] == f"{ROOT}models/{version.pk}/"
    assert ModelVersion.objects.count() == 1
    assert b"every 2s" in marketer.get(f"{ROOT}models/{version.pk}/").content
    assert b"every 2s" not in marketer.post(f"{ROOT}models/{version.pk}/cancel/").content
    version.refresh_from_db()
    assert version.state == "cancelled"
    tasks.run_due_trainings()
    version.refresh_from_db()
    assert version.state == "cancelled"


def test_a_training_without_any_orders_fails_with_a_reason_on_its_page(marketer: Client) -> None:
    marketer.post(f"{ROOT}train/")
    tasks.run_due_trainings()
    version = ModelVersion.objects.get()
    assert version.state == "failed"
    assert "Nobody who agreed has ordered" in marketer.get(f"{ROOT}models/{version.pk}/").content.decode()


def test_a_training_whose_worker_died_waits_again_and_is_given_up_when_it_kills_a_second(marketer: Client) -> None:
    marketer.post(f"{ROOT}train/")
    lost = ModelVersion.objects.get()
    assert lost.claim()
    assert take_up_lost(ModelVersion) == 0
    silent = timezone.now() - 2 * silence()
    ModelVersion.objects.update(heartbeat_at=silent)
    assert take_up_lost(ModelVersion) == 1
    lost.refresh_from_db()
    assert (lost.state, lost.attempts) == ("due", 1)
    assert lost.claim()
    ModelVersion.objects.update(heartbeat_at=silent)
    assert take_up_lost(ModelVersion) == 1
    lost.refresh_from_db()
    assert (lost.state, lost.attempts) == ("failed", 2)
    marketer.post(f"{ROOT}train/")
    assert ModelVersion.objects.filter(state="due").count() == 1


def test_a_lost_training_does_not_replace_what_was_learned_after_it() -> None:
    lost = ModelVersion.objects.create()
    lost.claim()
    ModelVersion.objects.update(heartbeat_at=timezone.now() - 2 * silence())
    ModelVersion.objects.create(state="done")
    assert take_up_lost(ModelVersion) == 1
    lost.refresh_from_db()
    assert lost.state == "failed"
    assert "a newer version" in lost.error


def test_a_rejected_version_says_why(marketer: Client) -> None:
    shelves.version()
    version = shelves.version("rejected")
    ModelVersion.objects.filter(pk=version.pk).update(
        reason="not_better_than_popularity: NDCG@10 0.1000 (0.0500 to 0.1500); popularity 0.1000"
    )
    assert b"rejected by the gate" in marketer.get(ROOT).content
    page = marketer.get(f"{ROOT}models/{version.pk}/").content.decode()
    assert "It does not beat popularity beyond doubt. NDCG@10 0.1000 (0.0500 to 0.1500)" in page
    assert "not_better_than_popularity" not in page
    assert "Put in use</button>" not in page


def test_a_version_learned_without_a_library_says_so(marketer: Client) -> None:
    version = shelves.version()
    assert b"Learned without" not in marketer.get(f"{ROOT}models/{version.pk}/").content
    recipe = {"facts": {"left_out": {"als": "the library is missing"}}}
    ModelVersion.objects.filter(pk=version.pk).update(recipe=recipe)
    page = marketer.get(f"{ROOT}models/{version.pk}/").content.decode()
    assert "Learned without “Latent factors”: the library is missing" in page


def test_one_finds_a_customer_by_either_id(marketer: Client, ada: Customer, shown: list[Product]) -> None:
    shelves.shelf(ada, shown, shelves.version())
    for words in ("ada", str(ada.uuid), ada.uuid.hex):
        page = marketer.get(f"{ROOT}try/", {"customer": words}).content.decode()
        assert "Because you bought Thing 5" in page
    assert b"Nobody with this id" in marketer.get(f"{ROOT}try/", {"customer": "nobody"}).content
    hex_id = "0123456789abcdef0123456789abcdef"
    Customer.objects.filter(pk=ada.pk).update(external_id=hex_id)
    assert hex_id in marketer.get(f"{ROOT}try/", {"customer": hex_id}).content.decode()


def test_what_may_not_be_shown_today_is_named_as_held_back(
    marketer: Client, ada: Customer, shown: list[Product]
) -> None:
    shelves.shelf(ada, shown, shelves.version())
    assert b"Nothing was filtered out" in marketer.get(f"{ROOT}try/").content
    Product.objects.filter(pk=shown[2].pk).update(stock=0)
    page = marketer.get(f"{ROOT}try/").content.decode()
    assert "Nothing was filtered out" not in page
    assert page.count("Thing 2") == 1


def test_the_page_does_not_show_the_list_of_somebody_who_withdrew(
    marketer: Client, ada: Customer, shown: list[Product]
) -> None:
    shelves.shelf(ada, shown, shelves.version())
    decide.withdraw(customer=ada, purposes=Purpose.RECOMMENDATION, source="test")
    page = marketer.get(f"{ROOT}try/", {"customer": "ada"}).content.decode()
    assert "This list is not personal" in page
    assert "Thing" not in page
    assert b"No lists yet" in marketer.get(f"{ROOT}try/").content


def test_hostile_names_and_words_are_escaped(marketer: Client, ada: Customer, shown: list[Product]) -> None:
    hostile = "<script>alert(1)</script>"
    Product.objects.update(name=hostile)
    shelves.shelf(ada, shown, shelves.version())
    for address in (f"{ROOT}try/", f"{ROOT}try/?customer={hostile}"):
        assert hostile not in marketer.get(address).content.decode()


def test_the_overview_costs_the_same_with_many_versions(marketer: Client) -> None:
    shelves.version()
    one = queries_of(marketer, ROOT)
    for _ in range(15):
        shelves.version("retired")
    assert queries_of(marketer, ROOT) == one


def test_a_job_says_how_long_it_will_take_and_that_another_worker_has_it(marketer: Client) -> None:
    now = timezone.now()
    version = ModelVersion.objects.create(
        state=ModelVersion.State.RUNNING, doing="lists", done=30, total=100, attempts=2, started_at=now,
        step_at=now - timedelta(minutes=3), step_from=0, heartbeat_at=now,
    )  # fmt: skip
    page = marketer.get(f"{ROOT}models/{version.pk}/job/").content.decode()
    assert "about 7 minutes left" in page
    assert "another has taken it up" in page
    chinese = marketer.get(f"{ROOT}models/{version.pk}/job/", headers={"accept-language": "zh-hans"}).content.decode()
    assert "约剩 7 分钟" in chinese
    ModelVersion.objects.filter(pk=version.pk).update(done=0, attempts=1)
    assert "left" not in marketer.get(f"{ROOT}models/{version.pk}/job/").content.decode()


def test_stored_lists_are_counted_once_for_all_who_look(analyst: Client, marketer: Client, ada: Customer) -> None:
    shelves.shelf(ada, shelves.products(6), shelves.version())
    counted = []
    for browser in (analyst, marketer):
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(ROOT).context["lists"] == 1
        counted.append([one["sql"] for one in asked if "COUNT" in one["sql"] and "recommendations_rec" in one["sql"]])
    assert [len(found) for found in counted] == [1, 0]
