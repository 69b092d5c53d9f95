"""Take addresses and phone numbers out of text before it is logged or stored as an error."""

import logging
import re

EMAIL = re.compile(r"[^\s<>\"'(),;:=]+@[^\s<>\"'(),;:]+\.[^\s<>\"'(),;:]+")
# Written as people write phone numbers: with a plus, with a leading zero, as a Chinese mobile, or as 555-555-5555.
# Bare digits alone are counts, ids and status codes far more often.
PHONE = re.compile(
    r"(?<![\w.-])(?:\+\d(?:[\s().-]?\d){7,14}|0\d(?:[\s().-]?\d){7,12}|1[3-9]\d{9}|\d{3}[-.]\d{3}[-.]\d{4})(?![\w-])"
)


def scrub(text: str) -> str:
    """Return the text with every e-mail address as `[email]` and every phone number as `[phone]`."""
    return PHONE.sub("[phone]", EMAIL.sub("[email]", text))


class ScrubFilter(logging.Filter):
    """Scrubs each record's final message; the exception text too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place and let it pass."""
        record.msg, record.args = scrub(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = scrub(record.exc_text)
        return True
