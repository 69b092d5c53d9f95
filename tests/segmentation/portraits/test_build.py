"""From facts through the gate to portraits of customers."""

from decimal import Decimal
from pathlib import Path

import pytest

from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.privacy import gate
from crm.privacy.gate import AlteredRelease
from crm.privacy.models import Release
from lib.runs import Cancelled
from segmentation.portraits.build import paint, work
from segmentation.portraits.models import Portrait, PortraitRun

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


@pytest.fixture
def release(ada: Customer, bo: Customer, cy: Customer, dee: Customer) -> Release:
    """A release for profiling, in which only Ada is."""
    return gate.build(purpose=Purpose.PROFILING)


def test_only_people_who_allow_profiling_are_painted(release: Release, ada: Customer) -> None:
    run = paint(release=release)
    [portrait] = Portrait.objects.all()
    assert (run.state, run.painted, run.removed, run.as_of) == ("done", 1, 0, release.as_of)
    assert (portrait.customer_id, portrait.as_of) == (ada.pk, release.as_of)
    assert (portrait.orders, portrait.revenue, portrait.top_department) == (3, Decimal("120.00"), "Home")
    assert portrait.department_affinity == {"Home": 1.0}
    assert (portrait.recency_score, portrait.coupons, portrait.trend) == (1, 0, None)


def test_painting_again_changes_the_same_rows(release: Release) -> None:
    paint(release=release)
    run = paint(release=release)
    assert (run.painted, run.removed, Portrait.objects.count()) == (1, 0, 1)


def test_a_portrait_goes_with_the_consent_even_in_an_old_release(release: Release, ada: Customer) -> None:
    paint(release=release)
    decide.withdraw(customer=ada, purposes=Purpose.PROFILING, source="test")
    run = paint(release=release)
    assert (run.painted, run.removed, Portrait.objects.count()) == (0, 1, 0)


def test_an_altered_release_is_refused_and_the_portraits_stay(release: Release, settings: object) -> None:
    paint(release=release)
    file = Path(settings.RELEASE_DIR) / release.path / "people.parquet"  # type: ignore[attr-defined]
    file.chmod(0o600)
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(AlteredRelease):
        paint(release=release)
    assert Portrait.objects.count() == 1
    assert PortraitRun.objects.latest("id").state == "failed"


def test_a_cancelled_painting_stops_and_leaves_everything(release: Release) -> None:
    run = PortraitRun.begin(release_ref=release.pk)
    run.cancel()
    with pytest.raises(Cancelled):
        work(run)
    run.refresh_from_db()
    assert (run.state, Portrait.objects.count()) == ("cancelled", 0)


def test_progress_is_told(release: Release) -> None:
    heard: list[tuple[int, int, str]] = []
    paint(release=release, progress=lambda *step: heard.append(step))
    assert heard[-1] == (1, 1, "storing")
