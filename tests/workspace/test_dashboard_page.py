"""The dashboard and the search: empty, with a shop in it, for every role and in both languages."""

import re
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.catalog.models import Product
from crm.customers.models import Customer
from crm.ingest.models import ImportRun
from crm.privacy.models import Release
from recommendations.models import ModelVersion
from segmentation.models import Cluster, ClusterRun, Segment
from tests.conftest import buys, person
from tests.queries import queries_of
from workspace.dashboard import figures, rollup
from workspace.dashboard.models import ShopFigures
from workspace.tasks import renew_figures
from workspace.views import dashboard

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
HOSTILE = "<script>alert('x')</script>"


@pytest.fixture(autouse=True)
def forgotten() -> None:
    """Neither the lock of another test's walk nor that somebody was asked for figures may be kept."""
    cache.delete_many(["circle", "figures:asked"])


@pytest.mark.parametrize("address", ["/", "/search/", "/jobs/", "/password/"])
def test_strangers_are_led_to_the_login(address: str) -> None:
    assert Client().get(address).headers["Location"] == f"/login/?next={address}"


@pytest.mark.parametrize("role", ["admin", "marketer", "analyst"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_empty_workspace_shows_its_first_steps(role: str, language: str, request: Any) -> None:
    browser: Client = request.getfixturevalue(role)
    browser.cookies["django_language"] = language
    answer = browser.get("/")
    assert answer.status_code == 200
    if language == "en":
        assert b"First steps" in answer.content
        assert b"No orders yet" in answer.content
        assert (b"New campaign" in answer.content) == (role != "analyst")


@pytest.mark.parametrize("role", ["admin", "marketer", "analyst"])
def test_a_workspace_with_orders_shows_them(role: str, request: Any, lamp: Product) -> None:
    now = timezone.now()
    buys(person("First"), lamp, now - timedelta(days=2), "NEW-1")
    buys(person("Second"), lamp, now - timedelta(days=3), "NEW-2")
    buys(person("Third"), lamp, now - timedelta(days=40), "OLD-1")
    browser: Client = request.getfixturevalue(role)
    rollup.renew()
    answer = browser.get("/")
    assert answer.status_code == 200
    told = {kpi["label"]: kpi for kpi in answer.context["kpis"]}
    assert told["Buyers (30 days)"]["value"] == "2"
    assert told["Buyers (30 days)"]["delta"] == "+100.0%"
    assert told["Revenue (30 days)"]["value"].endswith("80")
    revenue = answer.context["revenue"]
    assert len(revenue["x"]) == figures.WEEKS
    assert len({len(series["data"]) for series in revenue["series"]} | {figures.WEEKS}) == 1


def kept_figures() -> figures.DashboardFigures:
    found = figures.read()
    assert found is not None
    return found


def test_weeks_without_orders_are_there_with_nothing_in_them(lamp: Product) -> None:
    now = timezone.now()
    rollup.renew()
    assert kept_figures().weeks == []
    buys(person("Only"), lamp, now - timedelta(weeks=10), "OLD")
    rollup.renew(everything=True)
    weeks = kept_figures().weeks
    assert len(weeks) == figures.WEEKS
    assert all((after["week"] - before["week"]).days == 7 for before, after in pairwise(weeks))
    assert weeks[-1]["week"] <= now.date() < weeks[-1]["week"] + timedelta(weeks=1)
    assert [week["orders"] for week in weeks].count(0) == figures.WEEKS - 1
    assert sum(week["revenue"] for week in weeks) == 40.0
    assert sum(week["buyers"] for week in weeks) == 1


def test_figures_speak_each_readers_language(analyst: Client) -> None:
    english = analyst.get("/").context["steps"]["items"]
    assert [step["name"] for step in english] == ["Delivered", "Opened", "Clicked", "Ordered"]


def test_a_page_counts_neither_acts_nor_mails_nor_portraits(analyst: Client, lamp: Product) -> None:
    buys(person("Only"), lamp, timezone.now(), "NEW-1")
    rollup.renew()
    with CaptureQueriesContext(connection) as asked:
        assert analyst.get("/").context["kpis"][0]["value"] == "1"
    counting = [one["sql"] for one in asked if re.search(r"(?i)count\(|sum\(|crm_interaction|delivery", one["sql"])]
    assert counting == []


def test_figures_nobody_counted_yet_are_awaited_and_not_counted_by_the_page(analyst: Client, lamp: Product) -> None:
    buys(person("Only"), lamp, timezone.now(), "NEW-1")
    answer = analyst.get("/")
    assert b"being worked out" in answer.content
    assert not ShopFigures.objects.exists()
    rollup.renew()
    assert b"being worked out" not in analyst.get("/").content


def test_many_who_look_at_old_figures_call_one_worker(
    analyst: Client, marketer: Client, lamp: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Any] = []
    monkeypatch.setattr(dashboard, "wake", called.append)
    buys(person("Only"), lamp, timezone.now(), "NEW-1")
    rollup.renew()
    analyst.get("/")
    assert called == []
    ShopFigures.objects.update(made_at=timezone.now() - timedelta(minutes=11))
    for browser in (analyst, marketer, analyst):
        assert browser.get("/").context["kpis"][0]["value"] == "1"
    assert called == [renew_figures]


def test_what_waits_for_a_person_is_named(marketer: Client) -> None:
    ImportRun.objects.create(subject="interactions", filename=HOSTILE, rows_read=10, rows_rejected=3, state="done")
    ModelVersion.objects.create(state="done", verdict="rejected")
    Release.objects.create(purpose=4, as_of=timezone.now(), state="failed", error="the disk is full")
    page = marketer.get("/").content.decode()
    assert "3 of 10 rows were rejected" in page
    assert "rejected by the gate" in page
    assert "the disk is full" in page
    assert HOSTILE not in page


def test_a_walk_is_asked_for_by_who_may_edit(analyst: Client, marketer: Client) -> None:
    assert analyst.post("/circle/").status_code == 403
    assert marketer.get("/circle/").status_code == 405
    answer = marketer.post("/circle/", follow=True)
    assert b"are being renewed" in answer.content


def test_running_work_is_in_the_top_bar(analyst: Client) -> None:
    assert analyst.get("/jobs/").context["jobs"] == []
    version = ModelVersion.objects.create()
    version.claim()
    version.report(3, 4)
    (job,) = analyst.get("/jobs/").context["jobs"]
    assert (job["done"], job["total"], job["url"]) == (3, 4, f"/recommendations/models/{version.pk}/")
    release = Release.objects.create(purpose=4, as_of=timezone.now())
    release.claim()
    run = ImportRun.objects.create(subject="products", filename="p.csv")
    run.claim()
    assert len(analyst.get("/jobs/").context["jobs"]) == 3


def test_an_empty_search_says_what_it_finds(analyst: Client) -> None:
    assert b"Type what you look for" in analyst.get("/search/").content
    assert b"Nothing found" in analyst.get("/search/", {"q": "nothing"}).content


def test_one_search_finds_customers_products_and_segments(analyst: Client, ada: Customer, lamp: Product) -> None:
    segment = Segment.objects.create(name="Lamp lovers", translations={"zh-hans": {"name": "台灯爱好者"}})
    context = analyst.get("/search/", {"q": "lamp"}).context
    assert (list(context["products"]), list(context["segments"])) == ([lamp], [segment])
    assert list(analyst.get("/search/", {"q": "爱好"}).context["segments"]) == [segment]
    for words in ("ad", "ADA", str(ada.uuid), ada.uuid.hex):
        assert list(analyst.get("/search/", {"q": words}).context["customers"]) == [ada]


def test_the_erased_and_planted_people_are_not_found(analyst: Client, ada: Customer, cy: Customer) -> None:
    Customer.objects.filter(pk=ada.pk).update(canary=True)
    for words in (str(ada.uuid), "ada", str(cy.uuid)):
        assert list(analyst.get("/search/", {"q": words}).context["customers"]) == []


def test_segments_and_clusters_are_called_in_the_language_of_the_page(analyst: Client) -> None:
    translations = {"zh-hans": {"name": "台灯爱好者"}}
    Segment.objects.create(name="Lamp lovers", translations=translations)
    points = {"x": "orders", "y": "orders", "points": [[[1, 2]]]}
    run = ClusterRun.objects.create(state=ClusterRun.State.DONE, scatter=points)
    Cluster.objects.create(run=run, number=0, name="Lamp lovers", translations=translations)
    for language, name in (("en", "Lamp lovers"), ("zh-hans", "台灯爱好者")):
        analyst.cookies["django_language"] = language
        assert f">{name}</a>" in analyst.get("/search/", {"q": "lamp"}).content.decode()
        assert [one["name"] for one in analyst.get("/").context["scatter"]["series"]] == [name]


def test_an_address_is_not_searched_for_and_not_named(analyst: Client, ada: Customer) -> None:
    page = analyst.get("/search/", {"q": "ada@example.com"})
    assert list(page.context["customers"]) == []


def test_hostile_words_and_names_are_escaped(analyst: Client, ada: Customer, lamp: Product) -> None:
    Product.objects.update(name=HOSTILE, translations={})
    Customer.objects.filter(pk=ada.pk).update(external_id=HOSTILE)
    Segment.objects.create(name=HOSTILE)
    page = analyst.get("/search/", {"q": HOSTILE}).content.decode()
    assert HOSTILE not in page
    assert page.count("&lt;script&gt;alert") >= 4


def test_searching_costs_the_same_with_many_rows(analyst: Client, lamp: Product, ada: Customer) -> None:
    one = queries_of(analyst, "/search/?q=a")
    Product.objects.bulk_create(Product(sku=f"A-{number}", name="A thing") for number in range(30))
    Customer.objects.bulk_create(Customer(external_id=f"a-{number}") for number in range(30))
    assert queries_of(analyst, "/search/?q=a") == one
    assert len(analyst.get("/search/?q=a").context["customers"]) == 8


def test_an_address_typed_into_the_box_opens_its_customer_and_stays_out_of_addresses(
    marketer: Client, analyst: Client, ada: Customer
) -> None:
    assert marketer.post("/search/", {"q": "ada@example.com"}).headers["location"] == f"/customers/{ada.uuid}/"
    assert marketer.post("/search/", {"q": "nobody@example.com"}).headers["location"] == "/customers/"
    assert analyst.post("/search/", {"q": "ada@example.com"}).headers["location"] == "/customers/"
    assert marketer.post("/search/", {"q": "lamp"}).headers["location"] == "/search/?q=lamp"


def test_the_beginning_of_an_own_number_is_found_by_an_index_in_capitals_or_not(analyst: Client, ada: Customer) -> None:
    with CaptureQueriesContext(connection) as asked:
        assert list(analyst.get("/search/", {"q": "aD"}).context["customers"]) == [ada]
    (statement,) = [one["sql"] for one in asked if 'FROM "crm_customer"' in one["sql"] and "LIKE" in one["sql"]]
    with connection.cursor() as cursor:
        # A handful of rows is read faster from end to end, and by their ids.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
        cursor.execute(f"EXPLAIN {statement}")
        assert "customer_by_own_number" in str(cursor.fetchall())
