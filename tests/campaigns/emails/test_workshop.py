"""No mail that somebody writes stops the house: it is compiled apart, within limits, and told what is wrong with it."""

import time

import pytest

from campaigns.emails import workshop
from campaigns.emails.proof import Draft
from campaigns.emails.render import RenderError, missing_in, render, render_lawful, sample_context
from campaigns.emails.starters import STARTERS, texts
from campaigns.emails.workshop import proof_read
from tests.campaigns.emails.test_proof import FOOTER, body

MEASURE = 200_000


def codes(mjml: str) -> set[str]:
    return {problem.code for problem in proof_read(Draft("Hello", "", mjml)).errors}


def nested(tag: str, depth: int) -> str:
    return f"<mjml><mj-body>{f'<{tag}>' * depth}{f'</{tag}>' * depth}</mj-body></mjml>"


@pytest.mark.parametrize(
    ("mjml", "expected"),
    [
        (body("<mj-text>{{" + " " * 6_000 + "</mj-text>"), "syntax"),
        (body("<mj-text>{%" + " " * 6_000 + "</mj-text>"), "syntax"),
        (body("<mj-text>{{" + " " * 6_000 + "}}</mj-text>"), "syntax"),
        (body("<mj-text>{{ x" + " | upcase" * 6_000 + " }}</mj-text>"), "long_token"),
        (body("<mj-text>{% if a %}" + "{% elsif a %}" * 8_000 + "{% endif %}</mj-text>"), "many_tokens"),
        (nested("mj-wrapper", 3_000), "deep"),
        (nested("div", 15_000), "deep"),
        ("<" * MEASURE, "mjml"),
        ("<mjml " * (MEASURE // 6), "mjml"),
        ("<!--" * (MEASURE // 4), "mjml"),
        ("x" * (MEASURE + 10_000), "too_long"),
    ],
)
def test_a_hostile_mail_is_answered_in_words_within_five_seconds(mjml: str, expected: str) -> None:
    began = time.monotonic()
    found = codes(mjml)
    assert time.monotonic() - began < 5
    assert found & {expected, "slow"} and (expected in found or expected == "mjml")


@pytest.mark.parametrize(
    "shape", ["<a ", "<a href='", "<!", "<![", "<?", "<mj-text x=", "&", "&#", "<p/", "</", "<b '"]
)
def test_any_long_shape_is_answered_within_five_seconds(shape: str) -> None:
    began = time.monotonic()
    assert codes(body(f"<mj-text>{shape * (MEASURE // len(shape) - 60)}</mj-text>"))
    assert time.monotonic() - began < 5


def test_ready_mails_are_compiled_apart_as_they_are_here() -> None:
    for starter in STARTERS:
        for text in texts(starter):
            proof = proof_read(text)
            assert proof.problems == [] and proof.compiled is not None and proof.example is not None
            assert render(proof.compiled, sample_context(text.language, proof.compiled.links)) == proof.example


def test_a_mail_is_compiled_in_a_moment() -> None:
    proof_read(Draft("Warm", "", body(FOOTER)))
    spent = []
    for number in range(10):
        began = time.perf_counter()
        proof_read(Draft(f"Mail {number}", "", body(FOOTER)))
        spent.append(time.perf_counter() - began)
    assert min(spent) < 0.25


@pytest.mark.parametrize(
    ("literal", "where"),
    [
        ("<script>alert(1)</script>", "{{ %s }}"),
        ("<img src='https://elsewhere.example.com/p.gif'>".replace("'", ""), "{{ %s }}"),
        ("<a href=javascript:x>", "{%% assign a = %s %%}{{ a }}"),
        ("<form>", "{{ 'x' | append: %s }}"),
        ("<form>", "{{ 'x' | replace: 'x', %s }}"),
        ("<form>", "{{ customer.nothing | default: %s }}"),
        ("&lt;form>", "{{ %s }}"),
    ],
)
def test_a_quoted_text_of_a_template_is_escaped_like_any_value(literal: str, where: str) -> None:
    inside = FOOTER + "<mj-text>" + (where % f"'{literal}'").replace("<", "&lt;").replace(">", "&gt;") + "</mj-text>"
    proof = proof_read(Draft("Hello", "", body(inside)))
    shown = proof.example.html if proof.example else ""
    assert not any(tag in shown for tag in ("<script", 'elsewhere.example.com/p.gif">', "<a href=java", "<form"))


def test_a_quoted_text_cannot_leave_its_attribute() -> None:
    inside = FOOTER + """<mj-text><b title="{{ '" onclick="x' }}">b</b></mj-text>"""
    proof = proof_read(Draft("Hello", "", body(inside)))
    assert proof.example is None or 'onclick="x' not in proof.example.html


def test_a_value_is_escaped_once_also_where_the_author_asks_for_it() -> None:
    inside = FOOTER + "<mj-text>{{ customer.first_name | escape }}</mj-text>"
    compiled = workshop.compiled(Draft("Hello", "", body(inside)))
    mail = render(compiled, sample_context("en") | {"customer": {"first_name": "A & B"}})
    assert "A &amp; B" in mail.html and "A & B" in mail.text


BOB = '{% if customer.first_name == "Bob" %}{% else %}' + FOOTER + "{% endif %}"


def test_a_reader_from_whom_a_condition_hides_the_footer_gets_no_mail() -> None:
    compiled = workshop.must_compile(Draft("Hello", "", body(BOB)))
    context = sample_context("en", compiled.links)
    assert missing_in(render_lawful(compiled, context), context) == []
    with pytest.raises(RenderError, match=r"no unsubscribe link for this reader, .* no postal address"):
        render_lawful(compiled, context | {"customer": {"first_name": "Bob"}})


def test_a_footer_inside_a_condition_is_warned_of() -> None:
    def warned(inside: str) -> set[str]:
        return {problem.code for problem in proof_read(Draft("Hello", "", body(inside))).problems}

    assert warned(BOB) == {"some_no_unsubscribe", "some_no_address"}
    assert warned("{% if offer.name %}<mj-text>Hi</mj-text>{% endif %}" + FOOTER) == set()


def test_a_mail_says_its_language_and_its_title() -> None:
    subject = "{% if customer.first_name %}{{ customer.first_name }}, {% endif %}R&D <news>"
    for language, written in (("en", "en"), ("zh-hans", "zh-Hans")):
        example = proof_read(Draft(subject, "", body(FOOTER), language)).example
        name = "雅达" if language.startswith("zh") else "Ada"
        assert example is not None
        assert f'<html lang="{written}"' in example.html
        assert f"<title>{name}, R&amp;D &lt;news&gt;</title>" in example.html


def test_what_the_author_says_of_language_and_title_stays() -> None:
    mjml = body(FOOTER).replace("<mjml>", '<mjml lang="fr"><mj-head><mj-title>Nouvelles</mj-title></mj-head>')
    example = proof_read(Draft("Hello", "", mjml)).example
    assert example is not None
    assert '<html lang="fr"' in example.html and "<title>Nouvelles</title>" in example.html


def test_a_link_longer_than_the_ledger_holds_is_told_at_the_mail() -> None:
    long = "https://shop.example.com/?" + "x" * 1_000
    assert codes(body(f'{FOOTER}<mj-text><a href="{long}">x</a></mj-text>')) == {"long_link"}
