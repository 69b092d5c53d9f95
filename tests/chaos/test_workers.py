"""A worker that is killed is missed, and its successor is found."""

from contextlib import closing
from pathlib import Path

import pytest
from django.test import Client

from config import heartbeat
from tests.chaos.workers import worker


@pytest.mark.chaos
@pytest.mark.django_db(databases=["default", "keystore"], transaction=True)
def test_a_killed_worker_is_missed_and_its_successor_is_found(client: Client, tmp_path: Path) -> None:
    with worker(tmp_path / "worker.log", concurrency=1) as running:
        assert client.get("/healthz").status_code == 200
        running.kill()
        with closing(heartbeat.connect()) as redis:
            # Rather than wait for the key to expire.
            assert 0 < redis.pttl(heartbeat.KEY) <= heartbeat.EXPIRES * 1000
            redis.delete(heartbeat.KEY)
        assert client.get("/healthz").json()["missing"] == ["worker"]
        running.start()
        assert client.get("/healthz").status_code == 200
