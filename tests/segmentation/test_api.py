"""Segments over REST: keys, pages, streams, and who may see addresses."""

import csv
import io
import json

import pytest
from django.test import Client

from crm.access import keys
from crm.customers.models import Customer
from crm.privacy.models import Opening
from segmentation.segments import edit
from segmentation.segments.models import Segment
from tests.segmentation.people import customers, portray

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


@pytest.fixture
def segment(ada: Customer) -> Segment:
    """Twelve people, Ada among them, one of whom calls herself a formula."""
    for customer in [ada, *customers(10), *customers(1, external_id="=1+1")]:
        portray(customer, orders=4)
    return edit.create(name="Many", rule={"all": [{"field": "orders", "op": "at_least", "value": 3}]})


def caller(*scopes: str) -> dict[str, str]:
    """Return the header of a key with these scopes."""
    _row, text = keys.create(name="test", scopes=list(scopes), created_by=None)
    return {"authorization": f"Bearer {text}"}


def streamed(answer: object) -> str:
    """Return the whole of a streamed answer."""
    return b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]


def test_segments_are_listed_and_shown(client: Client, segment: Segment) -> None:
    reader = caller("read")
    [listed] = client.get("/api/v1/segments/", headers=reader).json()["results"]
    shown = client.get(f"/api/v1/segments/{segment.pk}/", headers=reader).json()
    assert listed == shown
    assert (shown["size"], shown["rule"]["all"][0]["field"]) == (12, "orders")


def test_members_come_page_by_page_and_nobody_twice(client: Client, segment: Segment) -> None:
    reader = caller("read")
    url, found = f"/api/v1/segments/{segment.pk}/members/?limit=5", []
    while url:
        page = client.get(url, headers=reader).json()
        found += [row["customer"] for row in page["results"]]
        url = page["next"]
    assert len(found) == len(set(found)) == 12


@pytest.mark.parametrize("path", ["", "1/", "1/members/", "1/export/"])
def test_without_a_key_nothing_is_answered(client: Client, db: None, path: str) -> None:
    assert client.get(f"/api/v1/segments/{path}").status_code == 401
    assert client.get(f"/api/v1/segments/{path}", headers=caller("ingest")).status_code == 403


def test_the_export_streams_csv_that_no_spreadsheet_computes(client: Client, segment: Segment) -> None:
    answer = client.get(f"/api/v1/segments/{segment.pk}/export/", headers=caller("read") | {"accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(streamed(answer))))
    assert len(rows) == 12
    assert "'=1+1" in {row["external_id"] for row in rows}
    assert not Opening.objects.exists()


def test_the_export_streams_ndjson(client: Client, segment: Segment) -> None:
    answer = client.get(f"/api/v1/segments/{segment.pk}/export/?form=ndjson", headers=caller("read"))
    assert len([json.loads(line) for line in streamed(answer).splitlines()]) == 12


def test_contact_data_needs_its_own_scope_and_is_logged(client: Client, segment: Segment) -> None:
    url = f"/api/v1/segments/{segment.pk}/export/?form=ndjson&contact=1"
    assert client.get(url, headers=caller("read")).status_code == 403
    assert "ada@example.com" in streamed(client.get(url, headers=caller("read_contact")))
    assert Opening.objects.filter(actor__startswith="api:").count() == 2


def test_an_unknown_segment_or_form_is_not_found(client: Client, segment: Segment) -> None:
    assert client.get("/api/v1/segments/987654/members/", headers=caller("read")).status_code == 404
    assert client.get(f"/api/v1/segments/{segment.pk}/export/?form=xls", headers=caller("read")).status_code == 404
