"""The demo shop comes in like anybody's data, once, and only into an empty database."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm.ingest.models import ImportRun
from crm.models import Customer, Interaction, Product
from workspace.demo import files, load
from workspace.demo.files import Size

SMALL = Size(customers=40, products=48)
END = datetime(2026, 5, 20, 15, 45, tzinfo=UTC)


def quiet(done: int, total: int, doing: str) -> None:
    """Say nothing about progress."""


def written(folder: Path, size: Size = SMALL, end: datetime = END) -> list[bytes]:
    made = files.write(folder, size, end, quiet)
    return [path.read_bytes() for path in (made.products, made.customers, made.interactions)]


def test_the_same_size_gives_the_same_files(tmp_path: Path) -> None:
    first = written(tmp_path / "first")
    assert first == written(tmp_path / "second")
    # Whatever the time of the day.
    assert first == written(tmp_path / "third", end=END.replace(hour=1))


def test_another_size_gives_another_shop(tmp_path: Path) -> None:
    assert written(tmp_path / "first")[1] != written(tmp_path / "second", Size(customers=41, products=48))[1]


def test_nothing_happens_after_the_end_of_the_history(tmp_path: Path) -> None:
    lines = written(tmp_path)[2].decode().splitlines()
    place = lines[0].split(",").index("occurred_at")
    assert max(line.split(",")[place] for line in lines[1:]) < "2026-05-20T00:00:00"


@pytest.mark.django_db(databases=["default", "keystore"])
def test_every_row_comes_in_and_the_files_are_gone_afterwards(settings: Any) -> None:
    done = load.load(SMALL, quiet)
    assert [(one.subject, one.rejected) for one in done] == [("products", 0), ("customers", 0), ("interactions", 0)]
    assert Customer.objects.count() == SMALL.customers
    assert Product.objects.count() == SMALL.products
    assert Interaction.objects.count() == done[2].added > SMALL.customers
    assert not list(Path(settings.IMPORT_DIR).glob("demo-*"))


@pytest.mark.django_db(databases=["default", "keystore"])
def test_invented_customers_are_not_mixed_with_real_ones() -> None:
    Customer.objects.create(external_id="somebody")
    with pytest.raises(load.Refused):
        load.load(SMALL, quiet)
    with pytest.raises(CommandError, match="already"):
        call_command("demo", customers=10, products=24)
    assert Customer.objects.count() == 1
    assert not Product.objects.exists()
    assert not ImportRun.objects.exists()
