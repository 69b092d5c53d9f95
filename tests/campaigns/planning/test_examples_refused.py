"""While sender, postal address or mail server are examples, no door lets a mail out but to the mailbox."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.planning import closing, holding, launch
from campaigns.planning.checklist import problems
from campaigns.planning.models import Campaign
from campaigns.planning.test_send import send_test
from campaigns.sending import breaker, ledger, shift
from campaigns.sending.configuration import NotConfigured
from campaigns.sending.lanes import SendingLane
from campaigns.sending.models import Delivery
from tests.campaigns import mailing
from tests.campaigns.planning import shop
from tests.kits.scripted_server import ScriptedServer, scripted_server

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
State = Campaign.State
EXAMPLES = {
    "example_sender": ("SENDER_ADDRESS", "news@example.com"),
    "example_postal_address": ("POSTAL_ADDRESS", "1 Example Street, Example City"),
    "example_mail_server": ("EMAIL_URL", "smtp.example.com"),
}


@pytest.fixture
def server(settings: Any, own_sender: str) -> Iterator[ScriptedServer]:
    """A mail server of one's own, with everything set."""
    with scripted_server() as found:
        settings.MAILBOX_ENABLED, settings.EMAIL_TRANSPORT = False, found.settings
        yield found


@pytest.fixture(params=EXAMPLES)
def spoil(request: Any, settings: Any, server: ScriptedServer) -> Callable[[], str]:
    """Make one setting an example; what is called returns the problem's code."""

    def one() -> str:
        name, value = EXAMPLES[request.param]
        if name == "EMAIL_URL":
            settings.EMAIL_TRANSPORT = {**server.settings, "host": value}
        else:
            setattr(settings, name, value)
        return str(request.param)

    return one


def ready() -> Campaign:
    return shop.campaign((shop.segment("A", [shop.painted(shop.person())]), None, shop.template()))


def state_of(campaign: Campaign) -> str:
    campaign.refresh_from_db()
    return campaign.state


def beat() -> None:
    """Do what the beat does, the time of every hold having come."""
    SendingLane.objects.filter(state=SendingLane.State.HELD).update(retry_at=timezone.now() - timedelta(seconds=1))
    launch.start_due()
    holding.follow()
    shift.work(seconds=20)
    holding.follow()
    closing.finish()


def mend(settings: Any, server: ScriptedServer, sender: str) -> None:
    """Set everything to one's own again."""
    settings.SENDER_ADDRESS, settings.POSTAL_ADDRESS = sender, "2 Lamp Street, Lampton"
    settings.EMAIL_TRANSPORT = server.settings


def test_a_campaign_cannot_be_started_and_the_checklist_says_what_to_set(spoil: Callable[[], str]) -> None:
    code, draft = spoil(), ready()
    (found,) = problems(draft)
    assert (found.code, found.blocking) == (code, True) and EXAMPLES[code][0] in found.text
    with pytest.raises(launch.NotReady) as refused:
        launch.schedule(campaign=draft, at=timezone.now() + timedelta(days=1))
    assert str(refused.value) == found.text and state_of(draft) == State.DRAFT
    with pytest.raises(CommandError, match=EXAMPLES[code][0]):
        call_command("campaign", "schedule", str(draft.pk))


def test_a_campaign_scheduled_before_does_not_start_either(
    spoil: Callable[[], str], server: ScriptedServer, marketer: Client
) -> None:
    draft = ready()
    launch.schedule(campaign=draft)
    code = spoil()
    beat()
    assert state_of(draft) == State.DRAFT and EXAMPLES[code][0] in draft.error
    assert not Delivery.objects.exists() and not server.asked


def test_the_start_button_says_what_to_set(spoil: Callable[[], str], marketer: Client) -> None:
    code, draft = spoil(), ready()
    where = reverse("campaigns:campaign_schedule", args=[draft.pk])
    assert EXAMPLES[code][0] in marketer.post(where, {"when": "now"}, follow=True).content.decode()
    assert state_of(draft) == State.DRAFT


def test_what_is_under_way_is_held_burns_no_mail_and_goes_on_once_it_is_set(
    spoil: Callable[[], str], server: ScriptedServer, settings: Any, own_sender: str
) -> None:
    made = mailing.campaign((mailing.segment(mailing.people(5)), mailing.template(), None))
    mailing.start(made)
    code = spoil()
    for _ in range(3):
        beat()
    assert not server.asked
    assert set(Delivery.objects.values_list("state", "attempts", "reason")) == {(ledger.QUEUED, 0, "")}
    (lane,) = holding.holds(Campaign.objects.get(pk=made.pk))
    assert lane.reason == SendingLane.Reason.SETTINGS and "EMAIL_URL" in lane.advice
    # What is wrong for one sender pauses its campaigns; what is wrong for all lets nothing be claimed.
    assert state_of(made) == (State.PAUSED if code == "example_sender" else State.SENDING)
    mend(settings, server, own_sender)
    for _ in range(2):
        beat()
    assert state_of(made) == State.SENT and len(server.taken) == 5
    assert holding.holds(made) == [] and not breaker.holding([own_sender])


def test_a_held_campaign_is_neither_resumed_nor_tried_again(
    spoil: Callable[[], str], server: ScriptedServer, marketer: Client
) -> None:
    made = mailing.campaign((mailing.segment(mailing.people(2)), mailing.template(), None))
    mailing.start(made)
    launch.pause(campaign=made)
    code = spoil()
    for act in ("resume", "retry"):
        where = reverse("campaigns:campaign_act", args=[made.pk, act])
        assert EXAMPLES[code][0] in marketer.post(where, follow=True).content.decode()
    with pytest.raises(CommandError, match=EXAMPLES[code][0]):
        call_command("campaign", "resume", str(made.pk))
    assert state_of(made) == State.PAUSED and not server.asked


def test_no_test_mail_goes_out(spoil: Callable[[], str], server: ScriptedServer, marketer: Client) -> None:
    code, draft = spoil(), ready()
    cell = draft.cells.select_related("campaign").get()
    customer = cell.segment.memberships.get().customer
    with pytest.raises(NotConfigured):
        send_test(cell=cell, customer=customer, address="me@lamps.internal", actor="test")
    where = reverse("campaigns:campaign_test", args=[draft.pk])
    told = {"customer": str(customer.uuid), "address": "me@lamps.internal"}
    assert EXAMPLES[code][0] in marketer.post(where, told, follow=True).content.decode()
    assert not server.asked


def test_with_everything_set_the_same_campaign_goes_out(server: ScriptedServer) -> None:
    draft = ready()
    launch.schedule(campaign=draft)
    beat()
    assert state_of(draft) == State.SENT and len(server.taken) == 1
