"""PostgreSQL and Redis from wheels: started once, shared, stopped with the last user, recovered after a crash."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import redis

from lib import embedded
from lib.embedded.places import SOCKET_PATH_BYTES, places

PROJECT = Path(__file__).resolve().parents[2]
USER = """
import sys, time
from lib import embedded
with embedded.running(sys.argv[1]):
    print("up", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A `var` directory of this module's own, whose services are down at its end."""
    directory = tmp_path_factory.mktemp("services") / "var"
    yield directory
    embedded.stop(directory)


def another_user(var: Path) -> "subprocess.Popen[str]":
    """Start a process that uses the services, and return when it does."""
    process = subprocess.Popen([sys.executable, "-c", USER, str(var)], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def ping(services: embedded.Services) -> bool:
    """Whether Redis and both databases answer."""
    for url in (services.database_url, services.keystore_url):
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    with closing(redis.Redis.from_url(services.redis_url)) as client:
        return bool(client.ping())


def wait_until_down(var: Path) -> bool:
    """Wait for at most ten seconds until the services are down."""
    until = time.monotonic() + 10
    while embedded.is_running(var) and time.monotonic() < until:
        time.sleep(0.05)
    return not embedded.is_running(var)


def test_both_databases_and_redis_answer_inside_the_block_and_are_down_after_it(var: Path) -> None:
    with embedded.running(var) as services:
        assert ping(services)
    assert not embedded.is_running(var)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(services.database_url)


def test_a_second_user_keeps_the_services_up_when_the_first_leaves(var: Path) -> None:
    with embedded.running(var) as services:
        process = another_user(var)
    try:
        assert ping(services)
    finally:
        process.terminate()
        process.wait()
    assert wait_until_down(var)


def test_the_services_end_when_their_last_user_is_killed(var: Path) -> None:
    process = another_user(var)
    process.kill()
    process.wait()
    assert wait_until_down(var)


def test_data_survives_a_keeper_that_is_killed_and_its_servers_end(var: Path) -> None:
    with embedded.running(var) as services:
        with psycopg.connect(services.database_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS answer")
        os.kill(int(places(var).keeper_lock.read_text()), signal.SIGKILL)
        assert wait_until_down(var)
    with embedded.running(var) as services, psycopg.connect(services.database_url) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (1,)


def test_a_pid_file_that_names_another_program_does_not_stop_the_start(var: Path) -> None:
    with embedded.running(var):
        where = places(var)
        lines = (where.data / "postmaster.pid").read_text().splitlines()
    (where.data / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    with embedded.running(var) as services:
        assert ping(services)


def test_redis_that_is_killed_comes_back(var: Path) -> None:
    with embedded.running(var) as services:
        with closing(redis.Redis.from_url(services.redis_url)) as client:
            os.kill(client.info("server")["process_id"], signal.SIGKILL)
        until = time.monotonic() + 10
        while True:
            try:
                assert ping(services)
                break
            except redis.ConnectionError:
                assert time.monotonic() < until
                time.sleep(0.05)


def test_pinned_services_outlive_their_user_until_they_are_stopped(var: Path) -> None:
    embedded.pin(var)
    assert ping(embedded.urls(var))
    assert embedded.stop(var)
    assert not embedded.is_running(var)
    assert not embedded.stop(var)


def test_errors_never_put_values_into_the_log(var: Path) -> None:
    with embedded.running(var) as services, psycopg.connect(services.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS person (email text PRIMARY KEY, age int)")
        connection.execute("TRUNCATE person")
        connection.execute("INSERT INTO person VALUES (%s, 1)", ["ada@example.com"])
        for statement, value in (
            ("INSERT INTO person VALUES (%s, 1)", "ada@example.com"),
            ("SELECT %s::text::int", "bo@example.com"),
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement, [value])
    assert "example.com" not in (places(var).log / "postgres.log").read_text()


def test_addresses_are_known_without_starting_anything(tmp_path: Path) -> None:
    services = embedded.urls(tmp_path / "var")
    assert services.database_url == f"postgresql://relata@/relata?host={tmp_path}/var/run"
    assert services.keystore_url.startswith("postgresql://relata@/relata_keystore?")
    assert not (tmp_path / "var").exists()


def test_a_path_too_long_for_a_socket_gets_a_short_one_of_its_own(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    sockets = places(deep).sockets
    assert len(os.fsencode(sockets / ".s.PGSQL.5432")) <= SOCKET_PATH_BYTES
    assert sockets != places(deep / "other").sockets
    assert sockets == places(deep).sockets


def test_celery_is_told_of_a_socket_in_its_own_spelling() -> None:
    assert embedded.broker_url("unix:///run/r.sock?db=3") == "redis+socket:///run/r.sock?virtual_host=3"
    assert embedded.broker_url("redis://cache.example.com:6379/1") == "redis://cache.example.com:6379/1"
