"""What files and programs say about consent: a no always holds, an empty cell says nothing, a yes says how."""

import base64
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from crm.access import keys
from crm.consents import decide
from crm.consents.models import ConsentEvent
from crm.consents.purposes import BY_KEY, Purpose, keys_of
from crm.customers.models import AnonymousId, Customer
from crm.ingest.models import ImportRun

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
MAIL = "email_marketing"
Send = Callable[..., dict[str, Any]]


def at(**ahead: float) -> str:
    return (timezone.now() + timedelta(**ahead)).isoformat()


def allowed(name: str) -> set[str]:
    return set(keys_of(Customer.objects.get(external_id=name).permission)) - {"service"}


def sender(*scopes: str) -> Send:
    _, key = keys.create(name="shop", scopes=list(scopes), created_by=None)
    login = base64.b64encode(f"{key}:".encode()).decode()

    def post(user: str = "", said: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        traits = {**more.pop("traits", {}), **({"consents": said} if said is not None else {})}
        body = {**({"userId": user} if user else {}), "traits": traits, **more}
        answer = Client().post(
            "/v1/identify", body, content_type="application/json", headers={"Authorization": f"Basic {login}"}
        )
        assert answer.status_code == 200, answer.content
        return dict(answer.json())

    return post


@pytest.fixture
def send() -> Send:
    return sender("ingest")


@pytest.fixture
def import_file(settings: Any, tmp_path: Path) -> Callable[[str], ImportRun]:
    settings.IMPORT_DIR = tmp_path / "imports"

    def imported(text: str) -> ImportRun:
        path = tmp_path / "people.csv"
        path.write_text(text)
        call_command("import", "customers", str(path))
        run = ImportRun.objects.first()
        assert run is not None
        return run

    return imported


def everything(send: Send, name: str = "u1") -> None:
    send(name, dict.fromkeys(BY_KEY, True), timestamp=at(days=-30), traits={"email": f"{name}@example.com"})


def test_a_yes_dated_ahead_by_a_program_is_taken_as_now_and_can_be_withdrawn(send: Send) -> None:
    send("u1", {MAIL: True}, timestamp="2099-01-01T00:00:00Z")
    assert allowed("u1") == {MAIL}
    assert ConsentEvent.objects.get().occurred_at <= timezone.now()
    decide.withdraw(customer=Customer.objects.get(), purposes=Purpose.EMAIL_MARKETING, source="page")
    assert allowed("u1") == set()


@pytest.mark.parametrize(
    "moment",
    ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"],
)
def test_times_at_the_ends_of_the_calendar_are_no_error_and_their_refusal_holds(send: Send, moment: str) -> None:
    everything(send)
    send("u1", {MAIL: False}, timestamp=moment)
    assert MAIL not in allowed("u1")
    send("u2", {MAIL: True}, timestamp=moment)


def test_a_zone_no_database_reads_is_no_error(send: Send) -> None:
    assert "rejected" not in send("u1", {MAIL: True}, timestamp="2024-03-05T12:00:00-23:59")
    assert allowed("u1") == {MAIL}


def test_a_yes_dated_ahead_in_a_file_can_be_withdrawn(import_file: Callable[[str], ImportRun]) -> None:
    import_file("external_id,consent_email,consented_at\nu1,yes,2031-01-01\n")
    assert allowed("u1") == {MAIL}
    decide.withdraw(customer=Customer.objects.get(), purposes=Purpose.EMAIL_MARKETING, source="page")
    assert allowed("u1") == set()


def test_an_empty_consent_cell_says_nothing(send: Send, import_file: Callable[[str], ImportRun]) -> None:
    everything(send)
    before = allowed("u1")
    import_file("external_id,consent_email,consent_profiling\nu1,, \n")
    assert allowed("u1") == before


@pytest.mark.parametrize("word", ["no", "UNSUBSCRIBED", "opted out", "Opt-Out", "non", "否", "退订", "blocklisted"])
def test_a_no_in_the_words_of_other_tools_ends_all_marketing(
    send: Send, import_file: Callable[[str], ImportRun], word: str
) -> None:
    everything(send)
    import_file(f"external_id,consent_email\nu1,{word}\n")
    assert allowed("u1") == {"analytics", "model_training", "sms"}


@pytest.mark.parametrize(
    "row",
    [
        "u1,no address,no,,",
        "u1,,no,maybe,",
        "u1,,no,,two hundred",
        ",u1@example.com,no,,two hundred",
        "u1,taken@example.com,no,,",
    ],
)
def test_a_row_that_cannot_go_in_still_carries_its_no(
    send: Send, import_file: Callable[[str], ImportRun], row: str
) -> None:
    everything(send)
    send("other", traits={"email": "taken@example.com"})
    run = import_file(f"external_id,email,consent_email,consent_sms,age\n{row}\n")
    assert run.rows_rejected == 1
    assert MAIL not in allowed("u1")
    assert "share_third_party" not in allowed("u1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"traits": {"email": "taken@example.com"}},
        {"traits": {"timezone": "Nowhere/Else"}},
        {"timestamp": "the other day"},
        {"said": {MAIL: "no"}},
        {"said": {MAIL: False, "flying": True}},
        {"user": "", "traits": {"email": "u1@example.com", "timezone": "Nowhere/Else"}},
        {"user": "", "anonymousId": "browser", "traits": {"timezone": "Nowhere/Else"}},
    ],
)
def test_a_call_that_cannot_go_in_still_carries_its_no(send: Send, wrong: dict[str, Any]) -> None:
    everything(send)
    AnonymousId.objects.create(value="browser", customer=Customer.objects.get(external_id="u1"))
    send("other", traits={"email": "taken@example.com"})
    assert send(**{"user": "u1", "said": {MAIL: False}, **wrong})["rejected"]
    assert MAIL not in allowed("u1")


