"""Only people who allow a purpose leave, under names that mean nothing outside one release."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from psycopg import sql

from crm.catalog.models import Product
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.interactions.models import Interaction
from crm.privacy import gate
from crm.privacy.gate import manifest, write
from crm.privacy.models import Release
from lib.runs import Cancelled
from tests.conftest import FIRST_ORDER, buys, person
from tests.segmentation import releases

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


@pytest.fixture
def release(ada: Customer, bo: Customer, cy: Customer, dee: Customer) -> Release:
    """A release for profiling, of a shop with the whole cast."""
    return gate.build(purpose=Purpose.PROFILING)


def acts(release: Release) -> list[dict[str, Any]]:
    folder = manifest.folder_of(release) / "interactions"
    return [row for file in sorted(folder.iterdir()) for row in pq.read_table(file).to_pylist()]


def people(release: Release) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(manifest.folder_of(release) / "people.parquet").to_pylist()
    return rows


def test_only_those_who_allow_it_are_in_and_the_rest_are_counted(release: Release, ada: Customer) -> None:
    assert (release.state, release.people_kept, release.interactions_kept) == ("done", 1, 3)
    assert release.people_excluded == {"erased": 1, "no_consent": 2}
    assert gate.attach(release, [row["person"] for row in people(release)]).tolist() == [ada.pk]


def test_the_columns_are_those_the_learners_were_promised(release: Release) -> None:
    folder = manifest.folder_of(release)
    assert write.INTERACTIONS == releases.INTERACTIONS
    for name, schema in (("people", releases.PEOPLE), ("products", releases.PRODUCTS)):
        assert pq.read_schema(folder / f"{name}.parquet").equals(schema)
    months = sorted(file.name for file in (folder / "interactions").iterdir())
    assert months == ["2026-03.parquet", "2026-04.parquet", "2026-05.parquet"]


def test_an_act_keeps_what_learning_needs_and_no_number_of_the_shop(release: Release, lamp: Product) -> None:
    first = acts(release)[0]
    assert len(first.pop("person")) == 32
    assert len(first["order_ref"]) == 32
    assert first.pop("order_ref") != "ORDER-ADA-0"
    assert first == {
        "kind": "order",
        "product_id": lamp.pk,
        "value": 40.0,
        "quantity": 1.0,
        "currency": "EUR",
        "channel": "web",
        "campaign_ref": None,
        "delivery_ref": "",
        "occurred_at": FIRST_ORDER.replace(tzinfo=None),
    }


def test_a_person_is_coarse_and_a_product_is_whole(release: Release, lamp: Product) -> None:
    (who,) = people(release)
    who.pop("person")
    assert who == {
        "language": "en",
        "timezone": "",
        "country": "FR",
        "region": "Nowhere",
        "age_band": "30-39",
        "gender": "female",
        "first_seen": datetime(2026, 3, 9, tzinfo=UTC).date(),
    }
    (product,) = pq.read_table(manifest.folder_of(release) / "products.parquet").to_pylist()
    assert product["product_id"] == lamp.pk
    assert (product["name_zh"], product["price"], product["in_stock"], product["tags"]) == ("阅读灯", 40.0, True, [])


def test_lines_of_one_order_stay_together(ada: Customer, lamp: Product) -> None:
    shade = Product.objects.create(sku="SHADE-1", name="Shade", price="9.00")
    buys(ada, shade, FIRST_ORDER, "ORDER-ADA-0")
    refs = [act["order_ref"] for act in acts(gate.build(purpose=Purpose.PROFILING))]
    assert len(refs) == 4
    assert len(set(refs)) == 3


def test_two_releases_share_no_name(ada: Customer) -> None:
    first, second = gate.build(purpose=Purpose.PROFILING), gate.build(purpose=Purpose.PROFILING)
    for column in ("person", "order_ref"):
        assert not {act[column] for act in acts(first)} & {act[column] for act in acts(second)}
    assert gate.attach(second, [people(first)[0]["person"]]).tolist() == [-1]


def test_a_month_is_sorted_by_pseudonym(lamp: Product) -> None:
    for number in range(20):
        someone = person(f"Someone{number}")
        decide.grant(customer=someone, purposes=Purpose.PROFILING, source="test")
        buys(someone, lamp, FIRST_ORDER + timedelta(minutes=number), f"O-{number}")
    release = gate.build(purpose=Purpose.PROFILING)
    persons = [act["person"] for act in acts(release)]
    assert len(persons) == 20
    assert persons == sorted(persons)
    assert [row["person"] for row in people(release)] == persons


def test_nothing_readable_leaves(release: Release, ada: Customer) -> None:
    Interaction.objects.filter(customer=ada).update(properties={"note": "call ada@example.com"})
    folder = manifest.folder_of(gate.build(purpose=Purpose.PROFILING))
    for file in folder.rglob("*.parquet"):
        text = str(pq.read_table(file).to_pylist())
        for secret in ("example.com", str(ada.uuid), ada.uuid.hex, "ORDER-ADA", "note", "Invented'"):
            assert secret not in text.replace("'brand': 'Invented'", "")


def test_recommendation_needs_training_too(ada: Customer, lamp: Product) -> None:
    decide.withdraw(customer=ada, purposes=Purpose.MODEL_TRAINING, source="test")
    assert gate.build(purpose=Purpose.RECOMMENDATION).people_kept == 0
    assert gate.build(purpose=Purpose.PROFILING).people_kept == 1


def test_a_purpose_nothing_is_released_for_is_refused() -> None:
    with pytest.raises(gate.NoSuchRelease):
        gate.build(purpose=Purpose.SMS)


def test_withdrawing_holds_for_releases_made_before(release: Release, ada: Customer) -> None:
    who = people(release)[0]["person"]
    assert gate.excluded(release) == set()
    decide.object_to_marketing(customer=ada, source="preference page")
    assert gate.attach(release, [who]).tolist() == [-1]
    assert gate.excluded(release) == {who}


@pytest.mark.parametrize("state", ["restricted", "erased"])
def test_the_restricted_and_the_erased_do_not_come_back(release: Release, ada: Customer, state: str) -> None:
    Customer.objects.filter(pk=ada.pk).update(state=state)
    assert gate.attach(release, [people(release)[0]["person"]]).tolist() == [-1]


def test_unknown_names_lead_to_nobody_and_order_is_kept(release: Release, ada: Customer) -> None:
    who = people(release)[0]["person"]
    assert gate.attach(release, ["0" * 32, who, "f" * 32, who]).tolist() == [-1, ada.pk, -1, ada.pk]
    assert gate.attach(release, []).tolist() == []
    with pytest.raises(ValueError, match="hex"):
        gate.attach(release, ["not a name"])


def test_the_manifest_tells_and_verifies(release: Release) -> None:
    told = gate.verify(release)
    assert (told["purpose"], told["people"], told["interactions"]) == (["profiling"], 1, 3)
    assert told["excluded"] == {"erased": 1, "no_consent": 2}
    assert told["files"]["interactions/2026-03.parquet"]["rows"] == 1
    assert told["smallest_classes"]["unique_people"] == 1


@pytest.mark.parametrize("damage", ["changed", "missing", "extra", "manifest", "unsigned"])
def test_an_altered_release_is_refused(release: Release, damage: str) -> None:
    folder = manifest.folder_of(release)
    file = folder / "people.parquet"
    match damage:
        case "changed":
            file.write_bytes(file.read_bytes()[:-1] + b"!")
        case "missing":
            file.unlink()
        case "extra":
            (folder / "more.parquet").write_bytes(b"")
        case "manifest":
            text = folder / "manifest.json"
            text.write_text(text.read_text().replace('"people": 1', '"people": 2'))
        case "unsigned":
            (folder / "manifest.sig").unlink()
    with pytest.raises(gate.AlteredRelease):
        gate.verify(release)


def test_only_the_owner_may_read_a_release(release: Release) -> None:
    folder = manifest.folder_of(release)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in folder.rglob("*")} == {0}


def test_a_release_that_fails_leaves_nothing_behind(ada: Customer, settings: Any) -> None:
    def stop(done: int, total: int, doing: str) -> None:
        if doing == "signing":
            raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        gate.build(purpose=Purpose.PROFILING, progress=stop)
    assert list(Path(settings.RELEASE_DIR).iterdir()) == []
    failed = Release.objects.get()
    assert (failed.state, failed.wrapped_key) == ("failed", None)
    assert gate.latest(Purpose.PROFILING) is None


def test_the_connection_is_of_use_after_a_copy_somebody_left_early(
    ada: Customer, bo: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "BLOCK_BYTES", 1)
    blocks = write._blocks(sql.SQL("COPY (SELECT generate_series(1, 1000)) TO STDOUT (FORMAT csv)"))
    assert next(blocks).read() == b"1\n"
    blocks.close()
    assert Customer.objects.count() == 2


def test_a_copy_the_database_refuses_says_so() -> None:
    with pytest.raises(DatabaseError, match="nowhere"), transaction.atomic():
        list(write._blocks(sql.SQL("COPY (SELECT 1 FROM nowhere) TO STDOUT")))
    with pytest.raises(DatabaseError, match="division by zero"), transaction.atomic():
        list(write._blocks(sql.SQL("COPY (SELECT 1 / (3 - g) FROM generate_series(1, 5) g) TO STDOUT")))


def test_a_cancelled_release_stops(ada: Customer, settings: Any) -> None:
    release = Release.begin(purpose=Purpose.PROFILING, as_of=timezone.now())
    release.cancel()
    with pytest.raises(Cancelled):
        gate.work(release)
    assert list(Path(settings.RELEASE_DIR).iterdir()) == []


def test_the_latest_is_the_newest_of_its_purpose(release: Release) -> None:
    newer = gate.build(purpose=Purpose.PROFILING)
    gate.build(purpose=Purpose.RECOMMENDATION)
    assert gate.latest(Purpose.PROFILING) == newer


def test_an_expired_release_is_unlinked_for_good(release: Release) -> None:
    who, folder = people(release)[0]["person"], manifest.folder_of(release)
    assert gate.expire() == 0
    Release.objects.filter(pk=release.pk).update(expires_at=timezone.now())
    assert gate.expire() == 1
    assert not folder.exists()
    assert gate.latest(Purpose.PROFILING) is None
    with pytest.raises(gate.ExpiredRelease):
        gate.attach(release, [who])


def test_a_shop_without_anybody_gives_an_empty_release() -> None:
    release = gate.build(purpose=Purpose.PROFILING)
    assert (release.people_kept, release.interactions_kept, people(release)) == (0, 0, [])
    assert gate.verify(release)["people"] == 0
