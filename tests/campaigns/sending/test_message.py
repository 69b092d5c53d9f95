"""A mail as bytes reads back as what went in, for any mail program, and no value can start another header."""

import email
import email.policy
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.emails.render import RenderedMail
from campaigns.sending.message import Addressed, BadHeader, build

KEY = UUID("0190a5f0-0000-7000-8000-000000000001")
WHEN = datetime(2026, 3, 14, 10, 30, tzinfo=UTC)
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=120)


def to(**fields: object) -> Addressed:
    known: dict[str, object] = {
        "key": KEY, "date": WHEN, "sender_name": "Shop", "sender_address": "news@example.com",
        "recipient": "ada@example.com", "message_id": 7, "unsubscribe_url": "https://shop.example.com/t/u/x",
    }  # fmt: skip
    return Addressed(**(known | fields))  # type: ignore[arg-type]


def read(mail: RenderedMail, addressed: Addressed) -> email.message.EmailMessage:
    raw = build(mail, addressed)
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return email.message_from_bytes(raw, policy=email.policy.default)


@given(WORDS, WORDS, WORDS)
def test_whatever_is_written_reads_back(subject: str, text: str, name: str) -> None:
    parsed = read(RenderedMail(subject, f"<p>{text}</p>", text), to(sender_name=name))
    assert " ".join(str(parsed["Subject"]).split()) == " ".join(subject.split())
    assert parsed.get_body(("plain",)).get_content().rstrip("\n") == text.rstrip("\n")
    assert f"<p>{text}</p>" in parsed.get_body(("html",)).get_content()
    assert parsed["From"].addresses[0].addr_spec == "news@example.com"


def test_chinese_subjects_and_names_are_encoded() -> None:
    raw = build(RenderedMail("给您的新消息" * 12, "<p>x</p>", "x"), to(sender_name="示例商店"))
    raw.split(b"\r\n\r\n")[0].decode("ascii")
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert parsed["Subject"] == "给您的新消息" * 12
    assert parsed["From"].addresses[0].display_name == "示例商店"


def test_every_try_carries_the_same_name_and_date() -> None:
    parsed = read(RenderedMail("x", "x", "x"), to())
    assert parsed["Message-ID"] == f"<{KEY}@example.com>"
    assert parsed["Date"].datetime == WHEN
    assert parsed["List-Unsubscribe"] == "<https://shop.example.com/t/u/x>"


def test_a_domain_beyond_ascii_is_written_in_ascii() -> None:
    parsed = read(RenderedMail("x", "x", "x"), to(recipient="ada@bücher.example.com"))
    assert parsed["To"] == "ada@xn--bcher-kva.example.com"


@pytest.mark.parametrize(
    "fields", [{"sender_name": "a\r\nBcc: b@example.com"}, {"recipient": "a@example.com\nBcc: b@example.com"}]
)
def test_no_value_starts_another_header(fields: dict[str, object]) -> None:
    with pytest.raises(BadHeader):
        build(RenderedMail("x", "x", "x"), to(**fields))


def test_a_subject_with_a_line_break_is_refused() -> None:
    with pytest.raises(BadHeader):
        build(RenderedMail("a\r\nBcc: b@example.com", "x", "x"), to())
