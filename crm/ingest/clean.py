"""The body of a call, read so that one bad message costs itself alone: halves of characters, NUL, endless numbers."""

import json
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import DataError

from crm.ingest.event import Event, EventOutcome, Rejection
from lib.outside import mended, storable

logger = logging.getLogger(__name__)

# Names and numbers of things: two that are mended could become one, so a message with a broken one is refused.
IDS = frozenset({"userId", "anonymousId", "previousId", "messageId", "sku", "product_id", "order_id"})
BROKEN = "This holds a zero byte, or half a character: was a text cut inside an emoji?"
UNFORESEEN = "This message holds something that cannot be stored."
DEEPEST = 40
# An escape for NUL or for a half, or a half written as bytes. Only then is there anything to look for.
SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]")
MARK = b"\xef\xbb\xbf"
# What Python and the database say of values that do not fit.
FAULTS = (DataError, psycopg.DataError, ValueError, TypeError, ArithmeticError, RecursionError)
Store = Callable[[Sequence[Event]], EventOutcome]


@dataclass(frozen=True)
class Unclean:
    """Stands for a message that cannot be taken: its position stays, and its neighbours go in."""

    field: str
    rest: dict[str, Any]
    """The message without its broken ids: what it refuses holds all the same."""
    reason: str = BROKEN


def read(raw: bytes) -> Any:
    """Return what a JSON body says. Raises ValueError or RecursionError when it is not JSON in UTF-8."""
    # Halves written as bytes are no UTF-8, but only one message has them.
    text = raw.removeprefix(MARK).decode("utf-8", "surrogatepass")
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # A number of thousands of digits: the message that has it is judged like one with infinity.
        return json.loads(text, parse_int=_number)


def _number(digits: str) -> int | float:
    return int(digits) if len(digits) <= 20 else float(digits)


def messages(found: Sequence[Any], raw: bytes) -> list[Any]:
    """Return the messages with their texts mended; an `Unclean` in the place of one whose ids are broken."""
    return [_message(message) for message in found] if SUSPECT.search(raw) else list(found)


def _message(message: Any) -> Any:
    try:
        return _mended(message, 0)
    except _BrokenIdError as error:
        return Unclean(error.args[0], _mended(message, 0, ids=False))


class _BrokenIdError(Exception):
    """An id that cannot be stored: (its name)."""


def _mended(value: Any, depth: int, *, ids: bool = True) -> Any:
    if isinstance(value, str):
        return mended(value)
    if isinstance(value, dict) and depth < DEEPEST:
        broken = {name for name in IDS & value.keys() if isinstance(value[name], str) and not storable(value[name])}
        if broken and ids:
            raise _BrokenIdError(min(broken))
        return {mended(key): _mended(inner, depth + 1, ids=ids) for key, inner in value.items() if key not in broken}
    if isinstance(value, list) and depth < DEEPEST:
        return [_mended(inner, depth + 1, ids=ids) for inner in value]
    return None if isinstance(value, dict | list) else value


def stored(events: Sequence[Event], store: Store) -> EventOutcome:
    """Store events, and when something nobody foresaw is among them, all but that.

    `store` must be all or nothing, or take again what it took. A batch that fails is halved until the bad ones stand
    alone, so a thousand events with one bad one are stored in some twenty steps.
    """
    try:
        return store(events)
    except FAULTS as error:
        if len(events) == 1:
            # No text of the error: it could hold what was sent.
            logger.warning("a message could not be stored: %s", type(error).__name__)
            return EventOutcome(0, 0, [Rejection(0, "", UNFORESEEN)])
    middle = len(events) // 2
    first, second = stored(events[:middle], store), stored(events[middle:], store)
    later = [Rejection(item.index + middle, item.field, item.reason) for item in second.rejected]
    return EventOutcome(first.accepted + second.accepted, first.known + second.known, [*first.rejected, *later])


def each(events: Sequence[Event], store: Store) -> EventOutcome:
    """Store events one after the other: for what is not all or nothing."""
    found = [stored([event], store) for event in events]
    rejected = [Rejection(at, item.field, item.reason) for at, one in enumerate(found) for item in one.rejected]
    return EventOutcome(sum(one.accepted for one in found), sum(one.known for one in found), rejected)
