"""Planted people prove that a promise holds, and that the search which proves it can see."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings
from django.utils import timezone

from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.privacy import canary, gate
from segmentation.models import Portrait
from tests.conftest import EVERYTHING

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


@pytest.mark.parametrize("permission", [1, int(EVERYTHING)])
def test_a_planted_person_is_in_no_release(ada: Customer, permission: int) -> None:
    planted = canary.plant(2, permission=permission)
    for purpose in (Purpose.PROFILING, Purpose.RECOMMENDATION):
        release = gate.build(purpose=purpose)
        assert release.people_kept == 1
        assert "canary" not in str(release.people_excluded)
    assert canary.search(planted, paths=[Path(settings.RELEASE_DIR)]) == []


def test_the_same_person_unplanted_but_refusing_is_in_no_release(ada: Customer) -> None:
    planted = canary.plant()
    Customer.objects.filter(pk=planted[0].customer.pk).update(canary=False)
    gate.build(purpose=Purpose.PROFILING)
    assert canary.search(planted, paths=[Path(settings.RELEASE_DIR)]) == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (planted,) = canary.plant(permission=int(EVERYTHING))
    Customer.objects.filter(pk=planted.customer.pk).update(canary=False)
    gate.build(purpose=Purpose.PROFILING)
    pq.write_table(pa.table({"x": [planted.marker]}), tmp_path / "leak.parquet", compression="zstd")
    (tmp_path / "app.log").write_text(f"mailed {planted.marker}@example.com")
    Portrait.objects.create(customer=planted.customer, as_of=timezone.now())
    places = {hit.place for hit in canary.search([planted], paths=[Path(settings.RELEASE_DIR), tmp_path])}
    assert {"leak.parquet", "app.log", "segmentation.Portrait", "people.parquet"} <= places
