"""Keep identifiers out of the facts: out of properties, and out of ids that are addresses in disguise."""

import hashlib
import hmac
import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from crm.privacy import blindindex
from lib.scrub import EMAIL, PHONE, scrub

MAX_DEPTH = 3
MAX_TEXT = 500

# Keys that name an identifier. `name` alone is here as well: products carry their name in the catalogue.
IDENTIFIERS = re.compile(
    r"(^|[-_ ])e[-_]?mail|^mail$|phone|mobile|^tel(e?fon)?$|fax"
    r"|^(first|last|full|given|family|sur|middle|user|nick|login|display|customer|billing|shipping)[-_ ]?name$|^name$"
    r"|address|street|^(post(al)?|zip)[-_ ]?code$|^zip$|birth|^dob$|^ip(v?[46])?$|[-_]ip$"
    r"|passport|^ssn$|tax[-_]?id|iban|card[-_]?number|password|avatar|^lat(itude)?$|^(lng|lon|longitude)$"
    r"|姓名|名字|手机|电话|邮箱|地址|生日|身份证",
    re.IGNORECASE,
)
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# What every address and every phone number has; most texts have none of it, and one look tells.
SUSPECT = re.compile(r"[@%\x00]|\d(?:[\s().-]{0,3}\d){7}")
MOMENT = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def names_identifier(key: str) -> bool:
    """Does a key say that its value names somebody?"""
    return bool(IDENTIFIERS.search(CAMEL.sub("_", key)))


def clean_properties(properties: dict[str, Any], depth: int = 1) -> dict[str, Any]:
    """Return the properties without identifiers: keys that name one go, addresses and phone numbers in text too."""
    kept = {}
    for key, value in properties.items():
        text = str(key)
        if names_identifier(text) or scrub(text) != text:
            continue
        cleaned = _clean_value(value, depth)
        if cleaned is not None:
            kept[text[:60]] = cleaned
    return kept


def clean_text(text: str) -> str:
    """Return the text without addresses and phone numbers, percent-encoded ones included."""
    if not SUSPECT.search(text):
        return text[:MAX_TEXT]
    text = text.replace("\x00", "")
    if MOMENT.match(text):
        return text[:MAX_TEXT]
    if "%" in text and scrub(unquote(text)) != unquote(text):
        text = unquote(text)
    return scrub(text)[:MAX_TEXT]


def _clean_value(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        # NaN and infinity are not JSON; a number is not a phone number unless it is a text.
        return value if abs(value) < 1e15 else None
    if depth >= MAX_DEPTH:
        return None
    if isinstance(value, dict):
        return clean_properties(value, depth + 1)
    if isinstance(value, list):
        return [cleaned for item in value[:50] if (cleaned := _clean_value(item, depth + 1)) is not None]
    return None


@lru_cache(maxsize=200_000)
def clean_id(text: str) -> str:
    """Return an outside id as we store it: itself, or `h_<32 hex>` when it is an e-mail address or a phone number.

    The pseudonym is a keyed hash, so the same address always gives the same id and nobody without the key can guess it.
    """
    text = text.strip()
    if EMAIL.search(text):
        return _pseudonym(text.casefold())
    found = PHONE.fullmatch(text)
    if found:
        return _pseudonym(re.sub(r"\D", "", text))
    return text


def clean_reference(text: str) -> str:
    """Return an order number or message id as we store it; only e-mail addresses are replaced.

    Order numbers are often ten digits long, so digits alone do not make one a phone number.
    """
    return _pseudonym(text.casefold()) if "@" in text and EMAIL.search(text) else text


def _pseudonym(text: str) -> str:
    return "h_" + hmac.new(blindindex.external_id_key(), text.encode(), hashlib.sha256).hexdigest()[:32]
