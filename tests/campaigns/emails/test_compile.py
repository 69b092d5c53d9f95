"""Layout tools move what they do not know; a compiled mail still says what its author wrote, and nothing dangerous."""

import re

import pytest

from campaigns.emails.compile import compile_text
from campaigns.emails.problems import CompileError
from campaigns.emails.render import render, sample_context
from campaigns.emails.starters import STARTERS, texts

FRAME = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"


def compiled(inside: str, subject: str = "Hello", preheader: str = ""):  # type: ignore[no-untyped-def]  # noqa: ANN201
    return compile_text(subject=subject, preheader=preheader, mjml=FRAME.format(inside))


def codes(inside: str, subject: str = "Hello") -> set[str]:
    with pytest.raises(CompileError) as caught:
        compiled(inside, subject)
    return {problem.code for problem in caught.value.problems}


def test_liquid_comes_back_as_it_was_written() -> None:
    mail = compiled(
        '<mj-text>{% if customer.first_name != "" %}{{ customer.first_name | upcase }}{% endif %}</mj-text>'
    )
    assert '{% if customer.first_name != "" %}{{ customer.first_name | upcase }}{% endif %}' in mail.html
    assert mail.uses == {"customer.first_name"}
    assert mail.needs_name


def test_less_than_and_quotes_survive_the_layout_compiler() -> None:
    mail = compiled(
        "<mj-text>{% if products.size &lt; 2 %}few{% endif %}</mj-text>"
        '<mj-image src="{{ products[0].image_url }}" alt="{{ products[0].name | default: "x" }}" />'
    )
    assert "{% if products.size < 2 %}few{% endif %}" in mail.html
    assert "few" in render(mail, sample_context("en") | {"products": []}).text


def test_a_loop_over_table_rows_keeps_its_rows_inside() -> None:
    mail = compiled(
        "<mj-table>{% for p in products %}<tr><td>{{ p.name }}</td><td>{{ p.price }}</td></tr>{% endfor %}</mj-table>"
    )
    assert re.search(r"{% for p in products %}<tr><td>{{ p.name }}</td>.*</tr>{% endfor %}</table>", mail.html)
    made = render(mail, sample_context("en"))
    assert made.html.count("<tr><td>Green tea") == 2
    assert made.text.count("Green tea") == 2 and made.text.count("€12.90") == 2


def test_a_loop_over_whole_sections_works() -> None:
    section = "<mj-section><mj-column><mj-text>{{ p.name }}</mj-text></mj-column></mj-section>"
    mail = compile_text(
        subject="x",
        preheader="",
        mjml=f"<mjml><mj-body>{{% for p in products %}}{section}{{% endfor %}}</mj-body></mjml>",
    )
    assert render(mail, sample_context("en")).text.count("Green tea") == 2


def test_fixed_links_are_collected_once_and_stand_as_numbers() -> None:
    link = '<mj-text><a href="https://shop.example.com/a?x=1&amp;y=2">A</a></mj-text>'
    mail = compiled(link + link + '<mj-button href="https://shop.example.com/b">B</mj-button>')
    assert mail.links == ("https://shop.example.com/a?x=1&y=2", "https://shop.example.com/b")
    assert "shop.example.com" not in mail.html and "shop.example.com" not in mail.text
    made = render(mail, {"links": ["https://r.example.com/1", "https://r.example.com/2"]})
    assert made.html.count('href="https://r.example.com/1"') == 2
    assert "B https://r.example.com/2" in made.text


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//elsewhere.example.com",
        "https://user@shop.example.com/",
        "ftp://shop.example.com",
        "https://shop.example.com/?name={{ customer.first_name }}",
        "{{ customer.first_name }}",
        "{{ products[0].url | append: '?x' }}",
        "https:///nohost",
    ],
)
def test_a_link_is_a_web_address_or_exactly_one_address_variable(href: str) -> None:
    assert codes(f'<mj-text><a href="{href}">x</a></mj-text>') == {"bad_link"}


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ('<mj-include path="/etc/passwd" />', "tag"),
        ("<mj-raw><script>x</script></mj-raw>", "tag"),
        ("<mj-text><script>alert(1)</script></mj-text>", "tag"),
        ("<mj-text><iframe src='https://x.example.com'></iframe></mj-text>", "tag"),
        ('<mj-text><b onclick="x()">b</b></mj-text>', "attribute"),
        ('<mj-text><b style="background:url(https://x.example.com/p)">b</b></mj-text>', "style"),
        ("<mj-bogus>x</mj-bogus>", "tag"),
        ('<mj-font name="x" href="https://x.example.com" />', "tag"),
        ("<mj-social></mj-social>", "tag"),
        ('<mj-image src="javascript:x" alt="" />', "bad_image"),
        ('<mj-text css-class="{% if offer.name %}a{% endif %}">x</mj-text>', "misplaced"),
        ("<mj-text>{% for p in products %}</mj-text>", "syntax"),
        ("<mj-text>{{ customer.secret }}</mj-text>", "variable"),
        ("<mj-text>{% include 'x' %}</mj-text>", "liquid_tag"),
        ("<mj-text>{{ (1..9) | join: ',' }}</mj-text>", "range"),
        ("<mj-text>unclosed", "mjml"),
    ],
)
def test_what_is_not_allowed_is_named(inside: str, code: str) -> None:
    assert code in codes(inside)


def test_a_comment_of_the_author_cannot_hide_half_a_tag() -> None:
    assert "{%" not in compiled("<mj-text>a<!-- {% for p in products %} -->b</mj-text>").html


def test_nothing_is_loaded_from_elsewhere_but_the_authors_pictures() -> None:
    html = compiled('<mj-text font-family="Roboto">x</mj-text>').html
    assert "fonts.googleapis" not in html and "http" not in re.sub(r'xmlns(:\w)?="[^"]*"|http-equiv', "", html)


def test_the_preheader_stands_before_everything_and_is_not_in_the_text() -> None:
    mail = compiled("<mj-text>body</mj-text>", preheader="First <words> {{ offer.name }}")
    made = render(mail, sample_context("en"))
    assert made.html.index("First &lt;words&gt; Spring offer") < made.html.index(">body<")
    assert "First" not in made.text


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.file)
def test_the_ready_mails_read_well_in_both_languages(starter) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    for text in texts(starter):
        mail = compile_text(subject=text.subject, preheader=text.preheader, mjml=text.mjml)
        made = render(mail, sample_context(text.language))
        for shown in (made.html, made.text):
            assert "1 Example Street" in shown and "SPRING15" in shown and "https://shop.example.com/u" in shown
        assert ("退订" in made.text) == (text.language == "zh-hans")
        assert ("雅达" in made.text + made.subject) == (text.language == "zh-hans")
