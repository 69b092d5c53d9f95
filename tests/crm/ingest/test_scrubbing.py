"""Identifiers never reach the facts."""

import random
from typing import Any

import pytest

from crm.ingest.scrubbing import SUSPECT, clean_id, clean_properties, clean_reference, clean_text, names_identifier
from lib.scrub import scrub


@pytest.mark.parametrize(
    "key",
    ["email", "Email", "e-mail", "userEmail", "phone", "mobilePhone", "first_name", "lastName", "name", "ip", "手机号"],
)
def test_a_key_that_names_an_identifier_is_known(key: str) -> None:
    assert names_identifier(key)
    assert clean_properties({key: "x"}) == {}


@pytest.mark.parametrize("key", ["plan", "color", "shipping_method", "tip", "zipper", "query", "mailing", "latte"])
def test_an_ordinary_key_is_kept(key: str) -> None:
    assert clean_properties({key: "x"}) == {key: "x"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"q": "write to ada@example.com"}, {"q": "write to [email]"}),
        ({"url": "/x?e=ada%40example.com"}, {"url": "/x?e=[email]"}),
        ({"ada@example.com": 1}, {}),
        ({"at": "2024-03-05 12:00:00"}, {"at": "2024-03-05 12:00:00"}),
        ({"n": [1, "ada@example.com", {"email": 1}]}, {"n": [1, "[email]", {}]}),
        ({"deep": {"a": {"b": {"c": 1}}}}, {"deep": {"a": {}}}),
        ({"bad": float("nan"), "huge": 1e300, "ok": 3.5}, {"ok": 3.5}),
    ],
)
def test_properties_are_kept_without_identifiers(given: dict[str, Any], kept: dict[str, Any]) -> None:
    assert clean_properties(given) == kept


def test_ids_that_are_addresses_become_one_pseudonym_however_they_are_written() -> None:
    assert clean_id("Ada@Example.com") == clean_id(" ada@example.com ")
    assert clean_id("+49 151 2345678").startswith("h_")
    assert clean_id("cust-17") == "cust-17"
    assert clean_reference("31198970033") == "31198970033"
    assert clean_reference("a@b.example").startswith("h_")
    assert clean_text("a\x00b") == "ab"


def test_the_short_look_passes_no_text_that_holds_an_address_or_a_number() -> None:
    lot = random.Random(3)
    for _ in range(20_000):
        text = "".join(lot.choices("0123456789+() -.a@%\x00", k=lot.randint(1, 24)))
        if not SUSPECT.search(text):
            assert scrub(text) == text
