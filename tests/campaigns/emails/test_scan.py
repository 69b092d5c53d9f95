"""What somebody wrote is read in one pass: no text of 200 KB takes long, and no element hides from the reading."""

import time

import pytest

from campaigns.emails import scan
from campaigns.views.framed import without_pictures

MEASURE = 200_000
SHAPES = [
    "{%",
    "{{",
    "{%-",
    "{ ",
    "<a ",
    "<a href=",
    "<img '",
    '<img src="',
    "<!--",
    "<style",
    "<",
    "<a =",
    "{{{%",
    "<img >",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_long_text_is_read_in_one_pass(shape: str) -> None:
    for text in (shape * (MEASURE // len(shape)), shape + " " * MEASURE, shape + " " * MEASURE + "}}%}>-->"):
        began = time.process_time()
        list(scan.tokens(text))
        scan.unclosed(text)
        list(scan.elements(text))
        scan.without_comments(text)
        scan.seen_by_readers(text)
        without_pictures(text)
        assert time.process_time() - began < 5


def test_liquid_is_found_as_the_template_language_finds_it() -> None:
    source = "a {{- x | y -}} { {% if a %}{{b}}{%- endif -%} {% c"
    assert [(token.is_tag, token.inside) for token in scan.tokens(source)] == [
        (False, "x | y"),
        (True, "if a"),
        (False, "b"),
        (True, "endif"),
    ]
    assert [token.written for token in scan.tokens(source)][::3] == ["{{- x | y -}}", "{%- endif -%}"]
    assert scan.unclosed(source) == "{%"
    assert scan.unclosed("{{ a }} {% b %}") == ""


def test_an_attribute_with_an_angle_bracket_hides_no_address() -> None:
    [image] = scan.elements('<img alt=">" title=\'"\' SRC=x.png /> <')
    assert [(one.name, one.value) for one in image.attributes] == [("alt", ">"), ("title", '"'), ("src", "x.png")]
    shown = without_pictures('<img alt=">" src="https://elsewhere.example.com/p.gif"><IMG src=http://a.example.com/b>')
    assert "example.com" not in shown and shown.count("data:image") == 2


def test_comments_and_styles_are_left_out_and_unfinished_ones_stay() -> None:
    assert scan.seen_by_readers("a<!-- <style> -->b<STYLE><!-- </Style>c<!-- d") == "abc<!-- d"
    assert scan.without_comments("<style><!-- x --></style>") == "<style></style>"
