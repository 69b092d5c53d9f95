"""A marketer's template cannot read what it should not, run for ever, or fill the memory."""

import time
import tracemalloc

import pytest
from liquid.exceptions import LiquidError

from campaigns.emails import liquid
from campaigns.emails.problems import CompileError


def attempt(source: str, **context: object) -> str:
    return liquid.parse(source, html=True).render(**context)


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in l %}{% for b in l %}{% for c in l %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in l %}{% for b in l %}{% for c in l %}{% endfor %}{% endfor %}{% endfor %}",
        "{{ 'aaaaaaaaaaaaaaaa'" + " | replace: 'a', 'aaaaaaaaaaaaaaaa'" * 7 + " }}",
        "{% assign x = 'aaaaaaaaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 26 + "{{ x }}",
        "{{ 'x'" + " | append: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' | replace: 'a', 'aaaaaaaaaa'" * 9 + " }}",
        "{{ 99999999" + " | times: 99999999" * 12 + " }}",
        "{% for i in (1..10000000) %}{% endfor %}",
        "{{ (1..10000000) | join: ',' }}",
        "{% if x %}" * 500 + "{% endif %}" * 500,
    ],
)
def test_attacks_end_at_once_and_small(source: str) -> None:
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises((LiquidError, CompileError)):
        attempt(source, l=list(range(300)), x="x")
    seconds = time.perf_counter() - began
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 2
    assert peak < 20_000_000


@pytest.mark.parametrize(
    "source",
    [
        "{% include 'x' %}",
        "{% render 'x' %}",
        "{% layout 'x' %}",
        "{% increment x %}",
        "{% decrement x %}",
        "{% tablerow a in l %}{% endtablerow %}",
        "{% raw %}{{ x }}{% endraw %}",
        "{% capture x %}{% endcapture %}",
        "{% liquid echo x %}",
        "{{ x | date: '%Y' }}",
        "{{ x | safe }}",
        "{{ x | map: 'y' }}",
    ],
)
def test_what_is_not_on_the_lists_is_refused(source: str) -> None:
    try:
        found = liquid.used(source)[1]
    except CompileError as error:
        found = error.problems
    assert found


def test_values_are_escaped_in_html_and_not_in_text() -> None:
    source = "{{ customer.first_name }}"
    context = {"customer": {"first_name": "<b>&\"'"}}
    assert liquid.parse(source, html=True).render(**context) == "&lt;b&gt;&amp;&#34;&#39;"
    assert liquid.parse(source, html=False).render(**context) == "<b>&\"'"


def test_attributes_of_objects_are_out_of_reach() -> None:
    assert attempt("{{ x.__class__ }}{{ x['__class__'] }}{{ x.keys }}", x={"a": 1}) == ""
    assert {problem.code for problem in liquid.used("{{ customer.__class__ }}")[1]} == {"variable"}
