"""Who guesses passwords waits, who leaves is signed out, and no browser keeps what it was shown."""

import gzip
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.test.utils import override_settings

from crm.access.models import Act, User
from crm.access.verbs import Verb
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted() -> Iterator[None]:
    """Wrong passwords are counted in the cache, which outlives a test."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ivy(db: None) -> User:
    return User.objects.create_user(username="ivy", password=PASSWORD, role="marketer")


def guess(name: str, password: str, address: str = "203.0.113.7", **headers: str) -> tuple[int, str]:
    said = {"username": name, "password": password}
    answer = Client(REMOTE_ADDR=address).post("/login/", said, headers=headers)
    return answer.status_code, answer.headers.get("Retry-After", "")


def test_ten_wrong_passwords_lock_a_name_for_one_address_and_the_right_one_too(ivy: User) -> None:
    for _again in range(settings.AXES_FAILURE_LIMIT - 1):
        assert guess("ivy", "wrong") == (200, "")
    assert guess("ivy", "wrong") == (429, "900")
    assert guess("ivy", PASSWORD) == (429, "900")
    # the office next door, and a colleague at the same address
    assert guess("ivy", PASSWORD, "203.0.113.8")[0] == 302
    User.objects.create_user(username="max", password=PASSWORD, role="marketer")
    assert guess("max", PASSWORD)[0] == 302


def test_a_right_password_forgets_the_wrong_ones(ivy: User) -> None:
    for _round in range(3):
        for _again in range(settings.AXES_FAILURE_LIMIT - 1):
            assert guess("ivy", "wrong")[0] == 200
        assert guess("ivy", PASSWORD)[0] == 302


def test_the_lock_is_told_in_both_languages_and_written_down_once(ivy: User) -> None:
    for _again in range(settings.AXES_FAILURE_LIMIT + 5):
        guess("ivy", "wrong")
    said = {"username": "ivy", "password": "wrong"}
    page = Client(REMOTE_ADDR="203.0.113.7").post("/login/", said, headers={"accept-language": "zh-hans"})
    assert "请在 15 分钟后重试" in page.content.decode()
    assert Act.objects.filter(verb=Verb.LOCKED_OUT).count() == 1
    assert Act.objects.filter(verb=Verb.SIGN_IN_FAILED).count() == settings.AXES_FAILURE_LIMIT - 1


@pytest.mark.parametrize(("behind", "status"), [(True, 302), (False, 429)])
def test_behind_a_proxy_the_address_is_the_one_the_proxy_wrote(ivy: User, behind: bool, status: int) -> None:
    with override_settings(BEHIND_PROXY=behind):
        for _again in range(settings.AXES_FAILURE_LIMIT):
            guess("ivy", "wrong", "10.0.0.1", **{"X-Forwarded-For": "198.51.100.1, 203.0.113.9"})
        assert guess("ivy", PASSWORD, "10.0.0.1", **{"X-Forwarded-For": "203.0.113.9, 198.51.100.1"})[0] == status


def test_a_sign_in_nobody_used_ends_and_a_page_that_asks_by_itself_does_not_keep_it(
    marketer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = time.time()
    assert marketer.get("/customers/").status_code == 200
    for minutes in range(0, 118, 10):
        monkeypatch.setattr(time, "time", lambda minutes=minutes: begun + 60 * minutes)
        assert marketer.get("/jobs/", headers={"hx-request": "true"}).status_code == 200
    monkeypatch.setattr(time, "time", lambda: begun + 60 * 121)
    assert marketer.get("/customers/").headers["Location"] == "/login/?next=/customers/"


def test_a_sign_in_that_is_used_goes_on(marketer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = time.time()
    for hours in range(5):
        monkeypatch.setattr(time, "time", lambda hours=hours: begun + 3500 * hours)
        assert marketer.get("/customers/").status_code == 200


def test_pages_of_who_is_signed_in_are_not_kept_and_are_compressed(marketer: Client) -> None:
    answer = marketer.get("/customers/", headers={"accept-encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"<html" in gzip.decompress(answer.content)
    # bytes of chance: two answers of one page differ in length, so that length tells nothing of a secret in it
    lengths = {len(marketer.get("/customers/", headers={"accept-encoding": "gzip"}).content) for _again in range(20)}
    assert len(lengths) > 3
