"""The suppression list from the command line."""

import io
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from crm.access.models import Act
from crm.access.verbs import Verb
from crm.customers.models import Customer
from crm.privacy import suppression
from crm.privacy.models import Opening, Suppression

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
Reason = suppression.Reason


def run(*words: object, typed: str = "", monkeypatch: pytest.MonkeyPatch | None = None) -> str:
    if monkeypatch:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{typed}\n"))
    out = StringIO()
    call_command("suppression", *(str(word) for word in words), stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def listed() -> None:
    """One entry of each of three reasons, the complaint a week old."""
    for name, reason in {"gone": Reason.BOUNCED, "left": Reason.UNSUBSCRIBED, "cross": Reason.COMPLAINED}.items():
        suppression.suppress(emails=[f"{name}@example.com"], reason=reason)
    Suppression.objects.filter(reason=Reason.COMPLAINED).update(created_at=timezone.now() - timedelta(days=7))


@pytest.mark.usefixtures("listed")
def test_the_list_is_filtered_by_reason_by_what_it_stops_and_by_day() -> None:
    assert "bounced 1, complained 1, unsubscribed 1" in run("list")
    assert "unsubscribed, stops marketing\nunsubscribed 1\n" in run("list", "--reason", "unsubscribed")
    assert run("list", "--stops", "transactional").endswith("bounced 1, complained 1\n")
    assert run("list", "--since", timezone.localdate() - timedelta(days=1)).endswith("bounced 1, unsubscribed 1\n")
    assert run("list", "--reason", "erased") == "Nobody.\n"
    assert run("list", "--limit", 1).count("stops") == 1


def test_the_customers_on_it_are_listed_by_their_public_ids(ada: Customer, bo: Customer) -> None:
    suppression.suppress(emails=["ada@example.com"], reason=Reason.BOUNCED)
    said = run("list", "--customers")
    assert f"{ada.uuid}  bounced, stops transactional and marketing" in said and str(bo.uuid) not in said
    assert said.endswith("1 customers\n")
    with pytest.raises(CommandError, match="--since"):
        run("list", "--customers", "--since", "2026-11-30")


def test_somebody_listed_is_explained_by_lane_and_nothing_is_opened(ada: Customer) -> None:
    suppression.suppress(emails=["ada@example.com"], reason=Reason.UNSUBSCRIBED)
    said = run("explain", ada.uuid)
    assert "On the list: unsubscribed, stops marketing." in said
    assert "marketing: On the suppression list" in said and "transactional: may be written to" in said
    assert not Opening.objects.exists()


def test_an_address_is_read_from_standard_input_and_never_repeated(
    monkeypatch: pytest.MonkeyPatch, ada: Customer
) -> None:
    suppression.suppress(emails=["ada@example.com"], reason=Reason.BOUNCED)
    said = run("explain", typed="Ada@Example.com", monkeypatch=monkeypatch)
    assert f"On the list since {timezone.now():%Y-%m-%d}" in said and f"Customer {ada.uuid}:" in said
    other = run("explain", typed="nobody@example.com", monkeypatch=monkeypatch)
    assert other == "This address is not on the list.\nNo customer has this address.\n"
    assert "example.com" not in (said + other).lower()


@pytest.mark.parametrize("verb", ["explain", "lift"])
def test_an_address_as_an_argument_is_refused_without_repeating_it(verb: str) -> None:
    because = ["--because", "asked"] if verb == "lift" else []
    with pytest.raises(CommandError, match="standard input") as refused:
        run(verb, "ada@example.com", *because)
    assert "ada" not in str(refused.value)


def test_lifting_takes_off_and_is_written_down(monkeypatch: pytest.MonkeyPatch, ada: Customer) -> None:
    suppression.suppress(emails=["ada@example.com", "new@example.com"], reason=Reason.BOUNCED)
    assert "it was listed as bounced" in run("lift", ada.uuid, "--because", "works")
    run("lift", "--because", "mistake", typed="new@example.com", monkeypatch=monkeypatch)
    assert not Suppression.objects.exists()
    found = Act.objects.filter(verb=Verb.LIFTED).order_by("id").values_list("kind", "program", "details__why")
    assert list(found) == [("crm.customer", "command", "works"), ("suppression", "command", "mistake")]
    with pytest.raises(CommandError, match="not on the suppression list"):
        run("lift", ada.uuid, "--because", "works")


def test_lifting_needs_a_reason_and_the_erased_a_word_that_it_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    suppression.suppress(emails=["cy@example.com"], reason=Reason.ERASED)
    with pytest.raises(CommandError, match="--because"):
        run("lift", typed="cy@example.com", monkeypatch=monkeypatch)
    with pytest.raises(CommandError, match="erased"):
        run("lift", "--because", "asked", typed="cy@example.com", monkeypatch=monkeypatch)
    run("lift", "--because", "asked", "--erased", typed="cy@example.com", monkeypatch=monkeypatch)
    assert not Suppression.objects.exists()
