"""One mail to try a campaign out, to an address somebody typed. It is in no ledger and counts nowhere."""

import logging
import time
import uuid
from dataclasses import dataclass, replace

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from campaigns.planning.models import CampaignCell
from campaigns.planning.preview import preview
from campaigns.sending.configuration import must_be_configured
from campaigns.sending.message import Addressed, build, domain_of, wire_address
from campaigns.sending.transports.base import Answers, Stage
from campaigns.sending.transports.registry import EMAIL, transport_for
from crm.access import acts
from crm.access.verbs import Verb
from crm.customers.models import Customer
from lib.scrub import scrub

logger = logging.getLogger(__name__)

MARK = "[Test] "


PATIENCE = 60
"""Seconds a person waits for the page at most until the mail is begun."""


@dataclass(frozen=True, slots=True)
class Test:
    """The mail as the transport wants it."""

    sender: str
    recipient: str
    message: bytes


class NotSent(Exception):
    """The mail server did not take the test mail; `code` and `reply` are what it said, addresses scrubbed."""

    def __init__(self, code: int | None = None, reply: str = "") -> None:
        super().__init__(reply)
        self.code, self.reply = code, reply


class TestUnreachable(Exception):
    """No mail server answers, or it does not let us in."""


def send_test(*, cell: CampaignCell, customer: Customer, address: str, actor: str) -> None:
    """Send the mail a customer would get to another address, marked in the subject, by the configured mail server.

    The customer's name is left out: a test may go to anybody. The act names the campaign and who asked, never the
    address. Raises NotConfigured, NotSent, Unreachable when no server answers, and what preview raises.
    """
    must_be_configured(cell.campaign.sender_address)
    mail = preview(cell=cell, customer=customer).mail
    sender = cell.campaign.sender_address or settings.SENDER_ADDRESS
    message = build(
        replace(mail, subject=MARK + mail.subject),
        Addressed(
            key=uuid.uuid4(),
            date=timezone.now(),
            sender_name=cell.campaign.sender_name or settings.SENDER_NAME,
            sender_address=sender,
            recipient=address,
            message_id=cell.campaign.message_id or 0,
        ),
    )
    answers: Answers = {}
    transport = transport_for(EMAIL, domain_of(sender))
    try:
        letter = Test(wire_address(sender), wire_address(address), message)
        transport.send([letter], answers, until=time.monotonic() + PATIENCE)
    finally:
        transport.close()
    answer = answers[0]
    logger.info("Test of campaign %s by %s: %s", cell.campaign_id, actor, answer.stage)
    if answer.stage == Stage.UNREACHABLE:
        raise TestUnreachable(scrub(answer.text))
    if answer.stage != Stage.DELIVERED:
        raise NotSent(answer.code, scrub(answer.text)[:200])
    with transaction.atomic(durable=True):
        acts.record(by=actor, verb=Verb.TEST_SENT, on=cell.campaign)
