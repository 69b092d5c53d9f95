"""The pages of products: lists, one product, and taking one out of recommendations."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.catalog.models import Product
from tests.conftest import buys, person
from tests.queries import queries_of

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
PAGE = "/products/"


def stock(count: int, **fields: Any) -> list[Product]:
    """Write so many products."""
    return Product.objects.bulk_create(
        Product(sku=f"S-{number:03d}", name=f"Shelf {number:03d}", **fields) for number in range(count)
    )


@pytest.mark.parametrize("address", [PAGE, f"{PAGE}1/"])
def test_strangers_are_led_to_the_login(address: str) -> None:
    assert Client().get(address).headers["Location"] == f"/login/?next={address}"


@pytest.mark.parametrize("role", ["admin", "marketer", "analyst"])
def test_everybody_who_works_here_may_look(role: str, request: Any, lamp: Product) -> None:
    browser: Client = request.getfixturevalue(role)
    assert b"Reading lamp" in browser.get(PAGE).content
    page = browser.get(f"{PAGE}{lamp.pk}/").content
    assert b"LAMP-1" in page
    assert b"40.00" in page
    assert browser.get(f"{PAGE}{lamp.pk + 1}/").status_code == 404


def test_an_empty_catalogue_says_what_to_do(analyst: Client) -> None:
    assert b"No products here" in analyst.get(PAGE).content


def test_names_are_those_of_the_pages_language(analyst: Client, lamp: Product) -> None:
    analyst.cookies["django_language"] = "zh-hans"
    for address in (PAGE, f"{PAGE}{lamp.pk}/"):
        assert "阅读灯" in analyst.get(address).content.decode()


def test_a_walk_through_the_pages_meets_every_product_once(analyst: Client) -> None:
    stock(120)
    seen: list[str] = []
    address = "?q=shelf"
    while address:
        context = analyst.get(PAGE + address).context
        seen += [product.sku for product, _sold in context["products"]]
        address = context["next_url"]
    assert seen == [f"S-{number:03d}" for number in range(120)]


def test_the_page_before_is_the_one_one_came_from(analyst: Client) -> None:
    stock(120)
    first = analyst.get(PAGE)
    second = analyst.get(PAGE + first.context["next_url"])
    third = analyst.get(PAGE + second.context["next_url"])
    back = analyst.get(PAGE + third.context["previous_url"])
    assert back.context["products"] == second.context["products"]
    assert analyst.get(PAGE + back.context["previous_url"]).context["products"] == first.context["products"]
    assert first.context["previous_url"] == ""
    assert third.context["next_url"] == ""


def test_one_finds_products_by_name_number_brand_and_department(analyst: Client, lamp: Product) -> None:
    stock(3, department="Garden")
    for asked in ({"q": "reading"}, {"q": "lamp-1"}, {"q": "INVENTED"}, {"q": "阅读"}, {"department": "Home"}):
        context = analyst.get(PAGE, asked).context
        assert [product for product, _sold in context["products"]] == [lamp]
        assert context["total"] == 1
    assert analyst.get(PAGE).context["departments"] == ["Garden", "Home"]
    assert b"No products here" in analyst.get(PAGE, {"q": "lamp", "department": "Garden"}).content


@pytest.mark.parametrize("query", ["after=x", "after=99999999999999999999", "after=-1", "before=x", "q=%25", "q='"])
def test_addresses_that_make_no_sense_are_harmless(analyst: Client, lamp: Product, query: str) -> None:
    assert analyst.get(f"{PAGE}?{query}").status_code == 200


def test_hostile_names_are_escaped(analyst: Client, lamp: Product) -> None:
    hostile = "</script><script>alert('x')</script>"
    Product.objects.update(name=hostile, description=hostile, brand=hostile[:90], tags=[hostile[:50]], translations={})
    now = timezone.now()
    buys(person("Someone"), lamp, now, "O-1")
    for address in (PAGE, f"{PAGE}{lamp.pk}/", f"{PAGE}?q={hostile}"):
        assert "<script>alert" not in analyst.get(address).content.decode()


def test_sales_are_counted_by_time(analyst: Client, lamp: Product) -> None:
    now, who = timezone.now(), person("Buyer")
    for days in (1, 80, 95):
        buys(who, lamp, now - timedelta(days=days), f"RECENT-{days}")
    assert analyst.get(PAGE).context["products"][0][1] == 2
    context = analyst.get(f"{PAGE}{lamp.pk}/").context
    assert (context["buyers"], context["revenue"]) == (3, 120.0)
    assert sum(context["sales"]["series"][0]["data"]) == 3
    assert context["sales"]["x"] == sorted(set(context["sales"]["x"]))


def test_months_without_an_order_are_shown_as_such(analyst: Client, lamp: Product) -> None:
    now, who = timezone.now(), person("Buyer")
    for days in (5, 400):
        buys(who, lamp, now - timedelta(days=days), f"O-{days}")
    sales = analyst.get(f"{PAGE}{lamp.pk}/").context["sales"]
    assert 13 <= len(sales["x"]) <= 15
    lines = sales["series"][0]["data"]
    assert (lines[0], sum(lines), lines[-1]) == (1, 2, 1)


def test_what_is_bought_together_is_shown_from_ten_customers_on(analyst: Client, lamp: Product) -> None:
    bulb, shade = stock(2)
    now = timezone.now()
    for number in range(10):
        who = person(f"Buyer{number}")
        buys(who, lamp, now - timedelta(days=number), f"T-{number}")
        buys(who, bulb, now - timedelta(days=number), f"T-{number}", value=1)
        if number:
            buys(who, shade, now - timedelta(days=number), f"T-{number}", value=1)
    assert analyst.get(f"{PAGE}{lamp.pk}/").context["together"] == [(bulb, 10)]


def test_a_product_is_taken_out_of_recommendations_and_put_back(marketer: Client, lamp: Product) -> None:
    address = f"{PAGE}{lamp.pk}/exclude/"
    for _twice in range(2):
        page = marketer.post(address, follow=True)
        lamp.refresh_from_db()
        assert not lamp.recommendable
    assert b"Excluded from recommendations" in page.content
    assert b"Recommend again" in page.content
    marketer.post(address, {"back": "1"})
    lamp.refresh_from_db()
    assert lamp.recommendable
    assert marketer.get(address).status_code == 405
    assert marketer.post(f"{PAGE}{lamp.pk + 1}/exclude/").status_code == 404


def test_analysts_may_not_take_products_out(analyst: Client, lamp: Product) -> None:
    assert analyst.post(f"{PAGE}{lamp.pk}/exclude/").status_code == 403
    lamp.refresh_from_db()
    assert lamp.recommendable
    assert b"/exclude/" not in analyst.get(f"{PAGE}{lamp.pk}/").content


def test_many_products_cost_as_many_queries_as_one(analyst: Client, lamp: Product) -> None:
    one = queries_of(analyst, PAGE)
    stock(40)
    assert queries_of(analyst, PAGE) == one
