"""What stands between a campaign and its start."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns.planning.checklist import problems
from campaigns.planning.draft import create
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


def test_a_good_campaign_has_no_problems() -> None:
    draft = shop.campaign((shop.segment("A", [shop.person()]), shop.offer(), shop.template()))
    assert problems(draft) == []


def test_each_thing_that_is_wrong_is_named(settings: Any) -> None:
    settings.POSTAL_ADDRESS, settings.SENDER_ADDRESS = " ", ""
    yesterday = timezone.localdate() - timedelta(days=1)
    group, mail = shop.segment("Gone", [shop.person()]), shop.template()
    draft = shop.campaign((group, shop.offer("Old", valid_until=yesterday), mail))
    group.archived_at = mail.archived_at = timezone.now()
    group.save()
    mail.save()
    found = {problem.code: problem for problem in problems(draft)}
    expected = {"no_postal_address", "no_sender", "segment_archived", "offer_expired", "template_archived"}
    assert expected <= set(found)
    assert "Gone" in found["segment_archived"].text and "Old" in found["offer_expired"].text


def test_an_empty_segment_is_a_warning_only() -> None:
    draft = shop.campaign((shop.segment("Empty"), None, shop.template()))
    assert [(problem.code, problem.blocking) for problem in problems(draft)] == [("segment_empty", False)]


def test_blocking_problems_stand_first() -> None:
    draft = shop.campaign((shop.segment("Empty"), None, shop.template(mjml="<mjml>")))
    assert [problem.blocking for problem in problems(draft)] == sorted(
        (problem.blocking for problem in problems(draft)), reverse=True
    )
    assert [problem.code for problem in problems(create(name="May"))] == ["no_rows"]
