"""What a server answers, and where the connection breaks, decide what becomes of a mail."""

from typing import Any

import pytest

from campaigns.planning.models import Campaign
from campaigns.sending import ledger
from campaigns.sending.models import Delivery
from campaigns.sending.outcome import BACKOFF_MINUTES, FULL_MINUTES, outcome_of
from campaigns.sending.pump import pump
from campaigns.sending.strike import strike
from campaigns.sending.transports.base import About, Answer, Stage
from crm.privacy import suppression
from tests.campaigns import mailing
from tests.kits.scripted_server import scripted_server

REFUSED = Stage.REFUSED
ANSWERS = {
    "reader-0@example.com": "550 5.1.1 no such user reader-0@example.com",
    "reader-1@example.com": "451 4.2.1 try later",
    "reader-2@example.com": "554 5.7.1 looks like spam",
    "reader-3@example.com": "550 Domain frequency limited",
    "reader-4@example.com": "550 No such user here",
    "reader-5@example.com": "552 5.2.2 over quota",
}


@pytest.mark.django_db(databases=["default", "keystore"])
def test_every_answer_has_its_outcome_in_the_ledger(settings: Any, own_sender: str) -> None:
    settings.MAILBOX_ENABLED = False
    mailing.start(mailing.campaign((mailing.segment(mailing.people(7)), mailing.template(), None)))
    with scripted_server(rcpt=ANSWERS.get) as server:
        settings.EMAIL_TRANSPORT = server.settings
        pump()
    rows = {row.customer.external_id: row for row in Delivery.objects.select_related("customer")}
    assert [(rows[f"reader-{n}"].state, rows[f"reader-{n}"].reason) for n in range(7)] == [
        (ledger.FAILED, "bounced"),
        (ledger.DEFERRED, ""),
        (ledger.FAILED, "refused"),
        (ledger.DEFERRED, ""),
        (ledger.FAILED, "bounced"),
        (ledger.DEFERRED, ""),
        (ledger.SENT, ""),
    ]
    # An address that does not exist is struck off, one that called us spam is not.
    addresses = list(ANSWERS)
    assert suppression.listed(addresses) == {addresses[0], addresses[4]}
    assert rows["reader-0"].reply == "5.1.1 no such user [email]"
    assert rows["reader-1"].not_before > rows["reader-1"].created_at
    assert (rows["reader-1"].lease, rows["reader-1"].attempts) == (None, 1)


@pytest.mark.parametrize(
    ("answer", "attempts", "state", "reason"),
    [
        (Answer(Stage.DELIVERED, 250, "ok"), 0, ledger.SENT, ""),
        (Answer(Stage.LOST), 0, ledger.DEFERRED, ""),
        (Answer(Stage.LOST), len(BACKOFF_MINUTES), ledger.FAILED, "tries"),
        (Answer(Stage.UNANSWERED), 0, ledger.UNKNOWN, "crash"),
        (Answer(Stage.NOT_TRIED), 0, ledger.QUEUED, ""),
        (Answer(Stage.UNREACHABLE, None, "x", About.SERVER), 7, ledger.QUEUED, ""),
        (Answer(REFUSED, 421, "busy", About.SERVER), 7, ledger.QUEUED, ""),
        (Answer(REFUSED, 550, "5.1.8", About.SENDER), 7, ledger.QUEUED, ""),
        (Answer(REFUSED, 550, "5.1.1", About.ADDRESS), 0, ledger.FAILED, "bounced"),
        (Answer(REFUSED, 450, "4.1.1", About.ADDRESS), 0, ledger.DEFERRED, ""),
        (Answer(REFUSED, 552, "5.2.2", About.FULL), 0, ledger.DEFERRED, ""),
        (Answer(REFUSED, 552, "5.2.2", About.FULL), len(FULL_MINUTES), ledger.FAILED, "full"),
        (Answer(REFUSED, 554, "5.7.1", About.POLICY), 0, ledger.FAILED, "refused"),
        (Answer(REFUSED, 451, "4.7.1", About.POLICY), 0, ledger.DEFERRED, ""),
        (Answer(REFUSED, 550, "Connection frequency limited", About.POLICY), 0, ledger.DEFERRED, ""),
        (Answer(REFUSED, 550, "5.2.1", About.RECIPIENT), 0, ledger.FAILED, "refused"),
    ],
)
def test_an_answer_means(answer: Answer, attempts: int, state: int, reason: str) -> None:
    outcome = outcome_of(1, attempts, answer)
    assert (outcome.state, outcome.reason) == (state, reason)
    assert state != ledger.DEFERRED or outcome.not_before is not None


def test_in_a_storm_a_refusal_for_policy_says_nothing_about_its_mail() -> None:
    assert outcome_of(1, 0, Answer(REFUSED, 554, "5.7.1", About.POLICY), storm=True).state == ledger.QUEUED
    assert outcome_of(1, 0, Answer(REFUSED, 550, "5.1.1", About.ADDRESS), storm=True).state == ledger.FAILED


@pytest.mark.django_db(databases=["default", "keystore"])
def test_a_mailbox_is_struck_off_when_three_campaigns_in_a_row_found_it_full() -> None:
    who = mailing.people(2)
    often, once = who
    what, whom = mailing.template(), mailing.segment(who)
    struck = []
    for number in range(3):
        made: Campaign = mailing.campaign((whom, what, None))
        mailing.start(made)
        rows = Delivery.objects.filter(message=made.message_id)
        rows.filter(customer=often).update(state=ledger.FAILED, reason="full")
        if number == 2:
            rows.filter(customer=once).update(state=ledger.FAILED, reason="full")
        else:
            rows.filter(customer=once).update(state=ledger.SENT)
        struck.append(strike([ledger.Outcome(pk, ledger.FAILED, "full") for pk in rows.values_list("pk", flat=True)]))
    assert struck == [0, 0, 1]
    assert suppression.listed(["reader-0@example.com", "reader-1@example.com"]) == {"reader-0@example.com"}
