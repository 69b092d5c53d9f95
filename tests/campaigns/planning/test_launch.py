"""Starting a campaign, holding it, stopping it."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connections
from django.utils import timezone

from campaigns.emails.models import EmailText
from campaigns.offers.models import Offer
from campaigns.planning import closing, launch
from campaigns.planning.audience import count
from campaigns.planning.draft import NotADraft, create
from campaigns.planning.models import Campaign
from campaigns.sending import reap, shift
from campaigns.sending.models import Delivery
from crm.customers.models import Customer
from lib.mailbox import Mailbox
from segmentation.segments.models import Segment
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
State = Campaign.State


def people(number: int) -> list[Customer]:
    return [shop.painted(shop.person()) for _ in range(number)]


def ready(number: int = 3) -> Campaign:
    return shop.campaign((shop.segment("A", people(number)), shop.offer(), shop.template()))


def state_of(campaign: Campaign) -> str:
    campaign.refresh_from_db()
    return campaign.state


def test_a_campaign_goes_from_draft_to_sent_and_everybody_gets_one_mail(box: Mailbox) -> None:
    draft = ready(5)
    launch.schedule(campaign=draft)
    assert state_of(draft) == State.SCHEDULED
    assert launch.start_due() == 1
    assert state_of(draft) == State.SENDING and draft.frozen_at is not None
    shift.work(limit=100)
    reap.reap()
    closing.finish()
    assert state_of(draft) == State.SENT and draft.finished_at is not None
    assert sorted(box.count_by_delivery().values()) == [1] * 5


def test_what_is_counted_before_is_what_is_sent_to(box: Mailbox) -> None:
    first, second = people(4), people(3)
    out = [shop.painted(shop.person(permission=1)), shop.painted(shop.person(sealed=False))]
    mail = shop.template()
    draft = shop.campaign(
        (shop.segment("A", first + out), None, mail), (shop.segment("B", first[:2] + second), None, mail)
    )
    expected = count(draft)
    launch.schedule(campaign=draft)
    launch.start_due()
    draft.refresh_from_db()
    for cell in draft.cells.all():
        queued = draft.deliveries.filter(segment=cell.segment, state=Delivery.State.QUEUED).count()
        assert queued == expected.cells[cell.pk].reachable
    suppressed = Delivery.objects.filter(message=draft.message_id, state=Delivery.State.SUPPRESSED)
    assert sorted(suppressed.values_list("reason", flat=True)) == ["no_address", "no_consent"]
    assert expected.excluded == {"no_address": 1, "no_consent": 1}


def test_a_campaign_waits_for_its_moment() -> None:
    draft, later = ready(), timezone.now() + timedelta(hours=2)
    launch.schedule(campaign=draft, at=later)
    assert launch.start_due() == 0
    assert launch.start_due(now=later) == 1


def test_a_moment_that_has_passed_is_refused() -> None:
    with pytest.raises(ValidationError):
        launch.schedule(campaign=ready(), at=timezone.now() - timedelta(hours=1))


def test_a_campaign_with_problems_is_not_scheduled() -> None:
    with pytest.raises(launch.NotReady) as refusal:
        launch.schedule(campaign=create(name="Empty"))
    assert [problem.code for problem in refusal.value.problems] == ["no_rows"]


def test_the_day_of_the_start_decides_whether_an_offer_is_valid() -> None:
    draft = ready()
    Offer.objects.update(valid_until=timezone.localdate() + timedelta(days=1))
    with pytest.raises(launch.NotReady):
        launch.schedule(campaign=draft, at=timezone.now() + timedelta(days=3))
    launch.schedule(campaign=draft)


def test_a_campaign_that_became_wrong_meanwhile_is_a_draft_again_and_says_why() -> None:
    draft = ready()
    launch.schedule(campaign=draft)
    Segment.objects.update(archived_at=timezone.now())
    assert launch.start_due() == 0
    assert state_of(draft) == State.DRAFT and "archived" in draft.error
    assert not Delivery.objects.exists()


def test_an_error_while_freezing_leaves_no_delivery_and_says_why() -> None:
    draft = ready()
    launch.schedule(campaign=draft)
    Segment.objects.update(kind="rule", rule={"nonsense": 1})
    assert launch.start_due() == 0
    assert state_of(draft) == State.DRAFT and "RuleError" in draft.error
    assert not Delivery.objects.exists()


def test_the_audience_is_that_of_the_start_even_where_segments_ask_about_segments() -> None:
    rich = Segment.objects.create(name="Rich", rule={"all": [{"field": "revenue", "op": "at_least", "value": 500}]})
    asked = {"all": [{"field": "in_segment", "op": "is", "value": rich.pk}]}
    outer = Segment.objects.create(name="Outer", rule=asked, size=1)
    draft = shop.campaign((outer, None, shop.template()))
    launch.schedule(campaign=draft)
    newcomer = shop.painted(shop.person(), revenue=900)
    shop.painted(shop.person(), revenue=100)
    assert launch.start_due() == 1
    assert list(Delivery.objects.values_list("customer", flat=True)) == [newcomer.pk]


@pytest.mark.django_db(transaction=True, databases=["default", "keystore"])
def test_two_beats_at_once_start_a_campaign_once() -> None:
    draft = ready(20)
    launch.schedule(campaign=draft)
    started: list[int] = []

    def beat() -> None:
        started.append(launch.start_due())
        connections.close_all()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(started) == 1
    assert Delivery.objects.filter(message__campaign=draft).count() == 20


def test_a_paused_campaign_sends_nothing_until_it_is_resumed(box: Mailbox) -> None:
    draft = ready(4)
    launch.schedule(campaign=draft)
    launch.start_due()
    launch.pause(campaign=draft)
    assert shift.work(limit=100).sent == 0
    launch.resume(campaign=draft)
    assert shift.work(limit=100).sent == 4


def test_a_cancelled_campaign_sends_nothing_more(box: Mailbox) -> None:
    draft = ready(4)
    launch.schedule(campaign=draft)
    launch.start_due()
    assert launch.cancel(campaign=draft) == 4
    assert state_of(draft) == State.CANCELLED
    assert shift.work(limit=100).sent == 0
    assert set(Delivery.objects.values_list("state", "reason")) == {(Delivery.State.CANCELLED, "cancelled")}


def test_only_what_moves_can_be_held_and_only_what_waits_taken_back() -> None:
    draft = ready()
    for act in (launch.pause, launch.resume, launch.cancel, launch.unschedule):
        with pytest.raises(launch.WrongState):
            act(campaign=draft)
    launch.schedule(campaign=draft)
    launch.unschedule(campaign=draft)
    assert state_of(draft) == State.DRAFT
    launch.discard(campaign=draft)
    assert not Campaign.objects.exists()


def test_a_campaign_on_its_way_cannot_be_deleted() -> None:
    draft = ready()
    launch.schedule(campaign=draft)
    with pytest.raises(NotADraft):
        launch.discard(campaign=draft)


def test_a_mail_with_errors_keeps_a_campaign_from_starting() -> None:
    draft = ready()
    EmailText.objects.update(mjml="<mjml><mj-body></mj-body></mjml>")
    with pytest.raises(launch.NotReady) as refusal:
        launch.schedule(campaign=draft)
    assert {problem.code for problem in refusal.value.problems} == {"template"}
