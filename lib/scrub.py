"""Take addresses and phone numbers out of text before it is logged or stored as an error."""

import logging
import re

# Bounded lengths keep the search linear in the text. %40 is how an address looks in a URL.
EMAIL = re.compile(
    r"[^\s<>\"(),;:=@&?/]{1,64}(?:@|%40)[^\s<>\"'(),;:=@%&?/]{1,255}\.[^\s<>\"'(),;:=@%&?/]{1,63}", re.IGNORECASE
)
# Written as people write phone numbers: with a plus, with a leading zero, as a Chinese mobile, or as (555) 555-5555.
# Bare digits alone are counts, ids and status codes far more often.
PHONE = re.compile(
    r"(?<![\w.-])(?:\+\(?\d(?:[\s().-]{0,3}\d){7,14}|\(?0\d(?:[\s().-]{0,2}\d){7,12}|1[3-9]\d{9}"
    r"|\(?\d{3}\)?[\s.-]{1,2}\d{3}[\s.-]\d{4})(?![\w-])"
)


def scrub(text: str) -> str:
    """Return the text with every e-mail address as `[email]` and every phone number as `[phone]`."""
    return PHONE.sub("[phone]", EMAIL.sub("[email]", text))


class ScrubFilter(logging.Filter):
    """Scrubs each record's final message; the exception text too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place and let it pass."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            # A filter runs outside the handler's own net: a message that does not fit its arguments must not end the
            # program that logs it.
            message = f"{record.msg} {record.args}"
        record.msg, record.args = scrub(message), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = scrub(record.exc_text)
        if record.stack_info:
            record.stack_info = scrub(record.stack_info)
        return True
