"""Figures that cost more than a page may: kept for a while, and worked out by one caller at a time.

Whoever comes while a figure is being worked out anew gets the one before; only where there is none yet do the others
wait for the one who works it out.
"""

import hashlib
import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.core.cache import cache

Value = TypeVar("Value")
STALE_SECONDS = 24 * 3600
"""A figure past its time is still shown for so long, while one caller works it out anew."""
LOCK_SECONDS = 60
"""Whoever works a figure out and dies lets the next one try after so long."""
PREFIX = "kept"
"""Of the keys; a test has one of its own, so that it sees no figure of another's."""
WAIT_SECONDS = 10.0
LOOK_SECONDS = 0.02


def kept(name: str, seconds: float, work_out: Callable[[], Value]) -> Value:
    """Return the figure called `name`, worked out now or at most `seconds` ago, however many ask for it at once."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        found = _look(name)
        if found is not None and found[1] > time.time() - seconds:
            return cast(Value, found[0])
        token = uuid.uuid4().hex
        if cache.add(_lock(name), token, LOCK_SECONDS):
            return _worked_out(name, seconds, work_out, token)
        if found is not None:
            return cast(Value, found[0])
        if time.monotonic() > until:
            return work_out()
        time.sleep(LOOK_SECONDS)


def _worked_out(name: str, seconds: float, work_out: Callable[[], Value], token: str) -> Value:
    try:
        # Whoever held the lock a moment ago may have worked it out since this caller looked.
        found = _look(name)
        if found is not None and found[1] > time.time() - seconds:
            return cast(Value, found[0])
        value = work_out()
        # Who was slower than the lock holds may find it in other hands: theirs is newer, and the lock theirs to open.
        if cache.get(_lock(name), token) == token:
            cache.set(_key(name), (value, time.time()), STALE_SECONDS)
        return value
    finally:
        if cache.get(_lock(name)) == token:
            cache.delete(_lock(name))


def _look(name: str) -> Any:
    return cache.get(_key(name))


def _key(name: str) -> str:
    # A name may hold anything, moments for one; a key of a cache may not.
    return f"{PREFIX}:{hashlib.sha256(name.encode()).hexdigest()}"


def _lock(name: str) -> str:
    return f"{_key(name)}:lock"
