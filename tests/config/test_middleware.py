"""A one-time password is changed before anything else; an address with a NUL goes no further."""

import pytest
from django.test import Client

from crm.access import keys
from crm.access.models import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
OWN = "one's own invented words"


@pytest.fixture
def newcomer(db: None) -> Client:
    """Somebody who signed in with a one-time password."""
    User.objects.create_user(username="newcomer", password=PASSWORD, role="admin", must_change_password=True)
    client = Client()
    answer = client.post("/login/", {"username": "newcomer", "password": PASSWORD})
    assert answer.headers["Location"] == "/"
    return client


def change(client: Client, old: str = PASSWORD, new: str = OWN, again: str | None = None) -> int:
    form = {"old_password": old, "new_password1": new, "new_password2": again if again is not None else new}
    return client.post("/password/", form).status_code


@pytest.mark.parametrize(
    "address", ["/", "/customers/", "/data/keys/", "/api/v1/customers/", "/search/?q=a", "/mailbox/"]
)
def test_a_one_time_password_leads_everywhere_to_its_change(newcomer: Client, address: str) -> None:
    answer = newcomer.get(address)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/password/")
    assert newcomer.post(address).headers["Location"] == "/password/"


def test_the_page_itself_the_language_and_the_way_out_stay_open(newcomer: Client) -> None:
    assert b"one-time password" in newcomer.get("/password/").content
    assert newcomer.post("/i18n/setlang/", {"language": "zh-hans", "next": "/password/"}).status_code == 302
    assert newcomer.post("/logout/").headers["Location"] == "/login/"


def test_after_the_change_everything_is_open_and_the_old_password_is_gone(newcomer: Client) -> None:
    assert change(newcomer) == 302
    assert newcomer.get("/").status_code == 200
    assert not User.objects.get(username="newcomer").must_change_password
    fresh = Client()
    assert fresh.post("/login/", {"username": "newcomer", "password": PASSWORD}).status_code == 200
    assert fresh.post("/login/", {"username": "newcomer", "password": OWN}).status_code == 302
    assert b"one-time password" not in fresh.get("/password/").content


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        (PASSWORD, PASSWORD, None),
        ("wrong", OWN, None),
        (PASSWORD, OWN, "another invented one"),
        (PASSWORD, "short", None),
        (PASSWORD, "newcomer1234", None),
    ],
)
def test_a_change_that_changes_nothing_or_is_weak_is_refused(
    newcomer: Client, old: str, new: str, again: str | None
) -> None:
    assert change(newcomer, old, new, again) == 200
    assert User.objects.get(username="newcomer").must_change_password
    assert newcomer.get("/").headers["Location"] == "/password/"


def test_programs_and_strangers_are_not_led_there(newcomer: Client) -> None:
    _row, text = keys.create(name="test", scopes=["read"], created_by=None)
    assert Client(headers={"authorization": f"Bearer {text}"}).get("/api/v1/products/").status_code == 200
    assert Client().get("/").headers["Location"] == "/login/?next=/"
    assert Client().get("/password/").headers["Location"] == "/login/?next=/password/"


@pytest.mark.parametrize(
    "address", ["/products/?q=%00", "/search/?q=a%00b", "/recommendations/try/?customer=%00", "/a%00"]
)
def test_a_nul_in_an_address_is_refused(admin: Client, address: str) -> None:
    answer = admin.get(address)
    assert answer.status_code == 400
    assert b"NUL" in answer.content
