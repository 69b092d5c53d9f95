"""Writers and readers of news are killed at random points; everything stored is heard, once.

`RELATA_CHAOS_KILLS` sets how many are killed (20 unless said otherwise).
"""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction

from crm.changes import read
from crm.changes.models import News, Stream
from crm.customers.models import Customer
from crm.interactions.models import Interaction
from tests.chaos.newsroom import note, taken
from tests.chaos.senders import environment
from tests.chaos.workers import PROJECT

pytestmark = [pytest.mark.chaos, pytest.mark.django_db(databases=["default", "keystore"], transaction=True)]
KILLS = int(os.environ.get("RELATA_CHAOS_KILLS", "20"))


@pytest.fixture
def newsroom() -> Iterator[None]:
    """Every stream is read, orders are listened for, and there is a table for what was heard."""
    for stream in Stream:
        read.switch_on(stream, stream)
    read.listen(["event:order"])
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE chaos_heard (stream text NOT NULL, ref bigint NOT NULL)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE chaos_heard")


def torment(tmp_path: Path, kills: int, *arguments: str) -> dict[str, Counter[int]]:
    """Kill so many, hear what is left, and return stream → how often each id was heard."""
    subprocess.run(
        [sys.executable, "-m", "tests.chaos.newsroom", str(kills), *arguments],
        cwd=PROJECT,
        env={**os.environ, **environment(tmp_path)},
        check=True,
        timeout=120 + 2 * kills,
    )
    moment, until = read.now(), time.monotonic() + 30
    while not read.settled(moment):
        assert time.monotonic() < until, "A statement of the dead does not end."
        time.sleep(0.05)
    for stream in Stream:
        while News.objects.filter(reader=stream).exists():
            with transaction.atomic():
                note(stream, taken(stream))
    with connection.cursor() as cursor:
        cursor.execute("SELECT stream, ref FROM chaos_heard")
        heard: dict[str, Counter[int]] = {stream.value: Counter() for stream in Stream}
        for stream, ref in cursor.fetchall():
            heard[stream][ref] += 1
    return heard


def test_killed_writers_and_readers_lose_no_news_and_hear_none_twice(tmp_path: Path, newsroom: None) -> None:
    heard = torment(tmp_path, KILLS)
    stored = Interaction.objects.count()
    print(f"\n{KILLS} kills, {stored} events, {sum(map(len, heard.values()))} news")  # noqa: T201
    assert stored > KILLS
    assert heard["facts"] == Counter(Interaction.objects.values_list("id", flat=True))
    assert heard["signals"] == Counter(Interaction.objects.orders().values_list("id", flat=True))
    assert set(heard["people"]) == set(Customer.objects.values_list("pk", flat=True))


def test_a_reader_that_acts_after_it_has_taken_loses_news(tmp_path: Path, newsroom: None) -> None:
    heard = torment(tmp_path, 8, "careless")
    told = Interaction.objects.count() + Interaction.objects.orders().count()
    assert heard["facts"].total() + heard["signals"].total() < told
