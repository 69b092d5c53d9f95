"""Fill an empty database as it was before messages, migrate it, and print what became of it as JSON.

`python -m tests.campaigns.messages.carried_over`, with DATABASE_URL naming the empty database.
"""

import json
import os
import sys
from datetime import timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402
from django.utils import timezone  # noqa: E402

from campaigns.messages.freeze import thaw  # noqa: E402
from campaigns.planning.models import Campaign  # noqa: E402
from campaigns.sending.models import Delivery  # noqa: E402

SENT, QUEUED = 3, 0


def fill() -> None:
    """Write a draft (1), a campaign being sent of which one mail is out (2), and one that is over (3)."""
    call_command("migrate", "campaigns", "0006", verbosity=0)
    old = MigrationExecutor(connection).loader.project_state([("campaigns", "0006_lanes")]).apps
    made = {name: old.get_model(*name.split(".")).objects for name in (
        "crm.Customer", "segmentation.Segment", "campaigns.Campaign", "campaigns.CampaignCell", "campaigns.Delivery",
        "campaigns.EmailTemplate", "campaigns.CompiledText", "campaigns.TrackedLink",
    )}  # fmt: skip
    people = [made["crm.Customer"].create(external_id=f"c-{number}", permission=33) for number in range(2)]
    segment = made["segmentation.Segment"].create(name="Readers", kind="fixed", size=2)
    mail = made["campaigns.EmailTemplate"].create(name="News")
    now = timezone.now()
    for state in ("draft", "sending", "sent"):
        campaign = made["campaigns.Campaign"].create(name=state, state=state, sender_name="Shop", recommended=6)
        cell = made["campaigns.CampaignCell"].create(campaign=campaign, segment=segment, template=mail)
        if state == "draft":
            continue
        made["campaigns.CompiledText"].create(
            campaign=campaign,
            template=mail,
            language="en",
            subject=state,
            html="<p>é</p>",
            text="é",
            links=["https://a"],
        )
        made["campaigns.TrackedLink"].create(campaign=campaign, url="https://a")
        for person, where in zip(people, (SENT, SENT if state == "sent" else QUEUED), strict=True):
            made["campaigns.Delivery"].create(
                campaign=campaign, customer=person, cell=cell, segment=segment, state=where, language="en",
                not_before=now, expires_at=now + timedelta(days=1), sent_at=now if where == SENT else None,
            )  # fmt: skip


def found() -> dict[str, object]:
    """Say what the migrated database holds."""
    return {
        "campaigns": [
            [row.state, row.message_id == row.pk if row.message else None, row.message and row.message.state]
            for row in Campaign.objects.order_by("pk")
        ],
        "products": [row.message.products for row in Campaign.objects.exclude(message=None) if row.message],
        "deliveries": [
            [row.message.campaign.name, row.state, row.occasion, row.text and thaw(row.text).subject]
            for row in Delivery.objects.order_by("pk")
        ],
        "links": [[link.url for link in row.message.links.all()] for row in Campaign.objects.exclude(message=None)],
        "next": Campaign._meta.get_field("message").related_model._default_manager.create().pk,
    }


if __name__ == "__main__":
    fill()
    call_command("migrate", verbosity=0)
    sys.stdout.write(json.dumps(found()))
