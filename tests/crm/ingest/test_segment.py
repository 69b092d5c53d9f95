"""The door for Segment's payloads."""

import base64
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from crm.access import keys
from crm.catalog.models import Product
from crm.consents.models import ConsentEvent
from crm.consents.purposes import Purpose
from crm.customers.models import Customer, Identity
from crm.interactions.models import Interaction
from crm.privacy import vault

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
AT = "2024-03-05T12:00:00.000Z"


@pytest.fixture
def key() -> str:
    return keys.create(name="shop", scopes=["ingest"], created_by=None)[1]


@pytest.fixture
def send(key: str) -> Any:
    basic = base64.b64encode(f"{key}:".encode()).decode()

    def post(call: str, body: Any, status: int = 200, authorization: str = f"Basic {basic}") -> dict[str, Any]:
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        answer = Client().post(f"/v1/{call}", text, "application/json", headers={"authorization": authorization})
        assert answer.status_code == status, answer.content
        return dict(answer.json())

    return post


def message(kind: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": kind, "messageId": f"m-{number}", "timestamp": AT, "userId": "u-1", **more}


def dump() -> str:
    parts = []
    with connection.cursor() as cursor:
        for table in ("crm_interaction", "crm_customer", "crm_anonymousid", "crm_consentevent", "crm_product"):
            cursor.execute(f"SELECT t::text FROM {table} t")
            parts += [row[0] for row in cursor.fetchall()]
    return "\n".join(parts).casefold()


def test_a_batch_of_every_type_goes_in_and_again_adds_nothing(send: Any) -> None:
    batch = [
        message("page", 1, userId=None, anonymousId="a-1", name="Home", properties={"url": "/?email=ada@example.com"}),
        message("identify", 2, anonymousId="a-1", traits={"email": "ada@example.com", "firstName": "Ada"}),
        message("track", 3, event="Product Viewed", properties={"sku": "L1", "name": "Lamp", "price": 9}),
        message("track", 4, event="Product Added", properties={"sku": "L1", "price": 9, "quantity": 2}),
        message(
            "track",
            5,
            event="Order Completed",
            properties={
                "order_id": "o-1",
                "currency": "EUR",
                "products": [{"sku": "L1", "price": 9, "quantity": 2}, {"sku": "S1", "name": "Shade", "price": 4}],
            },
        ),
        message("track", 6, event="Order Refunded", properties={"order_id": "o-1", "products": [{"sku": "S1"}]}),
        message("track", 7, event="Products Searched", properties={"query": "lamp"}),
        message("track", 8, event="Dance Danced", properties={"shoes": "red", "phone": "+49 151 23456789"}),
        message("track", 9, event="Product Reviewed", properties={"product_id": "L1", "rating": 4}),
        message("alias", 10, previousId="a-2"),
    ]
    first = send("batch", {"batch": batch})
    assert first == {"success": True, "accepted": 11, "known": 0}
    ada = Customer.objects.get(external_id="u-1")
    assert sorted(ada.interactions.values_list("kind", flat=True)) == sorted(
        ["page", "view", "cart", "order", "order", "return", "search", "custom", "rating"]
    )
    assert {str(value) for value in ada.interactions.filter(kind="order").values_list("value", flat=True)} == {
        "18.00",
        "4.00",
    }
    assert Product.objects.get(sku="L1").name == "Lamp"
    assert ada.anonymous_ids.count() == 2
    again = send("batch", {"batch": batch})
    assert Interaction.objects.count() == 9
    assert again["known"] == 9


def test_an_identify_seals_who_somebody_is_and_nothing_of_it_is_in_the_facts(send: Any) -> None:
    traits = {
        "email": "bo@example.com",
        "phone": "+4915123456789",
        "firstName": "Bosse",
        "lastName": "Quillfeather",
        "address": {"street": "Hidden Lane 3", "city": "Nowhere"},
        "birthday": "1990-04-01",
        "plan": "gold",
        "language": "de",
    }
    send("identify", {"userId": "bo@example.com", "traits": traits, "messageId": "i1", "timestamp": AT})
    send("track", message("track", userId="bo@example.com", event="Call +4915123456789", properties=traits))
    customer = Customer.objects.get()
    assert customer.external_id.startswith("h_")
    assert (customer.language, customer.attributes) == ("de", {"plan": "gold"})
    contact = vault.open_one(customer_id=customer.pk, seal="contact", actor="test", reason="test")
    assert contact == {"email": "bo@example.com", "phone": "+4915123456789"}
    identity = vault.open_one(customer_id=customer.pk, seal="identity", actor="test", reason="test")
    assert identity["last_name"] == "Quillfeather"
    facts = dump()
    for secret in ("bo@example", "23456789", "bosse", "quillfeather", "hidden lane", "1990-04"):
        assert secret not in facts, secret


def test_consents_among_the_traits_are_recorded_once(send: Any) -> None:
    body = {"userId": "u-1", "messageId": "i", "timestamp": AT, "traits": {"consents": {"email_marketing": True}}}
    send("identify", body)
    send("identify", body)
    assert Customer.objects.get().permission == Purpose.SERVICE | Purpose.EMAIL_MARKETING
    assert ConsentEvent.objects.count() == 1
    refused = send("identify", {**body, "traits": {"consents": {"flying": True}}})
    assert refused["rejected"][0]["field"] == "consents"


def test_what_was_refused_anonymously_stays_refused_and_what_was_allowed_is_not_carried_over(send: Any) -> None:
    send("identify", {"userId": "u-1", "timestamp": AT, "traits": {"consents": {"profiling": True}}})
    said = {"consents": {"profiling": True, "click_tracking": True}}
    send("identify", {"anonymousId": "a-1", "timestamp": AT, "traits": said})
    send(
        "identify",
        {"anonymousId": "a-1", "timestamp": "2024-03-06T12:00Z", "traits": {"consents": {"profiling": False}}},
    )
    send("alias", {"userId": "u-1", "previousId": "a-1", "timestamp": AT})
    assert Customer.objects.get(external_id="u-1").permission == Purpose.SERVICE


def test_a_visitor_known_by_address_gets_the_shops_id_when_it_is_told(send: Any) -> None:
    body = {"anonymousId": "a-1", "timestamp": AT, "traits": {"email": "cy@example.com"}}
    send("identify", body)
    first = Customer.objects.get(external_id__startswith="h_")
    answer = send(
        "identify", {"userId": "u-7", "anonymousId": "a-1", "timestamp": AT, "traits": {"email": "cy@example.com"}}
    )
    assert "rejected" not in answer
    assert Customer.objects.get(external_id="u-7").pk == first.pk
    assert Identity.objects.count() == 1


def test_two_known_people_are_not_made_one(send: Any) -> None:
    send("batch", {"batch": [message("page"), message("page", 2, userId="u-2")]})
    answer = send("alias", {"userId": "u-1", "previousId": "u-2", "timestamp": AT})
    assert answer["rejected"][0]["field"] == "previousId"
    assert Customer.objects.filter(state="active").count() == 2


def test_an_address_of_somebody_else_is_refused_with_its_reason(send: Any) -> None:
    send("identify", {"userId": "u-1", "timestamp": AT, "traits": {"email": "ada@example.com"}})
    answer = send("identify", {"userId": "u-2", "timestamp": AT, "traits": {"email": "ADA@example.com"}})
    assert answer["rejected"] == [
        {"index": 0, "field": "email", "reason": "This e-mail address belongs to another customer."}
    ]


def test_bad_messages_are_listed_and_the_rest_goes_in(send: Any) -> None:
    answer = send(
        "batch",
        {
            "batch": [
                message("page"),
                "no object",
                message("dance", 2),
                message("track", 3),
                message("track", 4, event="x", timestamp="yesterday"),
                message("track", 5, event="Order Completed", properties={"products": [{"sku": "L", "price": "many"}]}),
                message("track", 6, event="x", properties=[1]),
                message("page", 7, userId=None),
                {"type": "identify", "traits": {"email": "not an address"}, "userId": "u"},
            ]
        },
    )
    assert answer["accepted"] == 1
    assert [item["index"] for item in answer["rejected"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert "not an address" not in json.dumps(answer)


def test_a_message_without_a_time_sent_twice_counts_once(send: Any) -> None:
    body = {"userId": "u", "event": "Waved", "messageId": "once"}
    assert send("track", body)["accepted"] == 1
    assert send("track", body) == {"success": True, "accepted": 0, "known": 1}


@pytest.mark.parametrize("body", ["{", "[]", b"\xff\xfe", '{"batch": 3}', "[" * 100_000])
def test_what_cannot_be_read_is_refused(send: Any, body: str | bytes) -> None:
    assert send("batch", body, status=400)["success"] is False


def test_a_body_or_a_batch_that_is_too_large_is_refused(send: Any) -> None:
    send("track", json.dumps({"userId": "u", "event": "x" * 600_000}), status=413)
    send("batch", {"batch": [{}] * 2501}, status=400)


def test_only_a_key_for_events_opens_the_door(send: Any, key: str) -> None:
    send("page", message("page"), status=401, authorization="")
    send("page", message("page"), status=401, authorization="Bearer relata_no_key")
    reading = keys.create(name="reader", scopes=["read"], created_by=None)[1]
    send("page", message("page"), status=403, authorization=f"Bearer {reading}")
    send("page", message("page"), authorization=f"Bearer {key}")
    send("page", {**message("page", 2), "writeKey": key}, authorization="")
    assert Client().get("/v1/batch").status_code == 405
