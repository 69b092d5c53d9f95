"""The page of API keys: administrators only, the key shown once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.access import keys
from crm.access.models import ApiKey
from tests.queries import queries_of

pytestmark = pytest.mark.django_db
PAGE = "/data/keys/"


def test_strangers_are_led_to_the_login() -> None:
    assert Client().get(PAGE).headers["Location"] == f"/login/?next={PAGE}"


@pytest.mark.parametrize("role", ["marketer", "analyst"])
def test_only_administrators_see_and_change_keys(role: str, request: Any) -> None:
    row, text = keys.create(name="shop", scopes=["read"], created_by=None)
    browser: Client = request.getfixturevalue(role)
    assert browser.get(PAGE).status_code == 403
    assert browser.post(PAGE, {"name": "mine", "scopes": ["read"]}).status_code == 403
    assert browser.post(f"{PAGE}{row.pk}/revoke/").status_code == 403
    assert ApiKey.objects.count() == 1
    assert keys.find(text) == row


def test_a_key_is_made_and_shown_once(admin: Client) -> None:
    assert b"No keys yet" in admin.get(PAGE).content
    answer = admin.post(PAGE, {"name": "shop", "scopes": ["ingest", "read"]})
    page = answer.content.decode()
    text = re.search(r"relata_[0-9a-f]{12}_[\w-]+", page)
    assert text
    row = keys.find(text[0])
    assert row is not None
    assert (row.name, row.scopes, row.expires_at) == ("shop", ["ingest", "read"], None)
    assert row.created_by == answer.wsgi_request.user
    assert "no-store" in answer.headers["Cache-Control"]
    assert text[0] not in admin.get(PAGE).content.decode()
    assert row.prefix in admin.get(PAGE).content.decode()


def test_a_key_holds_through_its_last_day(admin: Client) -> None:
    today = timezone.localdate()
    admin.post(PAGE, {"name": "shop", "scopes": ["read"], "last_day": today.isoformat()})
    row = ApiKey.objects.get()
    assert row.expires_at is not None
    assert timezone.localtime(row.expires_at).date() == today + timedelta(days=1)
    assert not row.expired


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"scopes": []}, {"scopes": ["all"]}, {"last_day": "2020-01-01"}, {"last_day": "soon"}]
)
def test_a_form_that_makes_no_sense_comes_back_with_what_is_wrong(admin: Client, wrong: dict[str, Any]) -> None:
    answer = admin.post(PAGE, {"name": "shop", "scopes": ["read"], **wrong})
    assert answer.status_code == 422
    assert b"invalid" in answer.content
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked_by_post_only_and_stays_listed(admin: Client) -> None:
    row, text = keys.create(name="shop", scopes=["read"], created_by=None)
    assert admin.get(f"{PAGE}{row.pk}/revoke/").status_code == 405
    page = admin.post(f"{PAGE}{row.pk}/revoke/", follow=True).content.decode()
    assert "“shop” was revoked." in page
    assert "Revoked" in page
    assert keys.find(text) is None
    assert admin.post(f"{PAGE}{row.pk + 1}/revoke/").status_code == 404


def test_an_expired_key_is_called_expired(admin: Client) -> None:
    keys.create(name="old", scopes=["read"], created_by=None, expires_at=timezone.now() - timedelta(days=1))
    assert b"Expired" in admin.get(PAGE).content


def test_a_hostile_name_is_escaped(admin: Client) -> None:
    hostile = "<script>alert(1)</script>"
    admin.post(PAGE, {"name": hostile, "scopes": ["read"]})
    assert hostile not in admin.get(PAGE).content.decode()


def test_many_keys_cost_as_many_queries_as_one(admin: Client) -> None:
    keys.create(name="shop", scopes=["read"], created_by=None)
    one = queries_of(admin, PAGE)
    for number in range(20):
        keys.create(name=f"shop {number}", scopes=["read"], created_by=None)
    assert queries_of(admin, PAGE) == one
