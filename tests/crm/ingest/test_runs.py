"""Whole imports, through the command and the task."""

import csv
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from crm.access.models import User
from crm.catalog.models import Product
from crm.consents import decide
from crm.consents.models import ConsentEvent
from crm.consents.purposes import Purpose
from crm.customers.models import Customer, Identity
from crm.ingest.models import ImportRun
from crm.ingest.runs import expire_files, run_import
from crm.interactions.models import Interaction
from crm.privacy import vault
from crm.tasks import ensure_partitions, run_due_imports
from lib.runs import silence

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
DATA = Path(os.environ.get("RELATA_DATA", Path(__file__).parents[4] / "shared" / "data"))
CUSTOMERS = """Kundennr;E-Mail;Telefon;first_name;Land;birth_year;gender;consent_email;consents;Lieblingsfarbe
1;ada@example.com;+4915123456789;Adalind;de;1990;w;ja;profiling;blau
2;bo@example.com;;Bosse;de;;;nein;;
3;no address;;;de;;;;;
4;ADA@example.com;;;de;;;;;
5;;hundred;;de;;;;;
6;;;;germany;;;;;
7;;;;de;;;vielleicht;;
8;;;;de;;;;flying;
"""
MAP = ["external_id=Kundennr", "email=E-Mail", "phone=Telefon", "country=Land", "attributes.color=Lieblingsfarbe"]


def run(*words: Any) -> str:
    out = StringIO()
    call_command("import", *map(str, words), stdout=out)
    return out.getvalue()


def last() -> ImportRun:
    found = ImportRun.objects.first()
    assert found is not None
    return found


def rejects() -> list[dict[str, str]]:
    with Path(last().rejects_path).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    settings.IMPORT_DIR = tmp_path / "imports"


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    path = tmp_path / "kunden.csv"
    path.write_text(CUSTOMERS)
    return path


def test_customers_come_in_sealed_and_bad_rows_come_back_with_line_column_and_reason(customers: Path) -> None:
    told = run("customers", customers, "--map", *MAP)
    assert "8 rows read, 2 added, 0 known already, 6 rejected" in told
    assert sorted((row["line"], row["column"]) for row in rejects()) == [
        ("4", "E-Mail"), ("5", "E-Mail"), ("6", "Telefon"), ("7", "Land"), ("8", "consent_email"), ("9", "consents"),
    ]  # fmt: skip
    assert all(row["reason"] for row in rejects())
    ada = Customer.objects.get(external_id="1")
    assert (ada.country, ada.gender, ada.age_band, ada.attributes) == ("DE", "female", "35-44", {"color": "blau"})
    assert ada.permission == Purpose.SERVICE | Purpose.EMAIL_MARKETING | Purpose.PROFILING
    assert vault.open_one(customer_id=ada.pk, seal="contact", actor="test", reason="test")["email"] == "ada@example.com"
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(c::text, '') FROM crm_customer c")
        facts = cursor.fetchone()[0]
    assert "ada@" not in facts
    assert "Adalind" not in facts


def test_the_same_customers_twice_add_nothing(customers: Path) -> None:
    run("customers", customers, "--map", *MAP)
    consents = ConsentEvent.objects.count()
    run("customers", customers, "--map", *MAP)
    assert (last().rows_added, last().rows_known, last().rows_rejected) == (0, 2, 6)
    assert ConsentEvent.objects.count() == consents
    assert Identity.objects.count() == 2


def test_an_old_file_does_not_undo_an_unsubscribe(customers: Path) -> None:
    run("customers", customers, "--map", *MAP)
    ada = Customer.objects.get(external_id="1")
    decide.object_to_marketing(customer=ada, source="unsubscribe link")
    run("customers", customers, "--map", *MAP)
    ada.refresh_from_db()
    assert ada.permission == Purpose.SERVICE


