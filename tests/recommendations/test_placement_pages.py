"""The pages of placements and their command: who may change what, what a preview shows, and what it never leaves."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from crm.catalog.models import Product
from crm.customers.models import Customer
from recommendations.models import Placement, Shown
from recommendations.serving import placing
from tests.queries import queries_of
from tests.recommendations import shelves

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
ROOT = "/recommendations/placements/"
TERMS = {"name": "Sale", "key": "sale", "kind": "popular", "length": "4", "rest_days": "7", "exploration": "5"}


@pytest.fixture
def goods(db: None) -> list[Product]:
    """Six products in a category."""
    made = shelves.products(6)
    Product.objects.update(category="Home > Light")
    return made


def home() -> Placement:
    return Placement.objects.get(key="home")


@pytest.mark.parametrize("address", ["", "new/", "1/"])
def test_strangers_are_led_to_the_login(address: str) -> None:
    assert Client().get(ROOT + address).status_code == 302


def test_everybody_may_look_and_only_editors_may_change(analyst: Client, marketer: Client) -> None:
    assert b"Home page" in analyst.get(ROOT).content
    page = analyst.get(f"{ROOT}{home().pk}/")
    assert page.status_code == 200
    assert b"New placement" not in analyst.get(ROOT).content
    assert b'name="length"' not in page.content
    for address in (f"{ROOT}{home().pk}/", f"{ROOT}{home().pk}/remove/", f"{ROOT}new/", f"{ROOT}usual/"):
        assert analyst.post(address, TERMS).status_code == 403
    assert analyst.get(f"{ROOT}new/").status_code == 403
    for address in (f"{ROOT}{home().pk}/remove/", f"{ROOT}usual/"):
        assert marketer.get(address).status_code == 405
    assert Placement.objects.count() == 4
    assert marketer.get(f"{ROOT}999999/").status_code == 404


def test_a_placement_is_made_changed_and_removed(marketer: Client, goods: list[Product]) -> None:
    made = marketer.post(f"{ROOT}new/", {**TERMS, "categories_in": ["Home"], "price_to": "9.50"})
    row = placing.find("sale")
    assert row
    assert made.headers["Location"] == f"{ROOT}{row.pk}/"
    assert (row.categories_in, row.exploration, row.rest_days, str(row.price_to)) == (["Home"], 0.05, 7, "9.50")
    page = marketer.get(f"{ROOT}{row.pk}/").content.decode()
    assert '<option value="Home" selected>' in page
    assert 'value="5.0"' in page
    assert b"days of rest" in marketer.get(ROOT).content
    marketer.post(f"{ROOT}{row.pk}/", {**TERMS, "name": "Big sale"})
    row.refresh_from_db()
    assert (row.name, row.categories_in, row.price_to) == ("Big sale", [], None)
    marketer.post(f"{ROOT}{row.pk}/remove/")
    assert placing.find("sale") is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "home"},
        {"length": "0"},
        {"exploration": "21"},
        {"categories_in": ["Nowhere"]},
        {"price_from": "5", "price_to": "4"},
        {"kind": "all"},
    ],
)
def test_what_makes_no_sense_is_said_beside_the_form(marketer: Client, wrong: dict[str, Any]) -> None:
    answer = marketer.post(f"{ROOT}new/", {**TERMS, **wrong})
    assert answer.status_code == 422
    assert b"invalid" in answer.content or b"below the lowest" in answer.content
    assert Placement.objects.count() == 4


def test_the_preview_shows_the_list_the_reasons_and_what_was_filtered_out(
    marketer: Client, ada: Customer, goods: list[Product]
) -> None:
    assert b"No lists yet" in marketer.get(f"{ROOT}{home().pk}/").content
    version = shelves.version()
    shelves.shelf(ada, goods, version)
    Product.objects.filter(pk=goods[2].pk).update(stock=0)
    Product.objects.filter(pk=goods[3].pk).update(category="Tea")
    Placement.objects.update(categories_out=["Tea"])
    for words in ("", "ada", str(ada.uuid)):
        page = marketer.get(f"{ROOT}{home().pk}/", {"customer": words}).content.decode()
        assert "Because you bought Thing 5" in page
        before, _, after = page.partition("Filtered out")
        assert "Thing 2" not in before and "Thing 3" not in before
        assert "Thing 2" in after and "Out of stock" in after
        assert "Thing 3" in after and "Another category" in after
    assert b"Nobody with this id" in marketer.get(f"{ROOT}{home().pk}/", {"customer": "nobody"}).content
    assert Shown.objects.count() == 0


def test_a_product_placement_is_previewed_beside_a_product(
    marketer: Client, ada: Customer, goods: list[Product]
) -> None:
    version = shelves.version()
    shelves.shelf(ada, goods[:1], version)
    shelves.neighbours(goods[4], [goods[5]], version)
    page = Placement.objects.get(key="product")
    shown = marketer.get(f"{ROOT}{page.pk}/", {"product": "P-4"}).content.decode()
    assert "Similar to Thing 4" in shown
    assert b"There is no product with this number" in marketer.get(f"{ROOT}{page.pk}/?product=none").content
    assert b'name="product"' not in marketer.get(f"{ROOT}{home().pk}/").content


def test_without_placements_the_page_offers_the_usual_ones(marketer: Client, analyst: Client) -> None:
    Placement.objects.all().delete()
    assert b"Make the usual ones" in marketer.get(ROOT).content
    assert b"Make the usual ones" not in analyst.get(ROOT).content
    marketer.post(f"{ROOT}usual/")
    assert Placement.objects.count() == 4


def test_hostile_names_and_words_are_escaped(marketer: Client, ada: Customer, goods: list[Product]) -> None:
    hostile = "<script>alert(1)</script>"
    Product.objects.update(name=hostile, category=hostile)
    shelves.shelf(ada, goods, shelves.version())
    Placement.objects.update(name=hostile, categories_out=[hostile])
    for address in (ROOT, f"{ROOT}{home().pk}/", f"{ROOT}{home().pk}/?customer={hostile}&product={hostile}"):
        assert hostile not in marketer.get(address).content.decode()


def test_pages_speak_chinese(marketer: Client, ada: Customer, goods: list[Product]) -> None:
    shelves.shelf(ada, goods, shelves.version())
    marketer.cookies["django_language"] = "zh-hans"
    assert "首页" in marketer.get(ROOT).content.decode()
    page = marketer.get(f"{ROOT}{home().pk}/").content.decode()
    assert "因为您买过物品5" in page and "探索比例" in page


def test_the_list_costs_the_same_with_many_placements(marketer: Client) -> None:
    few = queries_of(marketer, ROOT)
    for number in range(10):
        placing.create(terms=placing.PlacementTerms(key=f"p{number}", name="P"))
    assert queries_of(marketer, ROOT) == few


def run(*words: str) -> str:
    out = StringIO()
    call_command("placement", *words, stdout=out)
    return out.getvalue()


def test_the_command_does_what_the_pages_do() -> None:
    assert "home\tpersonal\t10\tHome page" in run("list")
    made = ("--name", "Sale", "--kind", "popular", "--only", "Home", "Tea", "--price-from", "2", "--exploration", "0.1")
    assert run("set", "sale", *made) == "sale is made\n"
    assert run("set", "sale", "--length", "3", "--price-from", "none") == "sale is changed\n"
    row = placing.find("sale")
    assert row
    assert placing.terms_of(row) == placing.PlacementTerms(
        key="sale", name="Sale", kind="popular", length=3, categories_in=("Home", "Tea"), exploration=0.1
    )
    run("remove", "sale")
    assert placing.find("sale") is None
    assert run("usual") == "nothing was missing\n"


@pytest.mark.parametrize(
    "words",
    [("remove", "none"), ("set", "sale", "--length", "0"), ("set", "sale", "--price-from", "x"), ("set", "a b")],
)
def test_the_command_refuses_what_makes_no_sense(words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run(*words)
    assert Placement.objects.count() == 4
