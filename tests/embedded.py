"""The real PostgreSQL and Redis of the tests, in a `var` of their own. Loaded early by `-p tests.embedded`."""

import contextlib
import os
from pathlib import Path

import pytest

from lib import embedded

PROJECT = Path(__file__).resolve().parent.parent

# At import, because the settings read these before any hook of ours could run.
NEEDED = not all(os.environ.get(name) for name in ("DATABASE_URL", "KEYSTORE_URL", "REDIS_URL"))
# Pages of a fresh clone are tested without collecting their files first.
os.environ.setdefault("HASHED_STATIC", "0")
# A thread that writes a second later would miss its test's transaction.
os.environ.setdefault("SHOWN_BUFFER_SECONDS", "0")
if NEEDED:
    VAR_DIR = Path(os.environ.setdefault("VAR_DIR", str(PROJECT / "var" / "test"))).absolute()
    os.environ.setdefault("RELATA_TEST_FAST", "1")
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and not os.environ.get("REDIS_URL"):
        # Each worker has test databases of its own; this gives it a Redis of its own too (there are 64).
        number = int(worker.removeprefix("gw")) + 1
        os.environ["REDIS_URL"] = embedded.urls(VAR_DIR).redis_url.replace("db=0", f"db={number}")


def pytest_configure(config: pytest.Config) -> None:
    """Have the services running until the session ends, shared with xdist's workers and other sessions."""
    if not NEEDED or config.option.collectonly:
        return
    stack = contextlib.ExitStack()
    try:
        stack.enter_context(embedded.running(VAR_DIR))
    except embedded.ServicesError as error:
        raise pytest.UsageError(str(error)) from error
    config.add_cleanup(stack.close)
