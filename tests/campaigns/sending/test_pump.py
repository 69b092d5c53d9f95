"""Mails go out once, to those who agree, in their language."""

import email
import email.policy
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from campaigns.offers.models import Offer
from campaigns.planning import closing as finishing
from campaigns.planning import launch
from campaigns.planning.models import Campaign
from campaigns.sending import ledger, shift
from campaigns.sending.models import Delivery
from campaigns.sending.pump import pump
from campaigns.sending.reap import reap
from campaigns.sending.sent import note_missing
from campaigns.sending.transports.base import Answer, Letter
from campaigns.sending.transports.smtp import Line
from crm.catalog.models import Product
from crm.consents import decide
from crm.consents.purposes import Purpose
from crm.interactions.models import Interaction
from crm.privacy import suppression
from crm.privacy.models import Opening
from lib.mailbox import Mailbox
from recommendations.registry.models import ModelVersion
from recommendations.serving.models import Recommendation
from tests.campaigns import mailing

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
State = Delivery.State


def test_everybody_gets_one_mail_and_the_campaign_is_over(box: Mailbox) -> None:
    made = mailing.campaign((mailing.segment(mailing.people(45)), mailing.template(), None))
    mailing.start(made)
    done = shift.work(limit=100)
    assert done.sent == 45
    assert finishing.finish() == 1
    assert set(box.count_by_delivery().values()) == {1}
    assert len(box.count_by_delivery()) == 45
    made.refresh_from_db()
    assert made.state == Campaign.State.SENT
    assert made.finished_at is not None
    sent = Delivery.objects.filter(message=made.message_id)
    assert {row.state for row in sent} == {State.SENT}
    assert Interaction.objects.filter(kind="email_sent", campaign_ref=made.message_id).count() == 45
    # Opened in bulk, and written down.
    assert sum(Opening.objects.filter(actor="sending").values_list("count", flat=True)) == 90


def test_a_mail_says_who_it_is_for_and_how_to_stop(box: Mailbox) -> None:
    offer = Offer.objects.create(name="Spring", code="SPRING15", value=15)
    who = mailing.people(1, mailing.TRACKED)
    made = mailing.campaign((mailing.segment(who), mailing.template(), offer))
    mailing.start(made)
    pump()
    parsed = email.message_from_bytes(box.raw(1), policy=email.policy.default)
    row = Delivery.objects.get()
    assert parsed["To"] == "reader-0@example.com"
    assert parsed["Subject"] == "News for Reader0"
    assert parsed["Message-ID"] == f"<{row.key}@example.com>"
    assert parsed["X-Relata-Delivery"] == str(row.key)
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/t/u/" in parsed["List-Unsubscribe"]
    assert parsed["List-ID"].endswith("<marketing.example.com>")
    assert parsed["Precedence"] == "bulk"
    html = parsed.get_body(("html",)).get_content()
    text = parsed.get_body(("plain",)).get_content()
    assert "Hello Reader0" in html and "Hello Reader0" in text
    assert "SPRING15" in html and "SPRING15" in text
    assert "/t/c/" in html and "https://shop.example.com" not in html
    assert "/t/o/" in html
    assert "/t/u/" in html and "/t/u/" in text and "/t/p/" in html


def test_who_does_not_allow_tracking_gets_plain_links_and_no_pixel(box: Mailbox) -> None:
    made = mailing.campaign((mailing.segment(mailing.people(1)), mailing.template(), None))
    mailing.start(made)
    pump()
    html = box.message(1).html
    assert "https://shop.example.com/sale?from=mail&amp;x=1" in html
    assert "/t/c/" not in html and "/t/o/" not in html


def test_products_are_frozen_into_the_row_with_the_version_they_come_from(box: Mailbox) -> None:
    who = mailing.people(1, mailing.TRACKED | Purpose.RECOMMENDATION)
    tea = Product.objects.create(sku="TEA", name="Green tea", url="https://shop.example.com/tea", price="3.50")
    version = ModelVersion.objects.create()
    Recommendation.objects.create(
        customer=who[0],
        product_ids=[tea.pk],
        scores=[1.0],
        reasons=[{"code": "popular_now"}],
        version=version,
        made_at=timezone.now(),
    )
    mailing.start(mailing.campaign((mailing.segment(who), mailing.template(), None)))
    pump()
    row = Delivery.objects.get()
    assert row.recommended == [{"product": tea.pk, "code": "popular_now", "because": None}]
    assert row.version_ref == version.pk
    assert "Green tea" in box.message(1).text


def test_chinese_readers_get_the_chinese_mail(box: Mailbox) -> None:
    who = mailing.people(1, language="zh-CN")
    mailing.start(mailing.campaign((mailing.segment(who), mailing.template(chinese="给您的新消息"), None)))
    pump()
    assert box.messages()[0].subject == "给您的新消息"
    assert box.message(1).subject == "给您的新消息"


def test_who_unsubscribes_between_materialising_and_sending_gets_nothing(box: Mailbox) -> None:
    who = mailing.people(2)
    mailing.start(mailing.campaign((mailing.segment(who), mailing.template(), None)))
    decide.object_to_marketing(customer=who[0], source="test")
    pump()
    row = Delivery.objects.get(customer=who[0])
    assert (row.state, row.reason) == (State.SUPPRESSED, "unsubscribed")
    assert [entry.recipient for entry in box.messages()] == ["reader-1@example.com"]


