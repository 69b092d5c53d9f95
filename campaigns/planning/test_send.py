"""One mail to try a campaign out, to an address somebody typed. It is in no ledger and counts nowhere."""

import logging
import uuid
from dataclasses import replace

from django.conf import settings
from django.utils import timezone

from campaigns.planning.models import CampaignCell
from campaigns.planning.preview import preview
from campaigns.sending.message import Addressed, build, domain_of, wire_address
from campaigns.sending.transport import Stage, Transport
from crm.customers.models import Customer

logger = logging.getLogger(__name__)

MARK = "[Test] "


class NotSent(Exception):
    """The mail server did not take the test mail."""


def send_test(*, cell: CampaignCell, customer: Customer, address: str, actor: str) -> None:
    """Send the mail a customer would get to another address, marked in the subject, by the configured mail server.

    The customer's name is left out: a test may go to anybody. The log names the campaign and who asked, never the
    address. Raises NotSent, Unreachable when no server answers, and what preview raises.
    """
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
            campaign_id=cell.campaign_id,
        ),
    )
    with Transport(domain_of(sender)) as transport:
        answer = transport.send(wire_address(sender), wire_address(address), message)
    logger.info("Test of campaign %s by %s: %s", cell.campaign_id, actor, answer.stage)
    if answer.stage != Stage.DELIVERED:
        raise NotSent(answer.stage)
