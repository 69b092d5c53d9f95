"""The privacy centre: coverage, releases, openings, the record of processing, erasure and its certificates."""

import csv
import json
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from crm.customers.models import Customer
from crm.privacy import inventory
from crm.privacy.models import Opening, Release, Suppression

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
PAGE = "/privacy/"


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


def test_strangers_are_led_to_the_login() -> None:
    for address in (PAGE, f"{PAGE}inventory/csv/", f"{PAGE}certificates/a.json/"):
        assert Client().get(address).headers["Location"].startswith("/login/")


@pytest.mark.parametrize("role", ["admin", "marketer", "analyst"])
def test_it_shows_what_people_allow_and_what_left(role: str, request: Any, ada: Customer, bo: Customer) -> None:
    browser: Client = request.getfixturevalue(role)
    Release.objects.create(
        purpose=4, as_of=timezone.now(), state="done", people_kept=1, people_excluded={"no_consent": 17}
    )
    Opening.objects.create(seal="contact", count=1234, actor="sending", reason="<svg onload=alert(1)>")
    page = browser.get(PAGE)
    assert page.context["people"] == 2
    assert dict(page.context["coverage"])["E-mail marketing"] == 1
    html = page.content.decode()
    for expected in ("no consent", "17", "1,234 people", "crm.Customer"):
        assert expected in html, expected
    assert "<svg onload" not in html
    assert ("Erasure" in html) is (role == "admin")


def test_masked_lists_are_left_out_of_the_log_unless_asked_for(marketer: Client, ada: Customer) -> None:
    Opening.objects.create(seal="contact", count=50, actor="mask", reason="masked list")
    assert b"masked list " not in marketer.get(PAGE).content
    assert b"masked list " in marketer.get(f"{PAGE}?openings=all").content


def test_an_analyst_is_not_shown_the_reasons_of_openings(analyst: Client, marketer: Client, ada: Customer) -> None:
    """They are typed by people of the company, and may name the customer."""
    Opening.objects.create(customer=ada, seal="contact", actor="user:1", reason="Ada Invented called")
    for address in (PAGE, f"/customers/{ada.uuid}/?tab=privacy"):
        assert b"Ada Invented called" in marketer.get(address).content
        assert b"Ada Invented called" not in analyst.get(address).content


def test_the_record_of_processing_has_every_field_about_people(analyst: Client) -> None:
    rows = list(csv.reader(analyst.get(f"{PAGE}inventory/csv/").content.decode().splitlines()))
    fields = json.loads(analyst.get(f"{PAGE}inventory/json/").content)
    assert len(rows) - 1 == len(fields) == len(inventory.record())
    sealed = next(one for one in fields if (one["model"], one["field"]) == ("Identity", "contact"))
    assert (sealed["erasure"], sealed["seal"]) == ("shred", "contact")
    assert analyst.get(f"{PAGE}inventory/xml/").status_code == 404


def test_the_suppression_list_is_counted_never_shown(analyst: Client) -> None:
    Suppression.objects.create(address_mac=b"0123456789abcdef", reason="unsubscribed")
    page = analyst.get(PAGE)
    assert page.context["suppressed"] == [("Unsubscribed", 1)]
    assert b"0123456789abcdef" not in page.content


def test_erasure_goes_from_an_id_to_a_preview_to_a_certificate(admin: Client, marketer: Client, ada: Customer) -> None:
    assert marketer.post(PAGE, {"id": "ada"}).status_code == 403
    assert "No customer has this id." in admin.post(PAGE, {"id": "nobody"}, follow=True).content.decode()
    found = admin.post(PAGE, {"id": "ada"})
    assert found.headers["Location"] == f"{PAGE}?person={ada.uuid}#erasure"
    assert admin.post(PAGE, {"id": str(ada.uuid)}).headers["Location"] == found.headers["Location"]
    preview = admin.get(found.headers["Location"]).content.decode()
    assert "Keys of the person" in preview
    assert "Keys of the person" not in marketer.get(f"{PAGE}?person={ada.uuid}").content.decode()
    admin.post(f"/customers/{ada.uuid}/erase/", {"typed": ada.uuid.hex[-8:]})
    (certificate,) = admin.get(PAGE).context["certificates"]
    assert certificate["person"] == str(ada.uuid)
    address = f"{PAGE}certificates/{certificate['name']}/"
    told = json.loads(b"".join(admin.get(address)))
    assert json.loads(told["certificate"])["customer"] == str(ada.uuid)
    assert marketer.get(address).status_code == 403


@pytest.mark.parametrize("name", ["..%2F..%2Fkeys", "nothing.json", "secret_key"])
def test_a_certificate_is_only_ever_a_certificate(name: str, admin: Client) -> None:
    assert admin.get(f"{PAGE}certificates/{name}/").status_code == 404
