"""The settings page: one's own language, the team, the facts of the workspace."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from crm.access.models import User

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
PAGE = "/settings/"


def test_strangers_are_led_to_the_login() -> None:
    assert Client().get(PAGE).headers["Location"] == f"/login/?next={PAGE}"
    assert Client().post(f"{PAGE}team/", {"username": "eve", "role": "admin"}).status_code == 302
    assert not User.objects.exists()


@pytest.mark.parametrize("role", ["admin", "marketer", "analyst"])
def test_everybody_sees_their_own_settings_and_only_administrators_the_rest(role: str, request: Any) -> None:
    page = request.getfixturevalue(role).get(PAGE).content.decode()
    assert "Change password" in page
    assert ("WORKSPACE_CURRENCY" in page) is (role == "admin")
    for secret in (settings.SECRET_KEY, settings.DATABASES["default"]["NAME"] + "@", settings.REDIS_URL):
        assert secret not in page


def test_ones_language_is_kept_and_used_at_once(analyst: Client) -> None:
    answer = analyst.post(f"{PAGE}language/", {"language": "zh-hans"})
    assert answer.cookies[settings.LANGUAGE_COOKIE_NAME].value == "zh-hans"
    assert User.objects.get().language == "zh-hans"
    assert 'lang="zh-Hans"' in analyst.get(PAGE).content.decode()
    analyst.post(f"{PAGE}language/", {"language": "tlh"})
    assert User.objects.get().language == "zh-hans"


def test_a_new_colleague_gets_a_password_shown_once_that_must_be_changed(admin: Client) -> None:
    answer = admin.post(f"{PAGE}team/", {"username": "ivy", "role": "marketer"})
    password = answer.context["password"]
    assert password in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert password not in admin.get(PAGE).content.decode()
    ivy = User.objects.get(username="ivy")
    assert (ivy.role, ivy.must_change_password, ivy.is_staff) == ("marketer", True, False)
    browser = Client()
    assert browser.post("/login/", {"username": "ivy", "password": password}).status_code == 302
    assert browser.get("/customers/").headers["Location"] == "/password/"


@pytest.mark.parametrize(
    "asked",
    [{"username": "ADMIN", "role": "admin"}, {"username": "a b", "role": "admin"}, {"username": "x", "role": "k"}],
)
def test_a_colleague_that_cannot_be_is_refused(asked: dict[str, str], admin: Client) -> None:
    assert admin.post(f"{PAGE}team/", asked).status_code == 422
    assert User.objects.count() == 1


def test_roles_change_and_people_are_kept_out_at_once(admin: Client, marketer: Client) -> None:
    mate = User.objects.get(role="marketer")
    admin.post(f"{PAGE}team/{mate.pk}/", {"role": "analyst"})
    mate.refresh_from_db()
    assert mate.role == "analyst"
    admin.post(f"{PAGE}team/{mate.pk}/", {"role": "emperor"})
    admin.post(f"{PAGE}team/{mate.pk}/", {"act": "keep_out"})
    mate.refresh_from_db()
    assert (mate.role, mate.is_active) == ("analyst", False)
    assert marketer.get(PAGE).status_code == 302
    admin.post(f"{PAGE}team/{mate.pk}/", {"act": "let_in"})
    mate.refresh_from_db()
    assert mate.is_active


def test_nobody_changes_themselves_and_nobody_else_may(
    admin: Client, marketer: Client, user: Callable[[str], User]
) -> None:
    own = User.objects.get(role="admin")
    admin.post(f"{PAGE}team/{own.pk}/", {"role": "analyst", "act": "keep_out"})
    own.refresh_from_db()
    assert (own.role, own.is_active) == ("admin", True)
    mate = User.objects.get(role="marketer")
    assert marketer.post(f"{PAGE}team/{mate.pk}/", {"role": "admin"}).status_code == 403
    assert marketer.post(f"{PAGE}team/", {"username": "eve", "role": "admin"}).status_code == 403