def test_a_no_said_anonymously_holds_after_signing_in_although_it_was_the_first_word(send: Send) -> None:
    everything(send)
    send(said={MAIL: False}, anonymousId="browser", timestamp=at(minutes=-3))
    send("u1", anonymousId="browser", timestamp=at(minutes=-2))
    assert MAIL not in allowed("u1")


def test_signing_in_with_a_yes_does_not_undo_the_no_said_before_it(send: Send) -> None:
    everything(send)
    send(said={MAIL: False}, anonymousId="browser")
    send("u1", {MAIL: True}, anonymousId="browser")
    assert MAIL not in allowed("u1")


def test_a_key_that_may_lie_in_a_browser_undoes_no_refusal_and_is_told_so(send: Send) -> None:
    everything(send)
    decide.object_to_marketing(customer=Customer.objects.get(), source="unsubscribe link")
    answer = send("u1", {MAIL: True}, traits={"consent_how": "a box", "language": "de"})
    assert MAIL not in allowed("u1")
    assert answer["rejected"][0]["field"] == "consents"
    assert MAIL in answer["rejected"][0]["reason"]
    assert Customer.objects.get().language == "de"


def test_a_servers_key_undoes_a_refusal_when_it_says_how_and_when(send: Send) -> None:
    everything(send)
    trusted = sender("ingest", "write")
    decide.object_to_marketing(customer=Customer.objects.get(), source="unsubscribe link")
    assert trusted("u1", {MAIL: True})["rejected"]
    assert trusted("u1", {MAIL: True}, traits={"consent_how": "a box"}, timestamp=at(days=-1))["rejected"]
    assert trusted("u1", {MAIL: True}, traits={"consent_how": "a box"}, timestamp=at(minutes=9))["rejected"]
    traits = {"consent_how": "the box of the checkout", "consent_text": "2026-1"}
    assert "rejected" not in trusted("u1", {MAIL: True}, messageId="m-7", traits=traits)
    assert allowed("u1") >= {MAIL}
    event = ConsentEvent.objects.order_by("pk").last()
    assert event is not None
    assert (event.proof, event.text_version) == ({"message": "m-7", "how": "the box of the checkout"}, "2026-1")
    assert Customer.objects.get().attributes == {}


def test_a_file_undoes_a_refusal_only_when_it_says_how_and_when(
    send: Send, import_file: Callable[[str], ImportRun]
) -> None:
    everything(send)
    decide.object_to_marketing(customer=Customer.objects.get(), source="unsubscribe link")
    import_file("external_id,consent_email\nu1,yes\n")
    import_file(f"external_id,consent_email,consented_at\nu1,yes,{at()}\n")
    import_file("external_id,consent_email,consented_at,consent_how\nu1,yes,2024-01-01,card at the till\n")
    import_file(f"external_id,consent_email,consented_at,consent_how\nu1,yes,{at(days=1)},card at the till\n")
    assert MAIL not in allowed("u1")
    run = import_file(f"external_id,consent_email,consented_at,consent_how\nu1,yes,{at()},card at the till\n")
    assert MAIL in allowed("u1")
    event = ConsentEvent.objects.order_by("pk").last()
    assert event is not None
    assert event.proof == {"import": run.pk, "how": "card at the till"}
