"""Whatever is written into an address, a form or an event: no page answers 500."""

import base64
import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from campaigns.models import Campaign, EmailTemplate, Offer
from crm.access import keys
from crm.catalog.models import Product
from crm.customers.models import Customer
from crm.ingest import upload
from crm.ingest.models import ImportRun
from crm.ingest.runs import run_import
from crm.interactions.models import Interaction
from recommendations.serving.models import Placement
from segmentation.segments.models import Segment
from tests.campaigns.planning import shop
from tests.hostile.pages import Ask, asks
from tests.recommendations import shelves

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
BUDGET = settings(
    max_examples=80,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
WRITTEN = [
    "", " ", "0", "-1", "²", "٣", "𝟘", "1_0", "+1", "1.5", "1e5", "1e400", "NaN", "Infinity", "-Infinity", "9" * 19,
    "9" * 30, "9" * 400, "9" * 5000, str(2**31), str(2**63), "-" + "9" * 30, "\0", "a\0b", "\ufffe", "\u202e", "😀",
    "x" * 400, "x" * 20_000, "0001-01-01", "9999-12-31", "0001-01-01T00:00", "9999-12-31T23:59", "2026-02-30", "24:61",
    "9999-12-31T23:59:59-23:59~1", "never-1", "1-1", "9" * 17 + "-" + "9" * 19, "2026-01-01T00:00:00+00:00~" + "9" * 30,
    "{{", "{%" + " " * 6000, "{{ x | date }}", "<mjml>", "<script>", "'", "\\", "%", "%00", "%s", "${1}", "[]", "{}",
    "null", "true", "[" * 500, "a@b", "a@" + "b" * 300 + ".example", "+" + "1" * 30, "javascript:alert(1)", "//x",
    "http://[", "http://a:99999999/", "../../etc/passwd", "00000000-0000-0000-0000-000000000000", "add", "all", "1",
    base64.b64encode(b"p=abc").decode(), "bz05OTk5OTk5OTk5OSZwPTE=", base64.b64encode(b"\xff").decode(),
]  # fmt: skip
HOSTILE = st.one_of(st.sampled_from(WRITTEN), st.text(st.characters(exclude_categories=["Cs"]), max_size=40))


@pytest.fixture
def everything(admin: Client, ada: Customer) -> list[Ask]:
    """All there is to ask of a shop that has one of each thing."""
    known: dict[str, object] = {"uuid": ada.pk and ada.uuid, "customer": ada.uuid, "form": "csv", "act": "pause"}
    mail = shop.template()
    segment = shop.segment("Tea", [shop.painted(shop.person(first_name="Eve"))])
    offer = shop.offer()
    draft = shop.campaign((segment, offer, mail))
    run = ImportRun.objects.create(subject="products", filename="a.csv", state="done")
    _row, _text = keys.create(name="kept", scopes=["read"], created_by=None)
    version = shelves.version()
    for model, routes in ONE_OF.items():
        row = {Campaign: draft, Offer: offer, EmailTemplate: mail, Segment: segment, ImportRun: run}.get(model)
        known |= dict.fromkeys(routes, (row or model.objects.first() or version).pk)
    return asks(admin, known)


ONE_OF: dict[Any, list[str]] = {
    Campaign: [
        f"campaigns:{name}"
        for name in (
            "campaign", "campaign_progress", "campaign_rename", "campaign_sender", "campaign_duplicate",
            "campaign_schedule", "campaign_matrix", "campaign_suggest", "campaign_preview", "campaign_preview_mail",
            "campaign_test", "report", "report_csv", "campaign_act",
        )
    ] + ["api_campaign"],
    Offer: ["campaigns:offer", "campaigns:offer_archive", "campaigns:offer_restore", "api_offer"],
    EmailTemplate: [
        f"campaigns:{name}"
        for name in ("template", "template_check", "template_archive", "template_preview", "template_draft")
    ],
    Segment: [
        f"segmentation:{name}"
        for name in ("segment", "segment_edit", "segment_archive", "segment_rename", "segment_export")
    ] + ["api_segment", "api_segment_members", "api_segment_export"],
    Product: ["crm:product", "crm:product_exclude", "api_product"],
    ImportRun: ["crm:import", "crm:import_map", "crm:import_rejects"],
    Placement: ["recommendations:placement", "recommendations:placement_remove"],
}  # fmt: skip


@contextlib.contextmanager
def undone() -> Iterator[None]:
    """Take back whatever is written inside, in blocks that stand for a test's own: verbs open durable ones in them."""
    facts, keys_of_people = transaction.atomic(), transaction.atomic(using="keystore")
    facts._from_testcase = keys_of_people._from_testcase = True
    with facts, keys_of_people:
        yield
        transaction.set_rollback(True)
        transaction.set_rollback(True, using="keystore")


def test_no_address_and_no_form_answers_500_whatever_is_written_in_it(
    everything: list[Ask], admin: Client, settings: Any, tmp_path: Any
) -> None:
    settings.VAR_DIR = tmp_path
    cookies = admin.cookies.output()
    assert len(everything) > 250, "The pages were not read."

    @BUDGET
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        asked = data.draw(st.sampled_from(everything))
        names = sorted(asked.names | asked.fields.keys()) or ["q"]
        change = data.draw(st.dictionaries(st.sampled_from(names), HOSTILE, min_size=1, max_size=3))
        admin.cookies.load(cookies.replace("Set-Cookie: ", ""))
        with undone():
            answer = asked.send(admin, change)
            assert answer.status_code < 500, (asked, change)
            if answer.streaming:
                list(answer)

    ask()


# --- Events ----------------------------------------------------------------------------------------------------------

LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**63, -(2**64), 10**400]),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from([*WRITTEN, "\ud83d", "a\ude00", "order completed", "identify"]),
)
VALUE = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
NAMES = [
    "userId", "anonymousId", "previousId", "messageId", "timestamp", "originalTimestamp", "context", "channel", "name",
    "event", "properties", "traits", "type",
]  # fmt: skip
INNER = [
    "sku", "product_id", "products", "price", "quantity", "currency", "order_id", "total", "rating", "email", "phone",
    "consents", "country", "language", "timezone", "gender", "region", "firstName", "address", "name", "age",
    "category",
]  # fmt: skip
TRUE = {"type": "track", "event": "Order Completed", "userId": "u", "messageId": "m", "timestamp": "2026-03-01T10:00Z"}


