"""Signs of life from a thread of their own, for work whose single steps may take an hour without a word."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connections

SECONDS = 20.0
"""Between two signs."""

log = logging.getLogger(__name__)


@contextmanager
def beating(beat: Callable[[], object], every: float = SECONDS) -> Iterator[None]:
    """Call `beat` every `every` seconds while the block runs; the first time after `every` seconds.

    The thread has database connections of its own. A beat that fails is logged and the next one tried: the work must
    not end because a sign of it could not be given.
    """
    over = threading.Event()

    def go() -> None:
        while not over.wait(every):
            try:
                beat()
            except Exception:
                log.exception("A sign of life could not be given; the next is tried in %.0f s.", every)
            finally:
                # a database that was away would be taken for gone for ever
                connections.close_all()

    thread = threading.Thread(target=go, name="pulse", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
