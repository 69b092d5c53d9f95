"""How long a campaign to everybody is prepared, how soon it is held meanwhile, and what a claim costs beside it.

Fills a database of its own (var/bench-freezing) with people of one segment, then prints: seconds until all deliveries
are written; the longest answer to *pause* while they are; a claim of 500 of a small campaign while all of those are
paused; the answer to *cancel*, and the seconds until all rows are closed behind it.

    python benchmarks/freezing.py [--people 1000000]
"""

import argparse
import os
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
VAR = ROOT / "var" / "bench-freezing"
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ["VAR_DIR"] = str(VAR)
os.environ.setdefault("POSTAL_ADDRESS", "Shop, Street 1, Town")

import django
from django.core.management import call_command

from lib import embedded

MJML = """<mjml><mj-body><mj-section><mj-column><mj-text>News</mj-text>
<mj-text>{{ postal_address }} <a href="{{ unsubscribe_url }}">Unsubscribe</a></mj-text>
</mj-column></mj-section></mj-body></mjml>"""
PEOPLE = """
WITH made AS (
    INSERT INTO crm_customer (uuid, external_id, permission, state, canary, language, timezone, country, region,
        age_band, gender, attributes, source, created_at)
    SELECT gen_random_uuid(), 'bench-' || g, %s, 'active', false, 'en', '', '', '', '', '', '{}', 'bench', now()
    FROM generate_series(1, %s) AS g RETURNING id
)
INSERT INTO crm_identity (customer_id, email_index, index_version, schema_version, suppressed, updated_at)
SELECT id, decode(md5(id::text), 'hex'), 1, 1, '', now() FROM made
"""
MEMBERS = """
INSERT INTO segmentation_membership (segment_id, customer_id, since)
SELECT %s, id, now() FROM crm_customer ORDER BY id LIMIT %s
"""
CLAIMS = 50


def seconds(work: Callable[[], Any]) -> float:
    """Return how long a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def seed(people: int) -> tuple[Any, Any]:
    """Make the people, a campaign to all and one to 5,000; return both, scheduled."""
    from django.db import connection  # noqa: PLC0415  (settings first)

    from campaigns.models import Campaign, CampaignCell, EmailTemplate, EmailText  # noqa: PLC0415
    from crm.consents.purposes import Purpose  # noqa: PLC0415
    from segmentation.models import Segment  # noqa: PLC0415

    mail = EmailTemplate.objects.create(name="News")
    EmailText.objects.create(template=mail, language="en", subject="News", mjml=MJML)
    made = []
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, [int(Purpose.EMAIL_MARKETING), people])
        for name, size in (("All", people), ("Few", 5_000)):
            segment = Segment.objects.create(name=name, kind=Segment.Kind.FIXED, size=size)
            cursor.execute(MEMBERS, [segment.pk, size])
            campaign = Campaign.objects.create(name=name, sender_address="news@shop.example", sender_name="Shop")
            CampaignCell.objects.create(campaign=campaign, segment=segment, template=mail)
            made.append(campaign)
        cursor.execute("VACUUM ANALYZE")
    return made[0], made[1]


def held_meanwhile(campaign: Any) -> float:
    """Pause and resume a campaign every two seconds while it is prepared; return the longest answer in seconds."""
    from django.db import connections  # noqa: PLC0415

    from campaigns.planning import launch  # noqa: PLC0415

    slowest = [0.0]
    over = threading.Event()

    def hold() -> None:
        while not over.wait(2):
            try:
                slowest[0] = max(slowest[0], seconds(lambda: launch.pause(campaign=campaign)))
                launch.resume(campaign=campaign)
            except launch.WrongState:
                continue
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    spent = 0.0
    while campaign.frozen_at is None:
        spent += seconds(launch.start_due)
        campaign.refresh_from_db()
    over.set()
    thread.join()
    print(f"prepared in {spent:.1f} s, {campaign.written:,} of {campaign.people:,} people written")
    return slowest[0]


def measure(people: int) -> None:
    """Measure and print."""
    from campaigns.planning import closing, launch  # noqa: PLC0415
    from campaigns.sending import ledger  # noqa: PLC0415

    everybody, few = seed(people)
    launch.schedule(campaign=everybody)
    print(f"slowest pause meanwhile {held_meanwhile(everybody):.3f} s")
    print(f"pause {seconds(lambda: launch.pause(campaign=everybody)) * 1000:.1f} ms")
    launch.schedule(campaign=few)
    launch.start_due()
    empty, full = [], []
    for _ in range(CLAIMS):
        lease = uuid4()
        claimed: list[Any] = []
        full.append(seconds(lambda lease=lease, claimed=claimed: claimed.extend(ledger.claim(20, lease, 60))))
        ledger.release(lease, [row.id for row in claimed])
    launch.pause(campaign=few)
    for _ in range(CLAIMS):
        empty.append(seconds(lambda: ledger.claim(500, uuid4(), 60)))
    for name, spent in (("of 20", full), ("of nothing", empty)):
        print(f"claim {name}: median {statistics.median(spent) * 1000:.2f} ms, slowest {max(spent) * 1000:.2f} ms")
    print(f"cancel {seconds(lambda: launch.cancel(campaign=everybody)):.3f} s")
    print(f"rows closed behind it in {seconds(closing.close_cancelled):.1f} s")


def main() -> None:
    """Fill a database of its own, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    options = parser.parse_args()
    shutil.rmtree(VAR, ignore_errors=True)
    with embedded.running(os.environ["VAR_DIR"]):
        django.setup()
        call_command("migrate", verbosity=0)
        call_command("migrate", database="keystore", verbosity=0)
        measure(options.people)


if __name__ == "__main__":
    main()