@st.composite
def messages(draw: st.DrawFn) -> Any:
    """A message with some parts true and others anything at all."""
    call = draw(st.sampled_from(["track", "identify", "page", "alias", "screen"]))
    part = draw(st.dictionaries(st.sampled_from(INNER), VALUE, max_size=4))
    held = {**TRUE, "type": call, "properties": part, "traits": part}
    return held | draw(st.dictionaries(st.sampled_from(NAMES), VALUE, max_size=2))


@BUDGET
@given(bad=st.lists(st.one_of(messages(), VALUE), min_size=1, max_size=3))
def test_whatever_an_event_holds_its_neighbours_are_stored(bad: list[Any]) -> None:
    with undone():
        _row, key = keys.create(name="test", scopes=["ingest"], created_by=None)
        good = [{**TRUE, "userId": "neighbour", "messageId": f"good-{number}"} for number in (1, 2)]
        body = json.dumps({"batch": [good[0], *bad, good[1]]})
        answer = Client(headers={"authorization": f"Bearer {key}"}).post("/v1/batch", body, "application/json")
        assert answer.status_code == 200, answer.content
        assert Interaction.objects.filter(message_id__in=["good-1", "good-2"]).count() == 2


# --- Files -----------------------------------------------------------------------------------------------------------

CELL = st.sampled_from([text for text in WRITTEN if len(text) < 1000])
HEADERS = {
    "customers": "external_id,email,phone,country,timezone,attributes.a",
    "products": "sku,name,price,stock,url,tags,category",
    "interactions": "external_id,kind,sku,value,quantity,occurred_at,order_id",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("subject", HEADERS)
def test_whatever_a_file_holds_the_import_ends_and_says_so(subject: str, encoding: str, marketer: Client) -> None:
    header = HEADERS[subject]
    width = header.count(",") + 1

    @settings(BUDGET, max_examples=3)
    @given(lines=st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=12))
    def take(lines: list[list[str]]) -> None:
        quoted = [",".join('"' + cell.replace('"', '""').replace("\0", "") + '"' for cell in line) for line in lines]
        content = "\n".join([header, *quoted]).encode(encoding, "replace")
        with undone():
            file = SimpleUploadedFile("a.csv", content)
            answer = marketer.post("/data/imports/", {"subject": subject, "file": file})
            assert answer.status_code == 302, answer.content
            run = ImportRun.objects.latest("id")
            assert marketer.get(f"/data/imports/{run.pk}/map/").status_code == 200
            assert upload.start(run=run, chosen={name: name for name in header.split(",")})
            run.refresh_from_db()
            run_import(run=run)
            run.refresh_from_db()
            assert run.state == "done", run.error
            assert run.rows_read == len(lines)

    take()


def test_a_utf16_file_with_half_a_character_costs_nobody_anything(marketer: Client) -> None:
    content = b"\xff\xfe" + "external_id,region\n1,".encode("utf-16-le") + b"\x3d\xd8" + "\n2,b".encode("utf-16-le")
    marketer.post("/data/imports/", {"subject": "customers", "file": SimpleUploadedFile("a.csv", content)})
    run = ImportRun.objects.get()
    upload.start(run=run, chosen={"external_id": "external_id", "region": "region"})
    run.refresh_from_db()
    run_import(run=run)
    assert dict(Customer.objects.values_list("external_id", "region")) == {"1": "\ufffd", "2": "b"}