def test_products_come_in_two_languages_and_are_updated(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text(
        'sku,name,name_zh,category,tags,price,currency,stock\nL1,Lamp,灯,Home / Light,warm;led,"1.234,50",eur,3\n'
        "L2,Shade,,Home,,cheap,EUR,\n,Nothing,,,,1,EUR,1\n"
    )
    run("products", path)
    lamp = Product.objects.get()
    assert (lamp.name_in("zh-hans"), lamp.department, str(lamp.price), lamp.tags) == (
        "灯", "Home", "1234.50", ["warm", "led"],
    )  # fmt: skip
    assert lamp.category == "Home > Light"
    assert [row["column"] for row in rejects()] == ["price", "sku"]
    path.write_text("sku,name\nL1,Lantern\n")
    run("products", path)
    lamp.refresh_from_db()
    assert (lamp.name, lamp.stock) == ("Lantern", 3)


def test_interactions_come_in_once_and_equal_lines_of_one_file_both_count(tmp_path: Path) -> None:
    Product.objects.create(sku="L1", name="Lamp")
    path = tmp_path / "orders.csv"
    path.write_text(
        "customer,sku,value,occurred_at,currency\n1,L1,5,2024-03-05,EUR\n1,L1,5,2024-03-05,EUR\n"
        "2,L9,5,2024-03-05,EUR\n2,L1,5,03/04/2024,EUR\n2,L1,five,2024-03-05,EUR\n2\n"
    )
    told = run("interactions", path, "--map", "external_id=customer", "--source", "shop")
    assert "6 rows read, 2 added, 0 known already, 4 rejected" in told
    assert [(row["line"], row["column"]) for row in sorted(rejects(), key=lambda row: row["line"])] == [
        ("4", "sku"), ("5", "occurred_at"), ("6", "value"), ("7", ""),
    ]  # fmt: skip
    run("interactions", path, "--map", "external_id=customer", "--source", "shop")
    assert (last().rows_added, last().rows_known) == (0, 2)
    assert Interaction.objects.filter(source="shop", kind="order").count() == 2


def test_a_file_without_what_is_needed_fails_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(CommandError, match="external_id"):
        run("interactions", path)
    assert last().state == ImportRun.State.FAILED
    for words in (
        ["customers", tmp_path / "none.csv"],
        ["customers", path, "--map", "x"],
        ["dataset", "none", tmp_path],
    ):
        with pytest.raises(CommandError):
            run(*words)


def test_the_task_does_what_waits_and_a_cancelled_import_keeps_what_is_in(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "a.csv"
    path.write_text("external_id,kind,occurred_at\n" + "".join(f"c{n},page,2024-03-05\n" for n in range(10)))
    due = ImportRun.objects.create(subject="interactions", filename="a.csv", path=str(path), source="task")
    run_due_imports()
    due.refresh_from_db()
    assert (due.state, due.rows_added) == (ImportRun.State.DONE, 10)
    assert not run_import(run=due)
    monkeypatch.setattr("crm.ingest.sink.EVENTS", 4)
    second = ImportRun.objects.create(subject="interactions", filename="a.csv", path=str(path), source="again")

    def stop(done: int, total: int, doing: str) -> None:
        if done:
            second.cancel()

    assert not run_import(run=second, progress=stop)
    second.refresh_from_db()
    assert second.state == ImportRun.State.CANCELLED
    assert "stays in" in second.doing
    assert Interaction.objects.filter(source="again").count() == second.rows_added > 0


class PowerCut(BaseException):
    """Ends the work without a word."""


@pytest.mark.parametrize("torn", ["between two batches", "within a batch"])
def test_an_import_whose_worker_died_goes_on_where_it_was_and_counts_every_row_once(
    tmp_path: Path, monkeypatch: Any, torn: str
) -> None:
    path = tmp_path / "a.csv"
    rows = [f"c{n},{'page' if n % 3 else 'nonsense'},2024-03-05" for n in range(20)]
    path.write_text("external_id,kind,occurred_at\n" + "\n".join(rows) + "\n")
    monkeypatch.setattr("crm.ingest.sink.EVENTS", 4)
    due = ImportRun.objects.create(subject="interactions", filename="a.csv", path=str(path), source="torn")

    def die(done: int, total: int, doing: str) -> None:
        if done == 8:
            raise PowerCut

    with pytest.raises(PowerCut):
        run_import(run=due, progress=die)
    due.refresh_from_db()
    assert (due.rows_read, due.rows_added, due.rows_rejected) == (8, 5, 3)
    if torn == "within a batch":
        with Path(due.rejects_path).open("a") as file:
            file.write("c9,nonsense,2024-03-05,11,kind,half a ro")
    ImportRun.objects.update(state="running", attempts=1, heartbeat_at=timezone.now() - 2 * silence())
    run_due_imports()
    due.refresh_from_db()
    assert (due.state, due.attempts) == (ImportRun.State.DONE, 2), due.error
    assert (due.rows_read, due.rows_added, due.rows_known, due.rows_rejected) == (20, 13, 0, 7)
    assert due.reasons == {"This kind of event is not known.": 7}
    assert [int(row["line"]) for row in rejects()] == [2, 5, 8, 11, 14, 17, 20]
    assert Interaction.objects.filter(source="torn").count() == 13


def test_a_batch_that_was_stopped_leaves_no_rejected_rows_behind(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "a.csv"
    path.write_text("external_id,kind,occurred_at\n" + "c1,nonsense,2024-03-05\n" * 10)
    monkeypatch.setattr("crm.ingest.sink.EVENTS", 4)
    due = ImportRun.objects.create(subject="interactions", filename="a.csv", path=str(path), source="stopped")
    assert not run_import(run=due, progress=lambda done, total, doing: due.cancel() and None)
    due.refresh_from_db()
    assert (due.state, due.rows_read, due.rows_rejected) == (ImportRun.State.CANCELLED, 4, 4)
    assert len(rejects()) == 4


def test_partitions_of_the_months_to_come_are_made() -> None:
    ensure_partitions()
    ensure_partitions()


@pytest.mark.skipif(not (DATA / "movielens-100k").exists(), reason="MovieLens 100K is not here (RELATA_DATA)")
def test_movielens_comes_in_with_invented_people_once() -> None:
    run("dataset", "movielens-100k", DATA / "movielens-100k", "--shift-to-now")
    assert (last().rows_read, last().rows_added, last().rows_rejected) == (102_625, 102_625, 0)
    assert Customer.objects.filter(identity__email_index__isnull=False).count() in range(850, 943)
    run("dataset", "movielens-100k", DATA / "movielens-100k", "--shift-to-now")
    assert last().rows_added == 0
    with pytest.raises(CommandError, match="twice"):
        run("dataset", "movielens-100k", DATA / "movielens-100k")


@pytest.mark.skipif(not (DATA / "tmall-orders").exists(), reason="the Tmall orders are not here (RELATA_DATA)")
def test_chinese_headers_with_trailing_spaces_can_be_mapped() -> None:
    path = DATA / "tmall-orders/raw/tmall_order_report.csv"
    mapping = ["external_id=收货地址", "order_id=订单编号", "value=总金额", "occurred_at=订单创建时间"]
    told = run("interactions", path, "--map", *mapping)
    assert "28,010 rows read, 28,010 added" in told


@pytest.mark.skipif(not (DATA / "mall-customers-dirty").exists(), reason="the dirty file is not here (RELATA_DATA)")
def test_the_dirty_mall_customers_come_in_with_their_bad_ages_rejected() -> None:
    path = DATA / "mall-customers-dirty/raw/Mall_Customers.csv"
    run("customers", path, "--map", "external_id=CustomerID")
    assert last().rows_read == 812
    assert last().rows_rejected >= 10
    assert {row["column"] for row in rejects()} >= {"Age"}


@pytest.mark.skipif(not (DATA / "csv-crm-imports").exists(), reason="the contact files are not here (RELATA_DATA)")
def test_contact_files_of_other_tools_come_in_or_are_refused_with_a_reason() -> None:
    paths = sorted((DATA / "csv-crm-imports/raw").rglob("*.csv"))
    read = 0
    for path in paths:
        try:
            run("customers", path)
        except CommandError as error:
            assert "column" in str(error) or "header" in str(error)
        read += last().rows_read
        assert last().rows_read == last().rows_added + last().rows_known + last().rows_rejected
    assert read > 100


def test_an_uploaded_file_is_deleted_once_its_rows_are_in(settings: Any) -> None:
    path = Path(settings.IMPORT_DIR) / "upload.csv"
    path.parent.mkdir(parents=True)
    path.write_text("sku,name\nP-1,Lamp\n")
    by = User.objects.create(username="uploader")
    assert run_import(run=ImportRun.objects.create(subject="products", path=str(path), created_by=by))
    assert Product.objects.filter(sku="P-1").exists()
    assert not path.exists()


def test_a_file_named_on_the_command_line_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("sku,name\nP-2,Lamp\n")
    assert run_import(run=ImportRun.objects.create(subject="products", path=str(path)))
    assert path.exists()


def test_rejected_rows_can_be_fetched_for_a_week_only(settings: Any) -> None:
    path = Path(settings.IMPORT_DIR) / "1-rejects.csv"
    path.parent.mkdir(parents=True)
    path.write_text("old")
    kept = ImportRun.objects.create(subject="products", rejects_path=str(path))
    assert expire_files() == 0
    os.utime(path, (0, 0))
    assert expire_files() == 1
    kept.refresh_from_db()
    assert not path.exists()
    assert kept.rejects_path == ""
