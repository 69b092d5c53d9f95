"""A server begins to refuse the sender in the middle of a campaign; mended, everybody has the mail once."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.planning.models import Campaign
from campaigns.sending.models import Delivery
from crm.interactions.models import Interaction
from crm.privacy.models import Suppression
from tests.campaigns import mailing
from tests.chaos.senders import Process
from tests.kits.scripted_server import scripted_server

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(databases=["default", "keystore"], transaction=True)]
MAILS = 5_000
WELL = 2_000
WRONG = "550 5.1.8 <news@lamps.internal>: Sender address rejected: Domain not found"
PUMPING = ["manage.py", "pump", "--loop", "--pause", "0.2", "--limit", "200"]


def until(holds: Callable[[], bool], log: Path, seconds: float = 60) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, log.read_text()[-3000:]
        time.sleep(0.05)


def in_state(made: Campaign, state: str) -> bool:
    """Say whether a campaign is in a state now."""
    return Campaign.objects.filter(pk=made.pk, state=state).exists()


def test_a_sender_refused_in_the_middle_of_a_campaign_costs_nobody_a_mail(
    tmp_path: Path, admin: Client, own_sender: str, settings: Any
) -> None:
    with scripted_server() as server:
        server.mail = lambda sender: WRONG if len(server.taken) >= WELL else None
        settings.MAILBOX_ENABLED, settings.EMAIL_TRANSPORT = False, server.settings
        where = {
            "EMAIL_URL": f"smtp://127.0.0.1:{server.port}",
            "SENDER_ADDRESS": own_sender,
            "POSTAL_ADDRESS": settings.POSTAL_ADDRESS,
        }
        pumps = [Process(PUMPING, tmp_path, where) for _ in range(2)]
        try:
            # They come up while the campaign is made.
            for one in pumps:
                one.start()
            made = mailing.campaign((mailing.segment(mailing.people(MAILS)), mailing.template(), None))
            page = reverse("campaigns:campaign", args=[made.pk])
            begun = time.monotonic()
            mailing.start(made)
            until(lambda: in_state(made, Campaign.State.PAUSED), pumps[0].log)
            # Both have seen the hold when nothing is leased any more.
            until(lambda: not Delivery.objects.filter(taken=True).exists(), pumps[0].log)
            held = time.monotonic()
            states = Counter(Delivery.objects.values_list("state", flat=True))
            assert states == {
                Delivery.State.SENT: len(server.taken),
                Delivery.State.QUEUED: MAILS - len(server.taken),
            }
            assert not Delivery.objects.exclude(state=Delivery.State.SENT).exclude(attempts=0, reason="").exists()
            assert not Suppression.objects.exists()
            shown = admin.get(page).content.decode()
            assert "The mail server refuses the sender." in shown
            assert "Sender address rejected: Domain not found" in shown
            asked = len(server.asked)

            server.mail = lambda sender: None
            pressed = admin.post(reverse("campaigns:campaign_act", args=[made.pk, "retry"]), follow=True)
            assert "The mail server is asked again with one mail." in pressed.content.decode()
            until(lambda: in_state(made, Campaign.State.SENT), pumps[0].log)
        finally:
            for one in pumps:
                one.kill()
        got = Counter(recipient for _, recipient, _ in server.taken)

    print(  # noqa: T201
        f"\n{MAILS} mails, refused after {states[Delivery.State.SENT]}: held after {held - begun:.1f} s with"
        f" {asked - states[Delivery.State.SENT]} mails refused, over after {time.monotonic() - begun:.1f} s;"
        f" {sum(got.values()) - len(got)} duplicates, {MAILS - len(got)} lost"
    )
    assert got == Counter({f"reader-{number}@example.com": 1 for number in range(MAILS)})
    assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.SENT}
    assert not Suppression.objects.exists()
    assert Interaction.objects.filter(kind="email_sent", campaign_ref=made.message_id).count() == MAILS
    assert "refuses the sender" not in admin.get(page).content.decode()
