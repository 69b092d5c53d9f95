"""A ledger of before messages is carried over: nothing is sent twice, nothing forgotten, no link leads nowhere."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.chaos.workers import address

PROJECT = Path(__file__).resolve().parents[3]


@pytest.fixture
def empty_database() -> Iterator[str]:
    """The address of an empty database beside the tests' own."""
    own, name = address("default"), f"before_messages_{os.getpid()}"
    before, query = own.split("?")
    server_url, path = before.rsplit("/", 1)
    with psycopg.connect(own.replace(f"/{path}?", "/postgres?"), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{server_url}/{name}?{query}"
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_campaigns_that_began_get_messages_and_drafts_none(empty_database: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.messages.carried_over"],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": empty_database},
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == {
        "campaigns": [["draft", None, None], ["sending", True, "sending"], ["sent", True, "sent"]],
        "products": [6, 6],
        "deliveries": [["sending", 3, 0, "sending"], ["sending", 0, 0, "sending"], *[["sent", 3, 0, "sent"]] * 2],
        "links": [["https://a"], ["https://a"]],
        "next": 4,
    }
