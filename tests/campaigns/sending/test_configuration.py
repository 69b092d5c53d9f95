"""Which settings are examples, and what is asked of them."""

from typing import Any

import pytest

from campaigns.sending.configuration import NotConfigured, must_be_configured, problems


@pytest.fixture
def outside(settings: Any, own_sender: str) -> Any:
    """Settings of a company with a mail server of its own."""
    settings.MAILBOX_ENABLED = False
    settings.EMAIL_TRANSPORT = {**settings.EMAIL_TRANSPORT, "host": "mail.lamps.internal"}
    return settings


def test_values_of_ones_own_are_fine(outside: Any) -> None:
    must_be_configured()
    must_be_configured("tea@lamps.internal")
    assert problems() == []


@pytest.mark.parametrize(
    "domain",
    ["example.com", "EXAMPLE.com", "mail.example.org", "example.net.", "a.example", "a.test", "a.invalid", "localhost"],
)
def test_a_sender_in_a_reserved_domain_is_an_example(outside: Any, domain: str) -> None:
    outside.SENDER_ADDRESS = f"news@{domain}"
    (found,) = problems()
    assert found.code == "example_sender" and f"news@{domain}" in found.text and "SENDER_ADDRESS" in found.text
    assert problems("news@lamps.internal") == []


@pytest.mark.parametrize("domain", ["myexample.com", "example.com.lamps.internal", "latest", "contest.shop"])
def test_a_domain_that_only_looks_like_one_is_none(outside: Any, domain: str) -> None:
    assert problems(f"news@{domain}") == []


def test_a_campaigns_own_example_is_found_beside_good_settings(outside: Any) -> None:
    with pytest.raises(NotConfigured, match=r"tea@example\.org"):
        must_be_configured("tea@example.org")


def test_the_postal_address_that_comes_along_is_an_example(outside: Any) -> None:
    outside.POSTAL_ADDRESS = f" {outside.EXAMPLE_POSTAL_ADDRESS} "
    (found,) = problems()
    assert found.code == "example_postal_address" and "POSTAL_ADDRESS" in found.text


@pytest.mark.parametrize("host", ["smtp.example.com", "mail.test", "Mail.Example."])
def test_a_mail_server_in_a_reserved_domain_is_an_example(outside: Any, host: str) -> None:
    outside.EMAIL_TRANSPORT = {**outside.EMAIL_TRANSPORT, "host": host}
    (found,) = problems()
    assert found.code == "example_mail_server" and "EMAIL_URL" in found.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "10.0.0.5"])
def test_a_mail_server_on_this_machine_or_by_number_is_ones_own(outside: Any, host: str) -> None:
    outside.EMAIL_TRANSPORT = {**outside.EMAIL_TRANSPORT, "host": host}
    assert problems() == []


def test_an_address_without_a_host_names_no_mail_server(outside: Any) -> None:
    outside.EMAIL_TRANSPORT = {**outside.EMAIL_TRANSPORT, "host": ""}
    assert [found.code for found in problems()] == ["no_mail_server"]


def test_the_mailbox_takes_examples_but_not_nothing(settings: Any) -> None:
    settings.MAILBOX_ENABLED = True
    settings.SENDER_ADDRESS, settings.POSTAL_ADDRESS = "news@example.com", settings.EXAMPLE_POSTAL_ADDRESS
    assert problems() == []
    settings.SENDER_ADDRESS = settings.POSTAL_ADDRESS = ""
    assert [found.code for found in problems()] == ["no_sender", "no_postal_address"]
