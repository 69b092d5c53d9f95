"""/healthz: 200 when everything is alive, else 503 and what is missing."""

from contextlib import closing

import pytest
from django.conf import LazySettings
from django.test import Client

from config import heartbeat


@pytest.fixture
def _no_worker() -> None:
    with closing(heartbeat.connect()) as client:
        client.delete(heartbeat.KEY)


@pytest.mark.django_db(databases=["default", "keystore"])
@pytest.mark.usefixtures("_no_worker")
def test_it_names_the_worker_until_one_beats_and_needs_no_login(client: Client) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "missing": ["worker"]})
    heartbeat.beat()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "missing": []})


@pytest.mark.django_db(databases=["default", "keystore"])
@pytest.mark.usefixtures("_no_worker")
def test_a_worker_that_stops_beating_is_missed_after_a_while() -> None:
    heartbeat.beat()
    with closing(heartbeat.connect()) as client:
        assert 0 < client.ttl(heartbeat.KEY) <= heartbeat.EXPIRES


@pytest.mark.django_db(databases=["default", "keystore"])
def test_without_redis_it_says_so(client: Client, settings: LazySettings) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["missing"]) == (503, ["redis", "worker"])
