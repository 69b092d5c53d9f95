"""Cells of a file into values: times, numbers, yes and no, the way people write them."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from django.utils import timezone

FORMATS = ("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y")
YES = frozenset({"1", "true", "yes", "y", "t", "on", "x", "ja", "是"})
NO = frozenset({"0", "false", "no", "n", "f", "off", "", "nein", "否"})
AGREED = frozenset(
    {"subscribed", "opt in", "opted in", "optin", "confirmed", "enabled", "granted", "accepts", "accepted", "allowed"}
    | {"agreed", "active", "✓", "✔", "si", "sí", "sì", "sim", "oui", "да", "tak", "はい", "同意", "订阅", "已订阅"}
)
REFUSED = frozenset(
    {"unsubscribed", "opt out", "opted out", "optout", "disabled", "denied", "refused", "declined", "withdrawn"}
    | {"never subscribed", "non subscribed", "not subscribed", "cleaned", "blocklisted", "blacklisted", "suppressed"}
    | {"revoked", "objected", "non", "não", "nao", "нет", "nie", "nee", "いいえ", "✗", "✘", "拒绝", "退订", "已退订"}
)
UNIX = re.compile(r"\d{9,10}(\.\d+)?|\d{12,13}")
THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
SIGNS = "€$£¥￥ \t\r\n\f\v\u00a0\u2007\u2009\u202f\u3000"
"""What may stand before or behind a number: signs of currencies and blanks of every width."""


class BadCell(Exception):
    """A cell cannot be read; the message says what was expected and does not repeat the cell."""


def moment(text: str) -> datetime:
    """Return the time a cell says, aware: ISO 8601, `2024/3/5 12:00`, `5.3.2024 12:00`, Unix seconds or milliseconds.

    A time without zone is in the workspace's. `03/04/2024` could be March or April and is refused. The time is in UTC,
    because zones exist that no database reads. Raises BadCell, at the ends of the calendar too.
    """
    text = text.strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = _other(text)
    try:
        return (found if found.tzinfo else timezone.make_aware(found)).astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise BadCell("No calendar has this time everywhere.") from error


def _other(text: str) -> datetime:
    if UNIX.fullmatch(text):
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)
    for form in FORMATS:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 the zone is added by the caller
        except ValueError:
            continue
    raise BadCell("This is not a time that can be read without doubt; write 2024-03-05T12:00:00+01:00.")


def number(text: str) -> Decimal | None:
    """Return the number a cell says, None for an empty one; `1,234.50`, `1.234,50` and a currency sign are understood.

    Raises BadCell.
    """
    text = text.strip(SIGNS)
    if not text:
        return None
    if THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    elif "," in text:
        text = text.replace(".", "").replace(",", ".")
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise BadCell("This is not a number.") from error
    if not found.is_finite():
        raise BadCell("This is not a finite number.")
    return found


def consent(text: str) -> bool | None:
    """Return what a cell says about consent, in the words of shops and mail tools; None for an empty one: nothing.

    Raises BadCell when it says neither yes nor no.
    """
    word = text.strip().casefold().replace("_", " ").replace("-", " ")
    if not word:
        return None
    if word in AGREED:
        return True
    if word in REFUSED:
        return False
    return yes_or_no(word)


def refuses(text: str) -> bool:
    """Does a cell clearly say no to what it stands for?"""
    try:
        return consent(text) is False
    except BadCell:
        return False


def yes_or_no(text: str) -> bool:
    """Return what a cell says; raise BadCell when it says neither yes nor no."""
    word = text.strip().casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise BadCell("This is neither yes nor no.")
