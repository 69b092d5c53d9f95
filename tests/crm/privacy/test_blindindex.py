"""Spellings of one address have one index, and the quick way agrees with the full validator."""

import pytest
from email_validator import EmailNotValidError, validate_email

from crm.privacy import blindindex
from crm.privacy.blindindex import InvalidAddress


@pytest.mark.parametrize(
    "spelling", ["ada@example.com", " Ada@Example.COM ", "ADA@EXAMPLE.com", "\uff41da@example.com", "ada@example.com\n"]
)
def test_spellings_of_one_address_have_one_index(spelling: str) -> None:
    assert blindindex.email_index(spelling) == blindindex.email_index("ada@example.com")
    assert len(blindindex.email_index(spelling)) == 16


def test_an_international_domain_has_one_index_in_both_spellings() -> None:
    assert blindindex.canonical_email("ada@bücher.example.com") == "ada@xn--bcher-kva.example.com"
    assert blindindex.email_index("ada@bücher.example.com") == blindindex.email_index("ada@xn--bcher-kva.example.com")


def test_different_addresses_have_different_indexes() -> None:
    assert blindindex.email_index("ada@example.com") != blindindex.email_index("ada+x@example.com")


ADDRESSES = [
    "ada@example.com",
    "a.b-c_d+e@sub.example.com",
    ".ada@example.com",
    "ada.@example.com",
    "a..b@example.com",
    "ada@-example.com",
    "ada@example-.com",
    "ada@example..com",
    "ada@example",
    "ada@example.c",
    "ada@example.123",
    "ada@localhost",
    "ada@x.local",
    "ada@x.test",
    "ada@x.invalid",
    "ada@a--b.example.com",
    "ada@my-shop-1.example.com",
    "ada@xn--a.example.com",
    "ada@a-.example.com",
    "ada@" + "a-" * 31 + "a.com",
    "ada@" + "a-" * 32 + "a.com",
    "ada@ab--c.example.com",
    "ada@xn--bcher-kva.example.com",
    "a" * 64 + "@example.com",
    "a" * 65 + "@example.com",
    "ada@" + "a" * 63 + ".com",
    "ada@" + "a" * 64 + ".com",
    "ada@" + "a." * 125 + "com",
    "ada@example.com.",
    "ada@@example.com",
    "ada bo@example.com",
    "'ada'@example.com",
    "ada@example.com\x00",
    "阿达@example.com",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_the_quick_way_agrees_with_the_full_validator(address: str) -> None:
    try:
        expected = validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError:
        with pytest.raises(InvalidAddress) as refusal:
            blindindex.normal_email(address)
        assert address not in str(refusal.value)
    else:
        assert blindindex.normal_email(address) == expected


@pytest.mark.parametrize("text", ["", "ada", "@example.com", "ada@example"])
def test_a_refusal_says_why_without_the_address(text: str) -> None:
    with pytest.raises(InvalidAddress, match="e-mail address"):
        blindindex.email_index(text)


def test_numbers_dialled_in_different_ways_have_one_index() -> None:
    assert blindindex.canonical_phone("(212) 555-0100", "us") == "+12125550100"
    assert blindindex.phone_index("212 555 0100", "US") == blindindex.phone_index("+1 212-555-0100")


@pytest.mark.parametrize(("text", "region"), [("hello", "US"), ("212 555 0100", ""), ("+1 2", ""), ("", "FR")])
def test_what_is_no_number_is_refused(text: str, region: str) -> None:
    with pytest.raises(InvalidAddress, match="phone number"):
        blindindex.phone_index(text, region)


def test_indexes_of_different_kinds_never_meet() -> None:
    keys = {blindindex.keystore.subkey(label) for label in ("ix/email", "ix/phone", "ix/external", "gate", "suppress")}
    assert len(keys) == 5
