"""The page of acts, and the block of them on a thing's page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.access import acts, keys
from crm.access.models import Act, User
from crm.access.verbs import Program, Verb
from crm.catalog.models import Product
from crm.customers.models import Customer
from crm.privacy import reveal
from crm.views.activity import PAGE

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


def shown(client: Client, asked: str = "", *, status: int = 200) -> str:
    answer = client.get(f"/activity/{asked}")
    assert answer.status_code == status
    return answer.content.decode().split("</form></div>")[-1]


def test_it_says_so_when_nothing_was_done(admin: Client) -> None:
    assert "Nothing was done yet" in shown(admin)


def test_it_tells_who_did_what_to_what(marketer: Client, admin: Client, lamp: Product) -> None:
    marketer.post(f"/products/{lamp.pk}/exclude/")
    text = shown(admin)
    assert "marketer" in text
    assert "excluded from recommendations" in text
    assert f'href="/products/{lamp.pk}/">Reading lamp' in text


def test_it_is_narrowed_to_who_what_which_and_when(admin: Client, user: Callable[[str], User], lamp: Product) -> None:
    by = user("marketer")
    key, _text = keys.create(name="shop", scopes=["read"], created_by=by)
    other = Product.objects.create(sku="OTHER", name="Another thing")
    acts.record(by=by, verb=Verb.EXCLUDED, on=lamp)
    acts.record(by=key, verb=Verb.INCLUDED, on=other)
    acts.record(by=Program.COMMAND, verb=Verb.STARTED, on="circle")
    assert "Reading lamp" in shown(admin, f"?who=user:{by.pk}&verb=excluded")
    assert "Another thing" not in shown(admin, f"?who=user:{by.pk}")
    assert "Another thing" in shown(admin, f"?who=api:{key.pk}")
    assert "a command" in shown(admin, "?who=command")
    assert "Reading lamp" not in shown(admin, "?kind=circle")
    one = shown(admin, f"?kind=crm.product&object={other.pk}")
    assert "Another thing" in one
    assert "Reading lamp" not in one
    today, tomorrow = timezone.localdate(), timezone.localdate() + timedelta(days=1)
    assert "Reading lamp" in shown(admin, f"?since={today}&until={today}")
    assert "Nothing matches" in shown(admin, f"?since={tomorrow}")


@pytest.mark.parametrize(
    "asked", ["?since=yesterday", "?until=9999-12-31", "?verb=flown", "?object=99999999999999999999", "?who=user:x"]
)
def test_what_makes_no_sense_is_said_beside_the_field(admin: Client, asked: str) -> None:
    shown(admin, asked, status=422)


def test_pages_follow_one_another_without_counting(admin: Client, lamp: Product) -> None:
    for _n in range(PAGE + 3):
        acts.record(by=None, verb=Verb.EXCLUDED, on=lamp)
    with CaptureQueriesContext(connection) as made:
        first = shown(admin, "?verb=excluded")
    assert not any("COUNT(" in query["sql"] and "crm_act" in query["sql"] for query in made.captured_queries)
    assert first.count("Reading lamp") == PAGE
    oldest = Act.objects.filter(verb=Verb.EXCLUDED).order_by("-id")[PAGE - 1].pk
    assert f"before={oldest}" in first
    assert shown(admin, f"?verb=excluded&before={oldest}").count("Reading lamp") == 3


def test_how_colleagues_got_in_is_for_administrators(
    admin: Client, analyst: Client, user: Callable[[str], User]
) -> None:
    by = user("marketer")
    keys.create(name="the key of the shop", scopes=["read"], created_by=by)
    assert "the key of the shop" in shown(admin)
    assert "the key of the shop" not in shown(analyst)
    assert "the key of the shop" not in shown(analyst, "?verb=created")


def test_a_thing_shows_what_was_done_to_it(marketer: Client, lamp: Product) -> None:
    assert "Nobody has changed it yet" in marketer.get(f"/products/{lamp.pk}/").content.decode()
    marketer.post(f"/products/{lamp.pk}/exclude/")
    text = marketer.get(f"/products/{lamp.pk}/").content.decode()
    assert "excluded from recommendations" in text.split('id="acts"')[1]


def test_a_customer_shows_who_opened_the_identity(marketer: Client, ada: Customer, user: Callable[[str], User]) -> None:
    reveal.reveal(customer=ada, actor=f"user:{user('admin').pk}", reason="she called")
    text = marketer.get(f"/customers/{ada.uuid}/?tab=privacy").content.decode().split('id="acts"')[1]
    assert "identity opened" in text
    assert "she called" not in text


def test_it_speaks_chinese(admin: Client, lamp: Product) -> None:
    acts.record(by=None, verb=Verb.EXCLUDED, on=lamp)
    admin.cookies["django_language"] = "zh-hans"
    text = shown(admin)
    assert "设为不再推荐" in text
    assert "excluded" not in text
