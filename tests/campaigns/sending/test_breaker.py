"""A fault of the sender or the server holds its lane: nobody is struck off, nothing is burned, and it opens again."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from campaigns.messages.models import Message
from campaigns.planning import closing, holding, launch
from campaigns.planning.models import Campaign
from campaigns.sending import breaker, ledger, reap, shift
from campaigns.sending.breaker import Admission, Breaker
from campaigns.sending.lanes import SendingLane
from campaigns.sending.models import Delivery
from campaigns.sending.transports.base import About, Answer, Stage
from crm.privacy.models import Suppression
from tests.campaigns import mailing
from tests.kits.scripted_server import ScriptedServer, scripted_server

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
WRONG = "550 5.1.8 <news@lamps.internal>: Sender address rejected: Domain not found"
NEWS = "news@lamps.internal"
TAKEN = Answer(Stage.DELIVERED, 250, "ok")
SPAM = Answer(Stage.REFUSED, 554, "5.7.1 spam", About.POLICY)
SLOW_DOWN = Answer(Stage.REFUSED, 451, "4.7.1 slow down", About.POLICY)
DOWN = Answer(Stage.UNREACHABLE, None, "ConnectionRefusedError", About.SERVER)
NOT_US = Answer(Stage.REFUSED, 550, "5.1.8 no domain", About.SENDER)


@pytest.fixture
def server(settings: Any, own_sender: str) -> Iterator[ScriptedServer]:
    """A scripted mail server that the settings lead to."""
    assert own_sender == NEWS
    settings.MAILBOX_ENABLED = False
    with scripted_server() as found:
        settings.EMAIL_TRANSPORT = found.settings
        yield found


def started(count: int, name: str = "reader") -> Campaign:
    """Start a campaign to so many people."""
    made = mailing.campaign((mailing.segment(mailing.people(count, prefix=name), name), mailing.template(), None))
    mailing.start(made)
    return made


def beat() -> None:
    """Do what the beat does every five seconds, and let those seconds pass."""
    # now() stands still within a test's transaction; the order of the rows is kept.
    Delivery.objects.filter(state=ledger.QUEUED).update(not_before=F("not_before") - timedelta(minutes=10))
    holding.follow()
    shift.work(seconds=20)
    holding.follow()
    closing.finish()


def later() -> None:
    """Let the time come at which held lanes are asked again."""
    SendingLane.objects.filter(state=SendingLane.State.HELD).update(retry_at=timezone.now())


def state_of(made: Campaign) -> str:
    """Return the state of a campaign as it is now."""
    made.refresh_from_db()
    return made.state


def test_a_refused_sender_pauses_the_campaign_and_costs_nobody_anything(server: ScriptedServer) -> None:
    made = started(60)
    server.mail = lambda sender: WRONG
    beat()
    assert state_of(made) == Campaign.State.PAUSED
    assert set(Delivery.objects.values_list("state", "attempts", "reason")) == {(ledger.QUEUED, 0, "")}
    assert not Suppression.objects.exists()
    lane = holding.holds(made)[0]
    assert (lane.reason, lane.code, lane.sender) == (SendingLane.Reason.SENDER, 550, NEWS)
    assert lane.reply == "5.1.8 <[email]>: Sender address rejected: Domain not found"
    assert len(server.asked) <= 10


def test_it_goes_on_by_itself_once_the_server_takes_the_sender_again(server: ScriptedServer) -> None:
    made = started(60)
    server.mail = lambda sender: WRONG
    beat()
    beat()
    asked = len(server.asked)
    later()
    beat()
    assert len(server.asked) == asked + 1, "one mail asks, not a group"
    assert state_of(made) == Campaign.State.PAUSED
    assert SendingLane.objects.get(sender=NEWS).tries == 2
    server.mail = lambda sender: None
    later()
    beat()
    reap.reap()
    closing.finish()
    assert state_of(made) == Campaign.State.SENT
    assert sorted(server.recipients()) == sorted({f"reader-{n}@example.com" for n in range(60)})
    assert holding.holds(made) == []


def test_a_person_who_resumes_it_has_the_server_asked_at_once(server: ScriptedServer) -> None:
    made = started(30)
    server.mail = lambda sender: WRONG
    beat()
    server.mail = lambda sender: None
    launch.resume(campaign=made)
    beat()
    assert len(server.taken) == 30


def test_try_again_now_asks_at_once(server: ScriptedServer) -> None:
    made = started(30)
    server.mail = lambda sender: WRONG
    beat()
    server.mail = lambda sender: None
    made.refresh_from_db()
    holding.try_now(campaign=made, by=None)
    beat()
    assert len(server.taken) == 30


def test_a_fault_in_our_own_dns_said_at_rcpt_strikes_nobody(server: ScriptedServer) -> None:
    made = started(40)
    server.rcpt = lambda to: WRONG if int(to.partition("@")[0].partition("-")[2]) % 4 == 0 else None
    beat()
    assert not Suppression.objects.exists()
    assert not Delivery.objects.filter(state=ledger.FAILED).exists()
    server.rcpt = lambda to: None
    for _ in range(3):
        later()
        beat()
    assert sorted(server.recipients()) == sorted(f"reader-{n}@example.com" for n in range(40))
    assert state_of(made) != Campaign.State.PAUSED


def test_the_answer_of_one_mail_alone_does_not_hold_the_lane_for_ever(server: ScriptedServer) -> None:
    started(30)
    server.rcpt = lambda to: WRONG if to == "reader-0@example.com" else None
    for _ in range(4):
        later()
        beat()
    assert len(server.taken) == 29


def test_campaigns_of_another_sender_go_on(server: ScriptedServer) -> None:
    held, free = started(30, "held"), started(30, "free")
    Campaign.objects.filter(pk=free.pk).update(sender_address="shop@lamps.internal")
    Message.objects.filter(campaign=free).update(sender_address="shop@lamps.internal")
    server.mail = lambda sender: WRONG if sender == NEWS else None
    beat()
    beat()
    assert state_of(held) == Campaign.State.PAUSED
    assert {to.partition("-")[0] for to in server.recipients()} == {"free"}
    assert len(server.taken) == 30


def test_a_campaign_a_person_paused_is_not_resumed_by_the_lane(server: ScriptedServer) -> None:
    made = started(10)
    launch.pause(campaign=made)
    server.mail = lambda sender: WRONG
    started(10, "other")
    beat()
    server.mail = lambda sender: None
    later()
    beat()
    assert state_of(made) == Campaign.State.PAUSED
    assert len(server.taken) == 10


def test_a_storm_of_policy_refusals_pauses_the_campaign_before_it_is_burned(server: ScriptedServer) -> None:
    made = started(240)
    server.data = lambda to: "554 5.7.1 Message rejected as spam"
    beat()
    assert state_of(made) == Campaign.State.PAUSED
    assert Delivery.objects.filter(state=ledger.FAILED).count() < breaker.STORM
    assert SendingLane.objects.get(sender=NEWS).reason == SendingLane.Reason.STORM
    later()
    beat()
    assert state_of(made) == Campaign.State.PAUSED
    assert Delivery.objects.filter(state=ledger.FAILED).count() < breaker.STORM
    server.data = lambda to: None
    later()
    beat()
    assert len(server.taken) + Delivery.objects.filter(state=ledger.FAILED).count() == 240


def test_a_few_policy_refusals_are_those_peoples_own(server: ScriptedServer) -> None:
    made = started(120)
    server.data = lambda to: "554 5.7.1 no" if to in {f"reader-{n}@example.com" for n in range(5)} else None
    beat()
    assert len(server.taken) == 115
    assert Delivery.objects.filter(state=ledger.FAILED, reason="refused").count() == 5
    assert state_of(made) == Campaign.State.SENT
    assert not SendingLane.objects.exclude(state=SendingLane.State.OPEN).exists()


def test_greylisting_is_no_reason_to_hold_anybody_else(server: ScriptedServer) -> None:
    started(100)
    server.rcpt = lambda to: "451 4.7.1 Greylisted, try again later"
    beat()
    assert set(Delivery.objects.values_list("state", flat=True)) == {ledger.DEFERRED}
    assert not SendingLane.objects.exclude(state=SendingLane.State.OPEN).exists()


def test_without_a_server_everything_waits_unharmed_and_the_reason_is_there(server: ScriptedServer) -> None:
    made = started(60)
    server.stop()
    for _ in range(3):
        beat()
    assert set(Delivery.objects.values_list("state", "attempts")) == {(ledger.QUEUED, 0)}
    assert state_of(made) == Campaign.State.SENDING
    lane = holding.holds(made)[0]
    assert (lane.reason, lane.sender) == (SendingLane.Reason.UNREACHABLE, "")
    assert lane.retry_at is not None and lane.retry_at > timezone.now()


def test_a_lane_is_probed_by_one_worker_only() -> None:
    one, other = Breaker(), Breaker()
    one.note(NEWS, [NOT_US])
    assert [one.admit(NEWS, 60), other.admit(NEWS, 60)] == [Admission.HELD, Admission.HELD]
    later()
    assert [one.admit(NEWS, 60), other.admit(NEWS, 60)] == [Admission.PROBE, Admission.HELD]
    # The one that asked has died: another may ask.
    SendingLane.objects.update(retry_at=timezone.now() - timedelta(seconds=1))
    assert other.admit(NEWS, 60) == Admission.PROBE
    other.note(NEWS, [TAKEN], probing=True)
    assert one.admit(NEWS, 60) == Admission.OPEN


def test_a_probe_without_a_mail_is_given_back() -> None:
    worker = Breaker()
    worker.note(NEWS, [NOT_US])
    later()
    assert worker.admit(NEWS, 60) == Admission.PROBE
    worker.unasked(NEWS)
    assert worker.admit(NEWS, 60) == Admission.PROBE


def test_each_hold_lasts_longer_and_two_workers_make_one_hold() -> None:
    one, other = Breaker(), Breaker()
    lasts = []
    for _ in range(6):
        one.note("", [DOWN], probing=True)
        other.note("", [DOWN])
        lane = SendingLane.objects.get()
        assert lane.retry_at is not None
        lasts.append(round((lane.retry_at - timezone.now()).total_seconds() / 60))
        later()
    assert lasts == [1, 2, 5, 10, 15, 15]


def test_refusals_count_within_the_last_answers_only() -> None:
    worker = Breaker()
    for _ in range(4):
        # Nine in two hundred are no storm, however many mails there are.
        assert not worker.note(NEWS, [SPAM] * 9)
        worker.note(NEWS, [TAKEN] * 200)
    assert not worker.note(NEWS, [SPAM] * 9)
    assert worker.note(NEWS, [SPAM])
    assert worker.admit(NEWS, 60) == Admission.HELD


def test_many_requests_to_wait_hold_the_server_and_few_do_not() -> None:
    worker = Breaker()
    assert not worker.note(NEWS, [SLOW_DOWN] * (breaker.CROWD - 1))
    assert worker.admit(NEWS, 60) == Admission.OPEN
    worker.note(NEWS, [SLOW_DOWN])
    assert SendingLane.objects.get(sender="").reason == SendingLane.Reason.BUSY
    assert worker.waits()


def test_a_healthy_lane_has_no_row() -> None:
    worker = Breaker()
    worker.note(NEWS, [TAKEN] * 500)
    assert not SendingLane.objects.exists()
