"""A mail server for the tests of this room that send."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.mailbox import Mailbox
from tests.campaigns import mailing


@pytest.fixture
def box(settings: Any, tmp_path: Path) -> Iterator[Mailbox]:
    """A running mail server of the test's own, and what it received."""
    settings.VAR_DIR = tmp_path
    settings.MAILBOX_ENABLED = True
    with mailing.mail_server(tmp_path) as found:
        yield found
