"""A browser, and a demo shop that has been round the circle, served over HTTP; once for all tests of this folder."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connections
from django.test import Client, override_settings
from playwright.sync_api import Browser, sync_playwright
from pytest_django.live_server_helper import LiveServer

from crm.access import keys
from crm.models import User
from tests.campaigns import mailing
from tests.conftest import PASSWORD
from workspace.circle import walk as circle
from workspace.demo import campaign, load
from workspace.demo.files import Size

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
CROWD = Size(customers=220, products=96)
HANGING_UP = 15.0
"""Seconds the server's threads have to close their connections after the server has stopped."""


@dataclass(frozen=True)
class Shop:
    """Where it is served, and the session of its administrator."""

    url: str
    session: str
    username: str = "boss"

    def aside(self, work: Callable[[], Any]) -> Any:
        """Do something in another thread, so that it is committed as a worker's work would be."""

        def alone() -> Any:
            try:
                return work()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as threads:
            return threads.submit(alone).result()


@pytest.fixture(autouse=True)
def own_folders() -> None:
    """Keep the folders of the shop."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Without one the tests are skipped, except where a machine checks a change."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        message = f"There is no browser: none of {', '.join(NAMES)} is on the path."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with pytest.MonkeyPatch.context() as patched, sync_playwright() as playwright:
        # Playwright keeps a loop running in this thread, which Django would take for asynchronous code.
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield chromium
        chromium.close()
        # For the same reason Django has kept this thread's connections in another place while the loop ran. Left open,
        # they would outlive the shop, and the next browser would find them there, dead.
        connections.close_all()


@pytest.fixture(scope="package")
def shop(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Load a shop, walk it round the circle, send its first campaign, and serve it."""
    folder = tmp_path_factory.mktemp("browser")
    places = {"RELEASE_DIR": "releases", "MODEL_DIR": "models", "IMPORT_DIR": "imports", "CERTIFICATE_DIR": "proofs"}
    chosen: dict[str, Any] = {name: Path(folder) / place for name, place in places.items()}
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(override_settings(VAR_DIR=folder, MAILBOX_ENABLED=True, **chosen))
        stack.callback(_empty)
        stack.enter_context(mailing.mail_server(folder))
        web = LiveServer("127.0.0.1")
        stack.callback(web.stop)
        stack.enter_context(override_settings(BASE_URL=web.url))
        load.load(CROWD, circle.silent("shop"))
        circle.walk()
        circle.send()
        campaign.plan("Winter picks")
        boss = User.objects.create_user("boss", password=PASSWORD, role=User.Role.ADMIN)
        keys.create(name="shop", scopes=["ingest"], created_by=boss)
        client = Client()
        client.force_login(boss)
        yield Shop(web.url, client.cookies[settings.SESSION_COOKIE_NAME].value)


def _empty() -> None:
    cache.clear()
    connections.close_all()
    for database in settings.DATABASES:
        # Threads of the server that have not hung up yet would hold the tables.
        _alone(database)
    for database in settings.DATABASES:
        call_command("flush", database=database, interactive=False, verbosity=0)


def _alone(database: str) -> None:
    """Return when nobody else is connected to the database; nobody is thrown out, since he might come back."""
    until = time.monotonic() + HANGING_UP
    with connections[database].cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT application_name, state, query_start FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            others = cursor.fetchall()
            if not others:
                return
            assert time.monotonic() < until, f"still connected to {database}: {others}"
            time.sleep(0.05)
