"""Whoever prepares a campaign is killed when nine of ten deliveries are written; the next one writes the tenth."""

import time
from pathlib import Path

import pytest
from django.utils import timezone

from campaigns.planning import launch, placing
from campaigns.planning.models import Campaign
from campaigns.sending.models import Delivery
from tests.campaigns import mailing
from tests.chaos.senders import Process

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(databases=["default", "keystore"], transaction=True)]
PEOPLE = 2_000


def test_a_campaign_goes_on_where_the_dead_worker_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = mailing.campaign((mailing.segment(mailing.people(PEOPLE)), mailing.template(), None))
    Campaign.objects.filter(pk=made.pk).update(scheduled_at=timezone.now())
    worker = Process(["-m", "tests.chaos.freezes"], tmp_path)
    worker.start()
    until = time.monotonic() + 120
    while made.written < PEOPLE * 9 // 10:
        assert time.monotonic() < until, worker.log.read_text()[-3000:]
        time.sleep(0.01)
        made.refresh_from_db()
    worker.kill()
    made.refresh_from_db()
    before = made.written
    assert made.state == Campaign.State.FREEZING and before < PEOPLE
    assert Delivery.objects.count() == before
    kept = set(Delivery.objects.values_list("key", flat=True))
    monkeypatch.setattr(placing, "BATCH", 50)
    assert launch.start_due() == 1
    made.refresh_from_db()
    assert made.state == Campaign.State.SENDING and made.written == PEOPLE
    assert Delivery.objects.values("customer").distinct().count() == Delivery.objects.count() == PEOPLE
    assert kept <= set(Delivery.objects.values_list("key", flat=True))
