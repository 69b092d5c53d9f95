"""Campaigns from the command line."""

import csv
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from campaigns.planning import launch
from campaigns.planning.models import Campaign
from tests.campaigns.planning import shop

pytestmark = pytest.mark.django_db(databases=["default", "keystore"])


def run(*words: object) -> str:
    out = StringIO()
    call_command(*(str(word) for word in words), stdout=out, stderr=StringIO())
    return out.getvalue()


def state(pk: int) -> str:
    return str(Campaign.objects.get(pk=pk).state)


def test_a_campaign_is_made_started_held_and_stopped() -> None:
    group = shop.segment("A", [shop.painted(shop.person())])
    pk = int(run("campaign", "create", "May", "--row", f"{group.pk}:{shop.offer().pk}:{shop.template().pk}"))
    assert "would reach 1 of 1" in run("campaign", "status", pk)
    run("campaign", "schedule", pk, "--at", "2099-01-01T09:00")
    assert state(pk) == "scheduled" and launch.start_due() == 0
    run("campaign", "cancel", pk)
    assert state(pk) == "cancelled"


def test_sending_is_held_and_goes_on() -> None:
    group = shop.segment("A", [shop.painted(shop.person())])
    pk = int(run("campaign", "create", "May", "--row", f"{group.pk}:0:{shop.template().pk}"))
    run("campaign", "schedule", pk)
    launch.start_due()
    run("campaign", "pause", pk)
    assert state(pk) == "paused"
    run("campaign", "resume", pk)
    assert "0 of 1 done" in run("campaign", "status", pk)
    assert "1 mails not sent" in run("campaign", "cancel", pk)


def test_suggest_fills_the_matrix() -> None:
    shop.segment("A", [shop.painted(shop.person())])
    pk = int(run("campaign", "create", "May", "--suggest"))
    assert Campaign.objects.get(pk=pk).cells.count() == 1


@pytest.mark.parametrize(
    "words",
    [
        ("campaign", "status", 999999),
        ("campaign", "create", " "),
        ("campaign", "create", "May", "--row", "1:2"),
        ("campaign_report", 999999),
    ],
)
def test_what_makes_no_sense_is_refused(words: tuple[object, ...]) -> None:
    with pytest.raises(CommandError):
        run(*words)


def test_a_draft_with_problems_is_not_started() -> None:
    pk = int(run("campaign", "create", "May"))
    with pytest.raises(CommandError, match="audience is empty"):
        run("campaign", "schedule", pk)
    with pytest.raises(CommandError, match="is no moment"):
        run("campaign", "schedule", pk, "--at", "soon")


def test_the_report_is_printed_and_written_as_csv() -> None:
    made = shop.campaign((shop.segment("A", [shop.painted(shop.person())]), shop.offer(), shop.template()))
    launch.schedule(campaign=made)
    launch.start_due()
    assert "A × Spring: planned 1" in run("campaign_report", made.pk)
    rows = list(csv.DictReader(StringIO(run("campaign_report", made.pk, "--csv"))))
    assert [row["segment"] for row in rows] == ["", "A"] and rows[1]["planned"] == "1"
