"""Who would get a campaign."""

import pytest
from django.utils import timezone

from campaigns.planning.audience import count, kept_count
from campaigns.planning.draft import create
from campaigns.planning.models import CampaignCell
from campaigns.sending.states import State
from crm.privacy import suppression
from segmentation.segments.models import Membership
from segmentation.segments.refresh import refresh
from tests.campaigns.mailing import materialise
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


def test_everybody_is_counted_once_in_the_first_row_that_holds_them() -> None:
    both, one = shop.person(), shop.person()
    first, second, mail = shop.segment("A", [both]), shop.segment("B", [both, one]), shop.template()
    draft = shop.campaign((first, None, mail), (second, None, mail))
    audience = count(draft)
    above, below = (audience.cells[cell.pk] for cell in draft.cells.all())
    assert (above.members, above.elsewhere, above.reachable) == (1, 0, 1)
    assert (below.members, below.elsewhere, below.reachable) == (2, 1, 1)
    assert (audience.people, audience.reachable, audience.out) == (2, 2, 0)


def test_people_who_may_not_be_mailed_are_left_out_by_reason() -> None:
    people = [
        shop.person(),
        shop.person(permission=1),
        shop.person(sealed=False),
        shop.person(state="restricted"),
        shop.person(state="erased", sealed=False),
        shop.person(canary=True),
    ]
    draft = shop.campaign((shop.segment("A", people), None, shop.template()))
    audience = count(draft)
    assert audience.excluded == {"no_consent": 1, "no_address": 1, "restricted": 1, "erased": 1}
    assert (audience.people, audience.reachable) == (5, 1)


def test_counting_and_freezing_know_the_suppression_list() -> None:
    people = [shop.person(), shop.person()]
    suppression.suppress_customers(customer_ids=[people[1].pk], reason="bounced", actor="test")
    draft = shop.campaign((shop.segment("A", people), None, shop.template()))
    audience = count(draft)
    assert (audience.excluded, audience.reachable) == ({"suppressed": 1}, 1)
    assert materialise(draft).counts == {(State.QUEUED, ""): 1, (State.SUPPRESSED, "suppressed"): 1}


def test_an_empty_matrix_reaches_nobody() -> None:
    audience = count(create(name="May"))
    assert (audience.cells, audience.people, audience.reachable) == ({}, 0, 0)


def test_a_draft_that_is_looked_at_again_is_counted_anew_only_when_its_rows_or_segments_changed() -> None:
    reader, other, mail = shop.person(), shop.person(), shop.template()
    who = shop.segment("A", [reader])
    draft = shop.campaign((who, None, mail))
    assert kept_count(draft).reachable == 1
    Membership.objects.create(segment=who, customer=other, since=timezone.now())
    assert kept_count(draft).reachable == 1
    refresh(segment=who)
    assert kept_count(draft).reachable == 2
    CampaignCell.objects.create(campaign=draft, segment=shop.segment("B", [shop.person()]), template=mail, position=1)
    assert kept_count(draft).reachable == 3
