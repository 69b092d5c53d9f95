"""What must be set before mail may leave: sender, postal address and mail server that are the company's own.

Asked at every door that starts, resumes or tries a sending, and by whoever sends, before each group: settings may
change between the start of a campaign and its last mail. The built-in mailbox takes mails with example values, for
nobody outside gets them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

RESERVED = ("example.com", "example.net", "example.org", "example", "invalid", "test", "localhost")
"""Domains nobody can own (RFC 2606), with everything below them."""
LOOPBACK = "localhost"
"""Reserved too, but a mail server of one's own may well run on this machine."""


@dataclass(frozen=True)
class ConfigurationProblem:
    """One setting to see to."""

    code: str
    text: str


class NotConfigured(Exception):
    """No mail may leave yet; `problems` says what to set."""

    def __init__(self, problems: Iterable[ConfigurationProblem]) -> None:
        self.problems = list(problems)
        super().__init__(" ".join(problem.text for problem in self.problems))


def problems(sender_address: str = "") -> list[ConfigurationProblem]:
    """Return what keeps mails from leaving; without an address of their own they come from the workspace's."""
    return [*of_sender(sender_address or settings.SENDER_ADDRESS), *of_installation()]


def must_be_configured(sender_address: str = "") -> None:
    """Raise NotConfigured while something keeps mails from leaving."""
    if found := problems(sender_address):
        raise NotConfigured(found)


def of_sender(address: str) -> Iterator[ConfigurationProblem]:
    """Yield what is wrong with an address mails would come from."""
    domain = address.rpartition("@")[2]
    if not domain:
        yield ConfigurationProblem("no_sender", _("There is no sender address. Set one here or in the settings."))
    elif not settings.MAILBOX_ENABLED and _reserved(domain):
        words = _("The sender address %(address)s is an example. Set your own as SENDER_ADDRESS or in the campaign.")
        yield ConfigurationProblem("example_sender", words % {"address": address})


def of_installation() -> Iterator[ConfigurationProblem]:
    """Yield what is wrong for every sender."""
    outside, postal = not settings.MAILBOX_ENABLED, settings.POSTAL_ADDRESS.strip()
    host = settings.EMAIL_TRANSPORT["host"].lower().rstrip(".")
    if not postal:
        words = _("Your postal address is not set. Marketing mail must carry one.")
        yield ConfigurationProblem("no_postal_address", words)
    elif outside and postal == settings.EXAMPLE_POSTAL_ADDRESS:
        words = _("The postal address is an example. Set your own as POSTAL_ADDRESS; marketing mail must carry it.")
        yield ConfigurationProblem("example_postal_address", words)
    if outside and not host:
        yield ConfigurationProblem("no_mail_server", _("EMAIL_URL names no mail server. Set your own there."))
    elif outside and host != LOOPBACK and _reserved(host):
        words = _("The mail server %(host)s is an example. Set your own as EMAIL_URL.")
        yield ConfigurationProblem("example_mail_server", words % {"host": host})


def _reserved(domain: str) -> bool:
    name = domain.lower().rstrip(".")
    return any(name == reserved or name.endswith(f".{reserved}") for reserved in RESERVED)
