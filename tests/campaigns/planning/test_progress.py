"""How far the sending of campaigns is."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from campaigns.planning.draft import create
from campaigns.planning.progress import Progress, progress
from campaigns.sending.models import Delivery
from tests.campaigns import mailing
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db
State = Delivery.State


def test_deliveries_are_counted_by_what_became_of_them() -> None:
    now = timezone.now()
    campaign, other = create(name="May"), create(name="June")
    moments = {State.SENT: now, State.QUEUED: None, State.UNKNOWN: None, State.FAILED: None, State.SUPPRESSED: None}
    for state, sent in [*moments.items(), (State.SENT, now - timedelta(minutes=5)), (State.INFLIGHT, None)]:
        person = shop.person(sealed=False)
        mailing.delivery(campaign, customer=person, state=state, sent_at=sent, clicked_at=sent)
    far = progress([campaign, other])
    assert far == {
        campaign.pk: Progress(total=6, waiting=2, sent=2, failed=2, clicked=2, per_minute=1),
    }
    assert (far[campaign.pk].done, far[campaign.pk].minutes_left) == (4, 2)


def test_nothing_that_moves_has_no_end_in_sight() -> None:
    assert Progress(total=5, waiting=5).minutes_left is None
    assert Progress(total=5, waiting=0, per_minute=9).minutes_left is None


def test_what_is_over_is_counted_once_for_all_who_look_and_what_moves_each_time(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    now = timezone.now()
    over, moving = create(name="May"), create(name="June")
    for campaign in (over, moving):
        mailing.delivery(campaign, customer=shop.person(sealed=False), state=State.SENT, sent_at=now)
    over.finished_at = now - timedelta(hours=1)
    assert {far.clicked for far in progress([over, moving]).values()} == {0}
    Delivery.objects.update(clicked_at=now)
    with django_assert_num_queries(1):
        far = progress([over, moving])
    assert (far[over.pk].clicked, far[moving.pk].clicked) == (0, 1)
    # Just finished or cancelled, its last rows may still be closed.
    over.finished_at = now
    assert progress([over])[over.pk].clicked == 1
