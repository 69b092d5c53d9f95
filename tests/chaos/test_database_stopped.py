"""PostgreSQL is stopped at once in the middle of a campaign, three times; nobody gets a mail twice or is forgotten.

The server is this test's own and as safe as in production (fsync and synchronous_commit on). It is stopped by SIGQUIT,
which is what `pg_ctl stop -m immediate` sends: backends end where they are and the next start recovers from the log.
What decides here is synchronous_commit, which keeps committed rows out of the memory that dies; fsync would count if
the machine lost power as well.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import InterfaceError, OperationalError, connections

from campaigns.planning.models import Campaign
from campaigns.sending.models import Delivery
from config import env
from crm.interactions.models import Interaction
from lib import embedded
from lib.mailbox import Mailbox
from tests.campaigns import mailing
from tests.chaos.senders import Process, mail_server, tally
from tests.chaos.workers import address

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(databases=["default", "keystore"], transaction=True)]
MAILS = 1_200
STOPS = 3
GROUP = 20
PUMPING = ["manage.py", "pump", "--loop", "--lease", "2", "--pause", "0.2", "--limit", "200"]


@contextmanager
def own_databases(var_dir: Path) -> Iterator[Path]:
    """Run a cluster as safe as in production, copy the test's databases into it, and have this process use it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RELATA_TEST_FAST", raising=False)
        with embedded.running(var_dir) as services:
            urls = {"default": services.database_url, "keystore": services.keystore_url}
            for alias, url in urls.items():
                _copy(address(alias), url)
            for alias, url in urls.items():
                connections[alias].close()
                patch.setattr(connections[alias], "settings_dict", connections[alias].settings_dict | env.database(url))
            try:
                yield embedded.places(var_dir).data
            finally:
                connections.close_all()


def _copy(source: str, to: str) -> None:
    dump = subprocess.run([str(embedded.postgres_binary("pg_dump")), source], stdout=subprocess.PIPE, check=True).stdout
    psql = [str(embedded.postgres_binary("psql")), "-q", "-X", "-v", "ON_ERROR_STOP=1", to]
    subprocess.run(psql, input=dump, stdout=subprocess.DEVNULL, check=True)


def stop_at_once(data: Path) -> None:
    """Stop the server as `pg_ctl stop -m immediate` does, and return when it is gone; its keeper starts it again."""
    file = data / "postmaster.pid"
    pid = int(file.read_text().splitlines()[0])
    os.kill(pid, signal.SIGQUIT)
    end = time.monotonic() + 20
    while file.exists() and file.read_text().startswith(f"{pid}\n"):
        assert time.monotonic() < end, "PostgreSQL does not stop."
        time.sleep(0.01)


def ended(made: Campaign) -> bool:
    """Say whether the campaign is over; not while nobody can tell."""
    try:
        return Campaign.objects.filter(pk=made.pk, state=Campaign.State.SENT).exists()
    except (OperationalError, InterfaceError):
        connections.close_all()
        return False


def stop_amid(pump: Process, box: Mailbox, data: Path, made: Campaign) -> int:
    """Have a campaign sent, and stop the database STOPS times meanwhile; return how many stops came in its middle."""
    stops, end = 0, time.monotonic() + 120
    while not ended(made):
        assert time.monotonic() < end, pump.log.read_text()[-3000:]
        assert pump.process is not None and pump.process.poll() is None, pump.log.read_text()[-3000:]
        if stops < STOPS and box.count() >= (stops + 1) * MAILS // (STOPS + 1):
            stop_at_once(data)
            stops += 1
        time.sleep(0.02)
    return stops


def test_a_database_stopped_at_once_in_a_send_costs_no_mail_and_doubles_none(tmp_path: Path) -> None:
    with own_databases(tmp_path / "own") as data, mail_server(tmp_path) as box:
        pump = Process(PUMPING, tmp_path)
        try:
            # It comes up while the campaign is made.
            pump.start()
            made = mailing.campaign((mailing.segment(mailing.people(MAILS)), mailing.template(), None))
            mailing.start(made)
            begun = time.monotonic()
            stops = stop_amid(pump, box, data, made)
        finally:
            pump.kill()
        found = tally(box, stops)
        print(f"\n{MAILS} mails in {time.monotonic() - begun:.1f} s, stops of the database instead of {found}")  # noqa: T201
        assert stops == STOPS
        assert found.duplicates == 0
        assert found.missing == 0
        assert set(found.states) <= {Delivery.State.SENT, Delivery.State.UNKNOWN}
        assert sum(found.states.values()) == MAILS
        assert found.states[Delivery.State.UNKNOWN] <= stops * GROUP
        # Everybody who got one has it in their history, once.
        noted = Interaction.objects.filter(kind="email_sent", campaign_ref=made.message_id)
        assert noted.count() == found.states[Delivery.State.SENT]
