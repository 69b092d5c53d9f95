"""How not to do it: a sender that sends a batch and marks it afterwards, as many do. The chaos test must catch it."""

import sys
import time
from dataclasses import dataclass

import django

django.setup()

from django.utils import timezone  # noqa: E402

from campaigns.emails.render import RenderedMail  # noqa: E402
from campaigns.sending.message import Addressed, build  # noqa: E402
from campaigns.sending.models import Delivery  # noqa: E402
from campaigns.sending.transports.smtp import SMTPTransport  # noqa: E402

BATCH = 100


@dataclass(frozen=True)
class Letter:
    """A mail to somebody."""

    message: bytes
    sender: str = "news@example.com"
    recipient: str = "reader@example.com"


def main() -> None:
    """Send what is queued until nothing is."""
    transport = SMTPTransport()
    while batch := list(Delivery.objects.filter(state=Delivery.State.QUEUED).order_by("id")[:BATCH]):
        for row in batch:
            to = Addressed(row.key, row.created_at, "Shop", "news@example.com", "reader@example.com")
            letter = Letter(build(RenderedMail("Hello", "<p>x</p>", "x"), to))
            transport.send([letter], {}, until=time.monotonic() + 60)
        Delivery.objects.filter(pk__in=[row.pk for row in batch]).update(
            state=Delivery.State.SENT, sent_at=timezone.now()
        )
    transport.close()


if __name__ == "__main__":
    sys.exit(main())
