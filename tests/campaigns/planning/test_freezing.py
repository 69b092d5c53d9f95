"""A campaign is prepared in steps: it can be held, cancelled, taken up again, and it takes turns with others."""

from uuid import uuid4

import pytest
from django.utils import timezone

from campaigns.planning import closing, freezing, launch, placing
from campaigns.planning.freezing import FreezingStep
from campaigns.planning.models import Campaign
from campaigns.sending import ledger, materialise
from campaigns.sending.models import Delivery
from segmentation.segments.models import Membership
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])
State = Campaign.State


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(placing, "BATCH", 2)


def begun(number: int, name: str = "A") -> Campaign:
    """A campaign whose preparation has begun: its audience is counted, no delivery written."""
    people = [shop.person() for _ in range(number)]
    draft = shop.campaign((shop.segment(name, people), None, shop.template()), name=name)
    launch.schedule(campaign=draft)
    assert freezing.begin(draft.pk) and freezing.step(draft.pk) == FreezingStep.MORE
    draft.refresh_from_db()
    assert (draft.state, draft.people, draft.written) == (State.FREEZING, number, 0)
    return draft


def test_each_step_is_kept_and_the_last_lets_it_be_sent() -> None:
    made = begun(5)
    for written in (2, 4, 5):
        assert freezing.step(made.pk) == FreezingStep.MORE
        made.refresh_from_db()
        assert made.written == written == Delivery.objects.count()
        assert made.state == State.FREEZING and ledger.claim(10, uuid4(), 60) == []
    assert freezing.step(made.pk) == FreezingStep.DONE
    made.refresh_from_db()
    assert made.state == State.SENDING and made.frozen_at is not None


def test_a_held_preparation_goes_on_where_it_stopped() -> None:
    made = begun(5)
    freezing.step(made.pk)
    launch.pause(campaign=made)
    assert freezing.step(made.pk) == FreezingStep.NOT_OURS and launch.start_due() == 0
    assert Delivery.objects.count() == 2
    launch.resume(campaign=made)
    made.refresh_from_db()
    assert made.state == State.FREEZING and made.written == 2
    assert launch.start_due() == 1
    made.refresh_from_db()
    assert made.state == State.SENDING and Delivery.objects.count() == made.written == 5


def test_a_cancelled_preparation_sends_nothing_and_closes_what_is_written() -> None:
    made = begun(5)
    freezing.step(made.pk)
    assert launch.cancel(campaign=made) == 2
    # The step that was on its way while somebody cancelled.
    placing.write_next(made, Delivery.objects.latest("customer_id").customer_id)
    assert closing.close_cancelled() == 2
    assert set(Delivery.objects.values_list("state", flat=True)) == {Delivery.State.CANCELLED}
    assert launch.start_due() == 0


def test_a_small_campaign_does_not_wait_for_a_large_one() -> None:
    large, small = begun(20, "Large"), begun(2, "Small")
    rounds = 0
    while freezing.step(small.pk) != FreezingStep.DONE:
        freezing.step(large.pk)
        rounds += 1
    assert rounds == 1
    assert launch.start_due(seconds=60) == 1


def test_what_fails_in_the_middle_is_paused_with_the_reason_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = begun(5)
    freezing.step(made.pk)
    whole = materialise._WRITE
    monkeypatch.setattr(materialise, "_WRITE", whole.replace("'[]'::jsonb", "(1 / 0)::text::jsonb"))
    assert freezing.step(made.pk) == FreezingStep.NOT_OURS
    made.refresh_from_db()
    assert made.state == State.PAUSED and made.error and made.written == 2
    monkeypatch.setattr(materialise, "_WRITE", whole)
    launch.resume(campaign=made)
    assert launch.start_due() == 1
    made.refresh_from_db()
    assert (made.state, made.error, made.written) == (State.SENDING, "", 5)


def test_who_leaves_meanwhile_gets_nothing() -> None:
    made = begun(4)
    freezing.step(made.pk)
    Membership.objects.update(until=timezone.now())
    assert launch.start_due() == 1
    assert Delivery.objects.count() == 2