def test_consent_withdrawn_after_composing_still_stops_the_mail(box: Mailbox) -> None:
    who = mailing.people(1)
    mailing.start(mailing.campaign((mailing.segment(who), mailing.template(), None)))
    lease = uuid4()
    claimed = ledger.claim(10, lease, 60)
    decide.object_to_marketing(customer=who[0], source="test")
    assert ledger.commit_group(lease, [], [ledger.Intent(claimed[0].id)]) == set()


def test_addresses_on_the_suppression_list_are_passed_over(box: Mailbox) -> None:
    who = mailing.people(1)
    mailing.start(mailing.campaign((mailing.segment(who), mailing.template(), None)))
    suppression.suppress(emails=["reader-0@example.com"], reason="bounced")
    pump()
    row = Delivery.objects.get()
    assert (row.state, row.reason) == (State.SUPPRESSED, "suppressed")
    assert box.count() == 0


def test_a_paused_campaign_sends_nothing_and_a_resumed_one_goes_on(box: Mailbox) -> None:
    made = mailing.campaign((mailing.segment(mailing.people(3)), mailing.template(), None))
    mailing.start(made)
    launch.pause(campaign=made)
    assert pump().claimed == 0
    launch.resume(campaign=made)
    assert pump().sent == 3


def test_without_a_mail_server_everything_waits_as_it_was(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    settings.EMAIL_TRANSPORT = {**settings.EMAIL_TRANSPORT, "port": 9}
    mailing.start(mailing.campaign((mailing.segment(mailing.people(30)), mailing.template(), None)))
    pump()
    assert set(Delivery.objects.values_list("state", "attempts", "lease")) == {(State.QUEUED, 0, None)}


def test_a_lease_that_ended_gives_back_what_was_not_on_the_wire_and_nothing_else() -> None:
    mailing.start(mailing.campaign((mailing.segment(mailing.people(2)), mailing.template(), None)))
    lease = uuid4()
    first, second = ledger.claim(10, lease, 60)
    assert ledger.commit_group(lease, [], [ledger.Intent(first.id)]) == {first.id}
    Delivery.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    reaped = reap()
    assert (reaped.returned, reaped.unknown) == (1, 1)
    assert Delivery.objects.get(pk=first.id).state == State.UNKNOWN
    assert Delivery.objects.get(pk=second.id).state == State.QUEUED
    # The slow worker comes back: its answer counts, its lease on the other row does not.
    late = ledger.Outcome(first.id, ledger.SENT, sent_at=timezone.now())
    assert ledger.commit_group(lease, [late], [ledger.Intent(second.id)]) == set()
    assert Delivery.objects.get(pk=first.id).state == State.SENT


def test_a_worker_past_its_lease_sends_nothing_and_gives_back_what_it_held(box: Mailbox) -> None:
    mailing.start(mailing.campaign((mailing.segment(mailing.people(3)), mailing.template(), None)))
    assert pump(lease_seconds=-1).sent == 0
    assert box.count() == 0
    assert set(Delivery.objects.values_list("state", "lease")) == {(State.QUEUED, None)}
    assert pump().sent == 3


def test_what_a_slow_server_leaves_over_goes_back_to_the_queue(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    mailing.start(mailing.campaign((mailing.segment(mailing.people(3)), mailing.template(), None)))
    honest = Line.send

    def slow(self: Line, letter: Letter) -> Answer:
        time.sleep(1.2)
        return honest(self, letter)

    monkeypatch.setattr(Line, "send", slow)
    assert pump(lease_seconds=1).sent == 1
    assert sorted(Delivery.objects.values_list("state", flat=True)) == [State.QUEUED, State.QUEUED, State.SENT]


def test_what_a_dead_worker_did_not_note_is_noted_once() -> None:
    made = mailing.campaign((mailing.segment(mailing.people(3)), mailing.template(), None))
    mailing.start(made)
    Delivery.objects.update(state=State.SENT, sent_at=timezone.now())
    assert note_missing(made.message_id) == 3
    assert note_missing(made.message_id) == 0
    assert Interaction.objects.filter(kind="email_sent").count() == 3


def test_a_campaign_that_ends_while_others_are_closed_is_closed_only_after_its_mails_are_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    over, late = (
        mailing.campaign((mailing.segment(mailing.people(3, prefix=name), name), mailing.template(), None))
        for name in ("over", "late")
    )
    for made in (over, late):
        mailing.start(made)
    Delivery.objects.filter(message=over.message_id).update(state=State.SENT, sent_at=timezone.now())

    def meanwhile(message_id: int) -> int:
        # another worker sends the rest and dies before it can note them
        Delivery.objects.filter(message=late.message_id).update(state=State.SENT, sent_at=timezone.now())
        return note_missing(message_id)

    monkeypatch.setattr(finishing, "note_missing", meanwhile)
    noted = Interaction.objects.filter(kind="email_sent")
    assert finishing.finish() == 1
    late.refresh_from_db()
    assert late.state == Campaign.State.SENDING
    assert noted.filter(campaign_ref=over.message_id).count() == 3
    assert finishing.finish() == 1
    late.refresh_from_db()
    assert late.state == Campaign.State.SENT
    assert noted.filter(campaign_ref=late.message_id).count() == 3
