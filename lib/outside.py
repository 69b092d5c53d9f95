"""Text and numbers from outside: what no database can hold is told apart here, once for every door.

PostgreSQL holds no NUL in a text and no half of a surrogate pair (what is left when a program cuts an emoji in two).
Its whole numbers end at 64 bits, as SQLite's do. Python holds all of these: nothing complains before the database.
"""

import re

LARGEST = 2**63 - 1
"""The largest whole number of a database."""
LONGEST_NUMBER = len(str(LARGEST))
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
HALF = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def whole(text: object) -> int | None:
    """Return the whole number, from 0 to 64 bits, that a text from an address or a form is; None when it is none.

    Only the digits 0 to 9 count: "²" is a digit to `isdigit` and none to `int`.
    """
    if not isinstance(text, str) or not (text.isascii() and text.isdigit()) or len(text) > LONGEST_NUMBER:
        return None
    number = int(text)
    return number if number <= LARGEST else None


def storable(text: str) -> bool:
    """Can a database hold this text?"""
    return UNSTORABLE.search(text) is None


def mended(text: str) -> str:
    """Return the text without NUL, and with the sign for what cannot be read in the place of half a character."""
    return HALF.sub(REPLACEMENT, text.replace("\x00", "")) if UNSTORABLE.search(text) else text
