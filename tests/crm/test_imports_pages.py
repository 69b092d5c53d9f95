"""The pages of imports: hand in, match columns, watch, fetch what was rejected, stop."""

import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.customers.models import Customer
from crm.ingest import upload
from crm.ingest.models import ImportRun
from crm.ingest.runs import run_import

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
LIST = "/data/imports/"
FILE = (
    "Customer ID,E-Mail,Vorname,Land,<svg onload=alert(1)>\n"
    "c-1,eve@example.com,Eve,DE,x\nc-2,no address,Ida,DE,y\nc-3,fay@example.com,Fay,FR,z\n"
)


def handed_in(browser: Client, content: str = FILE, subject: str = "customers") -> Any:
    file = SimpleUploadedFile("people.csv", content.encode(), content_type="text/csv")
    return browser.post(LIST, {"subject": subject, "file": file})


def latest() -> ImportRun:
    run = ImportRun.objects.first()
    assert run is not None
    return run


def test_strangers_are_led_to_the_login() -> None:
    for address in (LIST, f"{LIST}1/", f"{LIST}1/map/", f"{LIST}1/rejects/"):
        assert Client().get(address).headers["Location"].startswith("/login/")


@pytest.mark.parametrize("role", ["admin", "marketer", "analyst"])
def test_everybody_who_works_here_may_look(role: str, request: Any) -> None:
    browser: Client = request.getfixturevalue(role)
    assert b"Nothing was imported yet" in browser.get(LIST).content
    run = ImportRun.objects.create(subject="products", filename="<b>goods.csv</b>", state="done")
    for address in (LIST, f"{LIST}{run.pk}/"):
        page = browser.get(address).content
        assert b"goods.csv" in page
        assert b"<b>goods" not in page


def test_an_analyst_cannot_import(analyst: Client) -> None:
    assert handed_in(analyst).status_code == 403
    run = ImportRun.objects.create(subject="customers", filename="a.csv", state=upload.NEEDS_REVIEW)
    assert analyst.get(f"{LIST}{run.pk}/").status_code == 200
    for act in ("map", "rejects"):
        assert analyst.get(f"{LIST}{run.pk}/{act}/").status_code == 403
    assert analyst.post(f"{LIST}{run.pk}/cancel/").status_code == 403


def test_a_file_is_kept_for_us_only_and_waits_until_its_columns_are_confirmed(marketer: Client) -> None:
    answer = handed_in(marketer)
    run = latest()
    assert answer.headers["Location"] == f"{LIST}{run.pk}/map/"
    path = Path(run.path)
    assert path.read_text() == FILE
    assert path.name != "people.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not run_import(run=run)
    page = marketer.get(answer.headers["Location"]).content.decode()
    assert "eve@example.com" in page
    assert "<svg onload" not in page
    assert '<option value="external_id" selected>' in page
    assert '<option value="email" selected>' in page


def test_the_whole_way_from_a_file_to_its_rejected_rows(marketer: Client) -> None:
    handed_in(marketer)
    run = latest()
    columns = {"column-0": "external_id", "column-1": "email", "column-2": "first_name", "column-3": "country"}
    answer = marketer.post(f"{LIST}{run.pk}/map/", columns)
    assert answer.headers["Location"] == f"{LIST}{run.pk}/"
    run.refresh_from_db()
    assert run.state == "due"
    waiting = marketer.get(f"{LIST}{run.pk}/", headers={"HX-Request": "true"})
    assert 'hx-trigger="every 2s"' in waiting.content.decode()
    assert "HX-Refresh" not in waiting.headers
    assert run_import(run=run)
    assert Customer.objects.filter(external_id__in=["c-1", "c-3"]).count() == 2
    over = marketer.get(f"{LIST}{run.pk}/", headers={"HX-Request": "true"})
    assert over.headers["HX-Refresh"] == "true"
    assert "every 2s" not in over.content.decode()
    page = marketer.get(f"{LIST}{run.pk}/").content.decode()
    assert "The e-mail address has no @." in page
    rejects = b"".join(marketer.get(f"{LIST}{run.pk}/rejects/")).decode("utf-8-sig")
    assert rejects.splitlines()[0].endswith(",line,column,reason")
    assert "no address" in rejects


def test_a_column_left_out_stays_out_though_its_name_is_ours(marketer: Client) -> None:
    handed_in(marketer, "external_id,country,region\nc-9,DE,FR\n")
    run = latest()
    marketer.post(f"{LIST}{run.pk}/map/", {"column-0": "external_id", "column-1": "", "column-2": "country"})
    run.refresh_from_db()
    assert run_import(run=run), run.error
    customer = Customer.objects.get(external_id="c-9")
    assert (customer.country, customer.region) == ("FR", "")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"column-0": "external_id", "column-1": "external_id"}, "Two columns are both said to be external_id."),
        ({"column-2": "first_name"}, "One column has to be external_id or email."),
        ({"column-0": "external_id", "column-1": "password"}, "There is no column password to map to."),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(columns: dict[str, str], said: str, marketer: Client) -> None:
    handed_in(marketer)
    run = latest()
    answer = marketer.post(f"{LIST}{run.pk}/map/", columns)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    run.refresh_from_db()
    assert run.state == upload.NEEDS_REVIEW


@pytest.mark.parametrize("content", ["", "a\x00b,c\n1,2\n"])
def test_what_is_no_table_is_not_kept(content: str, marketer: Client, settings: Any) -> None:
    assert handed_in(marketer, content).status_code == 422
    assert not ImportRun.objects.exists()
    assert not list(Path(settings.IMPORT_DIR).glob("*"))


def test_a_file_too_large_is_refused(marketer: Client, settings: Any) -> None:
    settings.MAX_IMPORT_BYTES = 10
    answer = handed_in(marketer)
    assert answer.status_code == 422
    assert "too large" in answer.content.decode()


def test_giving_up_deletes_the_file(marketer: Client) -> None:
    handed_in(marketer)
    run = latest()
    path = Path(run.path)
    marketer.post(f"{LIST}{run.pk}/cancel/")
    run.refresh_from_db()
    assert (run.state, path.exists()) == ("cancelled", False)
    assert marketer.get(f"{LIST}{run.pk}/rejects/").status_code == 404
    assert "over already" in marketer.post(f"{LIST}{run.pk}/cancel/", follow=True).content.decode()


def test_a_running_import_is_asked_to_stop(marketer: Client) -> None:
    run = ImportRun.objects.create(subject="customers", filename="a.csv", state="running")
    answer = marketer.post(f"{LIST}{run.pk}/cancel/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    run.refresh_from_db()
    assert run.state == "cancelled"
