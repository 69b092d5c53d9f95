"""Twenty-two inputs that once answered 500, each by name, and what they answer now."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.access import keys
from crm.access.models import ApiKey
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.interactions.models import Interaction
from segmentation.segments.models import Segment

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
HALF = "\\ud83d"
NUL = "\\u0000"
# An event as it is written on the wire; `%s` is the place of what is broken.
TRACK = '{"type":"track","event":"Looked","userId":"u","messageId":"bad","timestamp":"2026-03-01T10:00:00Z",%s}'
REFUSED = {
    "half a character in userId": ('"userId":"a' + HALF + '"', "userId"),
    "half a character in messageId": ('"messageId":"a' + HALF + '"', "messageId"),
    "half a character in sku": ('"properties":{"sku":"a' + HALF + '"}', "sku"),
}
MENDED = {
    "half a character in a property": '"properties":{"comment":"nice ' + HALF + '"}',
    "half a character in a key": '"properties":{"a' + HALF + '":1}',
    "NUL in a property's key": '"properties":{"a' + NUL + 'b":1}',
}


def good(number: int) -> str:
    return json.dumps(
        {
            "type": "track",
            "event": "Looked",
            "userId": "neighbour",
            "messageId": f"good-{number}",
            "timestamp": "2026-03-01T10:00:00Z",
        }
    )


def send(*messages: str) -> Any:
    _row, key = keys.create(name="test", scopes=["ingest"], created_by=None)
    answer = Client(headers={"authorization": f"Bearer {key}"}).post(
        "/v1/batch", '{"batch":[' + ",".join(messages) + "]}", content_type="application/json"
    )
    assert answer.status_code == 200, answer.content
    return answer.json()


def between(message: str) -> Any:
    """Send a message between two good ones, which must both be stored."""
    answer = send(good(1), message, good(2))
    assert Interaction.objects.filter(customer__external_id="neighbour").count() == 2
    return answer


@pytest.mark.parametrize(("written", "field"), REFUSED.values(), ids=REFUSED)
def test_a_broken_id_costs_its_event_alone(written: str, field: str) -> None:
    # The later of two equal names counts.
    answer = between(TRACK % written)
    assert [(item["index"], item["field"]) for item in answer["rejected"]] == [(1, field)]
    assert answer["accepted"] == 2


@pytest.mark.parametrize("written", MENDED.values(), ids=MENDED)
def test_a_broken_text_is_mended_and_its_event_stored(written: str) -> None:
    answer = between(TRACK % written)
    assert answer["accepted"] == 3
    stored = Interaction.objects.get(message_id="bad")
    json.dumps(stored.properties, ensure_ascii=False).encode()


def test_half_a_character_in_a_trait_is_mended() -> None:
    answer = between(
        '{"type":"identify","userId":"u","messageId":"bad","timestamp":"2026-03-01T10:00:00Z",'
        '"traits":{"mood":"good ' + HALF + '"}}'
    )
    assert "rejected" not in answer
    assert Customer.objects.get(external_id="u").attributes == {"mood": "good \ufffd"}


def test_half_a_character_in_previous_id_costs_its_message_alone() -> None:
    answer = between('{"type":"alias","userId":"u","messageId":"bad","previousId":"' + HALF + '"}')
    assert [(item["index"], item["field"]) for item in answer["rejected"]] == [(1, "previousId")]


@pytest.mark.parametrize(
    "stamp",
    ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"],
    ids=["identify at the calendar's end", "identify at the calendar's beginning"],
)
def test_an_identify_at_the_ends_of_the_calendar_costs_itself_alone(stamp: str) -> None:
    traits = '"traits":{"consents":{"email_marketing":true}}'
    answer = between('{"type":"identify","userId":"u","messageId":"m","timestamp":"' + stamp + '",' + traits + "}")
    assert [item["index"] for item in answer["rejected"]] == [1]
    assert not Customer.objects.filter(external_id="u").exists()


def test_a_refusal_holds_though_another_id_of_its_message_is_broken(ada: Customer) -> None:
    answer = between(
        '{"type":"identify","userId":"ada","messageId":"' + HALF + '","timestamp":"2026-03-01T10:00:00Z",'
        '"traits":{"consents":{"email_marketing":false}}}'
    )
    assert [(item["index"], item["field"]) for item in answer["rejected"]] == [(1, "messageId")]
    ada.refresh_from_db()
    assert not ada.permission & Purpose.EMAIL_MARKETING


@pytest.fixture
def segment() -> Segment:
    return Segment.objects.create(name="Kept", kind="rule", rule={"all": []})


def post_nul_person(client: Client, segment: Segment, person: Customer) -> Any:
    return client.post("/privacy/", {"id": "a\0"})


def post_nul_reason(client: Client, segment: Segment, person: Customer) -> Any:
    return client.post(f"/customers/{person.uuid}/reveal/", {"reason": "asked\0"})


def post_nul_name(client: Client, segment: Segment, person: Customer) -> Any:
    return client.post(f"/segments/{segment.pk}/rename/", {"name": "a\0"})


def get_superscript_page(client: Client, segment: Segment, person: Customer) -> Any:
    return client.get(f"/segments/{segment.pk}/?after=²")


def post_superscript_run(client: Client, segment: Segment, person: Customer) -> Any:
    return client.post(f"/segments/{segment.pk}/rename/", {"name": "Kept", "run": "²"})


def post_superscript_segment(client: Client, segment: Segment, person: Customer) -> Any:
    return client.post("/segments/preview/", {"segment": "²"})


def post_endless_segment(client: Client, segment: Segment, person: Customer) -> Any:
    return client.post("/segments/preview/", {"segment": "9" * 5000})


def get_endless_mailbox_page(client: Client, segment: Segment, person: Customer) -> Any:
    return client.get(f"/mailbox/?before={2**64}")


def get_endless_mail(client: Client, segment: Segment, person: Customer) -> Any:
    return client.get(f"/mailbox/{2**64}/")


def get_endless_mail_frame(client: Client, segment: Segment, person: Customer) -> Any:
    return client.get(f"/mailbox/{2**64}/html/")


def get_wordy_cursor(client: Client, segment: Segment, person: Customer) -> Any:
    cursor = base64.b64encode(b"p=abc").decode()
    return client.get(f"/api/v1/segments/{segment.pk}/members/", {"cursor": cursor})


def post_last_day_of_all(client: Client, segment: Segment, person: Customer) -> Any:
    return client.post("/data/keys/", {"name": "k", "scopes": ["read"], "last_day": "9999-12-31"})


Ask = Callable[[Client, Segment, Customer], Any]
PAGES: dict[str, tuple[Ask, int]] = {
    "NUL in the id of the privacy centre": (post_nul_person, 400),
    "NUL in a reveal's reason": (post_nul_reason, 400),
    "NUL in a segment's new name": (post_nul_name, 400),
    "superscript two as a segment's page": (get_superscript_page, 200),
    "superscript two as a rename's run": (post_superscript_run, 302),
    "superscript two as a preview's segment": (post_superscript_segment, 200),
    "5,000 digits as a preview's segment": (post_endless_segment, 200),
    "a mailbox page beyond 64 bits": (get_endless_mailbox_page, 200),
    "a mail beyond 64 bits": (get_endless_mail, 404),
    "a mail's frame beyond 64 bits": (get_endless_mail_frame, 404),
    "a cursor that is no number": (get_wordy_cursor, 404),
    "a key until the last day of all": (post_last_day_of_all, 422),
}


@pytest.mark.parametrize(("ask", "status"), PAGES.values(), ids=PAGES)
def test_a_page_answers_what_is_wrong(
    admin: Client, segment: Segment, ada: Customer, ask: Ask, status: int, settings: Any, tmp_path: Any
) -> None:
    settings.VAR_DIR = tmp_path
    assert ask(admin, segment, ada).status_code == status
    segment.refresh_from_db()
    assert segment.name == "Kept"
    assert not ApiKey.objects.exists()


def test_the_list_names_all_twenty_two() -> None:
    assert len(REFUSED) + len(MENDED) + len(PAGES) + len(["trait", "previousId", "end", "beginning"]) == 22


# --- Their kinds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    ["9" * 30, "9" * 400, "9" * 5000, "1e400", "-1e400", "NaN", "Infinity", '"' + "9" * 500 + '"', '"1e999999999"'],
)
@pytest.mark.parametrize("name", ["price", "quantity", "rating", "anything"])
def test_a_number_beyond_every_limit_costs_its_event_alone(name: str, value: str) -> None:
    properties = '"event":"Product Added","properties":{"sku":"a","' + name + '":' + value + "}"
    answer = between(TRACK % properties)
    assert {item["index"] for item in answer.get("rejected", [])} <= {1}


@pytest.mark.parametrize("stamp", ["9" * 13, "9" * 400, "²", "٣٣٣٣٣٣٣٣٣٣", "0001-01-01", "9999-12-31T23:59:59-14:00"])
def test_a_time_at_the_ends_of_the_calendar_costs_its_event_alone(stamp: str) -> None:
    answer = between(TRACK.replace("2026-03-01T10:00:00Z", stamp) % '"properties":{}')
    assert {item["index"] for item in answer.get("rejected", [])} <= {1}


@pytest.mark.parametrize("depth", [30, 300])
def test_a_deep_property_costs_its_event_alone(depth: int) -> None:
    message = TRACK.replace('"messageId":"bad",', "") % ('"properties":{"a":' + "[" * depth + "]" * depth + "}")
    answer = between(message)
    assert {item["index"] for item in answer.get("rejected", [])} <= {1}


def test_half_a_character_as_bytes_is_mended() -> None:
    _row, key = keys.create(name="test", scopes=["ingest"], created_by=None)
    body = b'{"userId":"u","messageId":"m","event":"Looked","properties":{"a":"\xed\xa0\xbd"}}'
    answer = Client(headers={"authorization": f"Bearer {key}"}).post("/v1/track", body, content_type="application/json")
    assert answer.json()["accepted"] == 1


def test_a_write_key_with_half_a_character_is_no_key() -> None:
    answer = Client().post("/v1/track", '{"writeKey":"relata_' + HALF + '"}', content_type="application/json")
    assert answer.status_code == 401


def test_nobody_names_an_encoding_that_hides_a_nul(admin: Client) -> None:
    answer = admin.get("/products/?q=%5Cx00%5Cud83d", headers={"content-type": "text/plain; charset=unicode_escape"})
    assert answer.status_code == 200
