"""Senders are killed in the middle of their work; nobody gets a mail twice, and nobody is forgotten in silence.

`RELATA_CHAOS_MAILS` sets how many mails are sent (2,000 unless said otherwise).
"""

import os
import time
from pathlib import Path

import pytest
from django.utils import timezone

from campaigns.planning.models import Campaign
from campaigns.sending.models import Delivery
from campaigns.tasks import pump_deliveries, reap_leases
from crm.interactions.models import Interaction
from lib.mailbox import Mailbox
from tests.campaigns import mailing
from tests.chaos.senders import Process, environment, mail_server, tally, torment
from tests.chaos.workers import worker

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(databases=["default", "keystore"], transaction=True)]
MAILS = int(os.environ.get("RELATA_CHAOS_MAILS", "2000"))
KILLS = 6
GROUP = 20


def launched(count: int) -> Campaign:
    """Start a campaign to so many readers."""
    made = mailing.campaign((mailing.segment(mailing.people(count)), mailing.template(), None))
    mailing.start(made)
    return made


def ended(made: Campaign) -> bool:
    """Say whether the campaign is over."""
    return Campaign.objects.filter(pk=made.pk, state=Campaign.State.SENT).exists()


def nothing_lost(made: Campaign, box: Mailbox, kills: int, senders: int) -> None:
    """Assert that each delivery arrived once, or is honestly unknown."""
    found = tally(box, kills)
    print(f"\n{MAILS} mails, {found}")  # noqa: T201
    assert found.duplicates == 0
    assert found.missing == 0
    assert set(found.states) <= {Delivery.State.SENT, Delivery.State.UNKNOWN}
    assert sum(found.states.values()) == MAILS
    assert found.states[Delivery.State.UNKNOWN] <= kills * GROUP * senders
    # Everybody who got one has it in their history, once.
    noted = Interaction.objects.filter(kind="email_sent", campaign_ref=made.message_id)
    assert noted.count() == found.states[Delivery.State.SENT]


def test_two_killed_pumps_send_every_mail_once(tmp_path: Path) -> None:
    made = launched(MAILS)
    pumping = ["manage.py", "pump", "--loop", "--lease", "3", "--pause", "0.2", "--limit", "200"]
    with mail_server(tmp_path) as box:
        pumps = [Process(pumping, tmp_path) for _ in range(2)]
        kills = torment(pumps, box, KILLS, MAILS // (KILLS + 2), lambda: ended(made))
        assert kills == KILLS
        nothing_lost(made, box, kills, 1)


def test_a_killed_celery_worker_sends_every_mail_once(tmp_path: Path) -> None:
    made = launched(MAILS)
    with (
        mail_server(tmp_path) as box,
        worker(tmp_path / "worker.log", "sending,control", 2, **environment(tmp_path)) as running,
    ):
        kills = 0
        until = time.monotonic() + 300
        while not ended(made):
            assert time.monotonic() < until, running.log.read_text()[-3000:]
            for task in (pump_deliveries, pump_deliveries, reap_leases):
                task.delay()
            if kills < 3 and box.count() >= (kills + 1) * MAILS // 4:
                running.kill()
                kills += 1
                # Rather than wait until the leases of the dead end.
                Delivery.objects.filter(lease_until__isnull=False).update(lease_until=timezone.now())
                running.start()
            time.sleep(0.25)
        assert kills == 3
        nothing_lost(made, box, kills, 2)


def test_a_sender_that_marks_after_its_batch_is_caught(tmp_path: Path) -> None:
    launched(MAILS)
    with mail_server(tmp_path) as box:
        sender = Process(["-m", "tests.chaos.marks_after_batch"], tmp_path)
        waiting = Delivery.objects.filter(state=Delivery.State.QUEUED)
        # Two tell as much as many: a batch that was sent and not marked is sent again after each.
        kills = torment([sender], box, 2, MAILS // 4, lambda: not waiting.exists())
        found = tally(box, kills)
        print(f"\nMarks after its batch: {found}")  # noqa: T201
        assert found.duplicates > 0
