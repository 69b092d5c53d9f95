"""A proof finds what would make a mail illegal, unreadable or broken."""

import pytest

from campaigns.emails.compile import compile_text
from campaigns.emails.proof import Draft, proof_read
from campaigns.emails.render import RenderedMail, RenderError, render, sample_context
from tests.campaigns.mailing import MJML

FOOTER = '<mj-text><a href="{{ unsubscribe_url }}">Stop</a> {{ postal_address }}</mj-text>'


def body(inside: str) -> str:
    return f"<mjml><mj-body><mj-section><mj-column>{inside}</mj-column></mj-section></mj-body></mjml>"


def found(mjml: str, subject: str = "Hello") -> set[tuple[str, str]]:
    return {(problem.severity, problem.code) for problem in proof_read(Draft(subject, "", mjml)).problems}


def test_a_complete_mail_has_no_problem() -> None:
    assert found(MJML) == set()


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<mj-text>Hi</mj-text>", {("error", "no_unsubscribe"), ("error", "no_address")}),
        ("<mj-text>{{ unsubscribe_url }} {{ postal_address }}</mj-text>", {("error", "no_unsubscribe")}),
        ("{% if offer.name %}" + FOOTER + "{% endif %}", {("error", "no_unsubscribe"), ("error", "no_address")}),
        (FOOTER + '<mj-image src="https://x.example.com/a.png" />', {("warning", "alt")}),
        (FOOTER + "<mj-text>" + "word " * 20_000 + "</mj-text>", {("error", "too_large")}),
        (FOOTER + "<mj-text>{{ nothing }}</mj-text>", {("error", "variable")}),
    ],
)
def test_what_is_missing_is_named(inside: str, expected: set[tuple[str, str]]) -> None:
    assert found(body(inside)) - {("warning", "no_text")} == expected


def test_a_mail_without_a_subject_is_refused() -> None:
    assert ("error", "no_subject") in found(body(FOOTER), " ")


def one(subject: str, **context: object) -> RenderedMail:
    compiled = compile_text(subject=subject, preheader="", mjml=body(FOOTER))
    return render(compiled, sample_context("en") | context)


@pytest.mark.parametrize("name", ["Ada\r\nBcc: x@example.com", "Ada\nx", "Ada\x00", "Ada\u2028x"])
def test_a_subject_cannot_start_another_header(name: str) -> None:
    with pytest.raises(RenderError):
        one("Hi {{ customer.first_name }}", customer={"first_name": name})


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:x", "https://a@b.example.com", "/relative"])
def test_an_address_from_data_must_be_a_web_address(url: str) -> None:
    with pytest.raises(RenderError):
        one("Hi", offer={"url": url})


def test_an_empty_value_counts_as_none() -> None:
    subject = "{% if customer.first_name %}{{ customer.first_name }}, hello{% else %}Hello{% endif %}"
    assert one(subject, customer={"first_name": ""}).subject == "Hello"
    assert one(subject, customer={"first_name": "Ada"}).subject == "Ada, hello"


def test_only_plain_values_enter_a_mail() -> None:
    class Sneaky(str):
        secret = "x"

    for value in (object(), Sneaky("x"), {1: "x"}, [[[[["deep"]]]]]):
        with pytest.raises(RenderError):
            one("Hi", offer={"name": value})
