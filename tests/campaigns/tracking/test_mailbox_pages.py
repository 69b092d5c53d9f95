"""The mailbox is read by those who may see who people are, and only where there is one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from crm.access.models import User
from lib.mailbox import Envelope, open_mailbox

pytestmark = pytest.mark.django_db
RAW = (
    b"From: Shop <news@example.com>\r\nTo: ada@example.com\r\nSubject: Tea\r\nMessage-ID: <1@example.com>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain\r\n\r\n"
    b"Hello\r\n--x\r\nContent-Type: text/html\r\n\r\n<style>p{color:red}</style><p>Hello</p>"
    b'<img src="http://127.0.0.1:8000/t/o/token.gif" width="1">'
    b'<a href="https://shop.example.com/tea">Tea</a><script>alert(1)</script>\r\n--x--\r\n'
)


@pytest.fixture
def signed_in(client: Client, settings: Any, tmp_path: Path) -> Callable[[str], Client]:
    """Sign in as somebody of a role, beside a mailbox with 60 mails."""
    settings.VAR_DIR, settings.MAILBOX_ENABLED = tmp_path, True
    with open_mailbox(tmp_path) as box:
        box.append([Envelope("news@example.com", ["ada@example.com"], RAW) for _ in range(60)])

    def enter(role: str) -> Client:
        client.force_login(User.objects.create_user(f"a-{role}", password="", role=role))
        return client

    return enter


def test_mails_are_listed_newest_first_in_pages(signed_in: Callable[[str], Client]) -> None:
    client = signed_in("marketer")
    answer = client.get("/mailbox/")
    assert [entry.id for entry, _ in answer.context["rows"]] == list(range(60, 10, -1))
    older = client.get(answer.context["next_url"])
    assert [entry.id for entry, _ in older.context["rows"]] == list(range(10, 0, -1))
    assert older.context["next_url"] == ""
    assert client.get("/mailbox/?q=nobody").context["rows"] == []
    assert b"No mail matches" in client.get("/mailbox/?q=nobody").content


def test_a_mail_shows_headers_text_links_and_its_html_in_a_frame(signed_in: Callable[[str], Client]) -> None:
    client = signed_in("admin")
    page = client.get("/mailbox/1/").content.decode()
    assert "Message-ID" in page and "Hello" in page and "https://shop.example.com/tea" in page
    assert 'src="/mailbox/1/html/"' in page and "alert(1)" not in page
    frame = client.get("/mailbox/1/html/")
    assert b"color:red" in frame.content
    policy = frame["Content-Security-Policy"]
    assert "sandbox" in policy and "script-src" not in policy and "default-src 'none'" in policy
    assert "style-src 'unsafe-inline'" in policy
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    assert client.get("/mailbox/999/").status_code == 404


def test_looking_at_a_mail_asks_for_no_picture_of_it(signed_in: Callable[[str], Client]) -> None:
    # The frame has no origin, so no cookie would tell that a colleague asks: the pixel must not be asked for at all.
    frame = signed_in("marketer").get("/mailbox/1/html/")
    assert b"/t/o/" not in frame.content
    assert "img-src data:;" in frame["Content-Security-Policy"] + ";"


def test_deleting_everything_takes_a_post(signed_in: Callable[[str], Client]) -> None:
    client = signed_in("marketer")
    assert client.get("/mailbox/clear/").status_code == 405
    assert client.post("/mailbox/clear/").status_code == 302
    assert client.get("/mailbox/").context["total"] == 0


def test_who_sees_masked_data_sees_no_mails(signed_in: Callable[[str], Client]) -> None:
    client = signed_in("analyst")
    for address in ("/mailbox/", "/mailbox/1/", "/mailbox/1/html/"):
        assert client.get(address).status_code == 403
    assert client.post("/mailbox/clear/").status_code == 403


def test_with_a_mail_server_of_ones_own_there_is_no_mailbox(signed_in: Callable[[str], Client], settings: Any) -> None:
    client = signed_in("admin")
    settings.MAILBOX_ENABLED = False
    assert client.get("/mailbox/").status_code == 404


def test_nobody_reads_it_without_signing_in(client: Client) -> None:
    assert client.get("/mailbox/").status_code == 302
