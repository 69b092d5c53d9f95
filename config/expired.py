"""A task that expired in its queue is noticed: its rows wait for the next look, and somebody may want more workers."""

import logging
import time
from collections import Counter
from typing import Any

EVERY = 60.0
"""Seconds between two lines about one task: behind a long training a tick of every kind expires every ten seconds."""

log = logging.getLogger(__name__)
_last: dict[str, float] = {}
_since: Counter[str] = Counter()


def note(request: Any, expired: bool = False, **also: Any) -> None:
    """Log that a task expired before a worker took it, at most once a minute for each task, with how many did."""
    if not expired:
        return
    name, now = request.name, time.monotonic()
    _since[name] += 1
    if now - _last.get(name, -EVERY) < EVERY:
        return
    log.warning("%d of %s expired before a worker was free; their rows wait for the next look.", _since[name], name)
    _last[name] = now
    del _since[name]
