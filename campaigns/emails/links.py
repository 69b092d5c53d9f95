"""Addresses inside mails: opaque, signed tokens that say nothing about the reader and cannot be made up.

A token is 33 bytes in base64url, 44 characters: version, two 64-bit numbers, 128 bits of HMAC-SHA256. Clicks, opens
and unsubscribing have keys of their own, so that one cannot be turned into another. The keys follow from the root
alone, not from the epochs of the keystore: an unsubscribe link works for as long as somebody keeps the mail.
"""

import base64
import binascii
import hmac
import struct

from django.conf import settings

from crm.privacy import keystore

VERSION = 1
BODY = struct.Struct(">BQQ")
MAC_BYTES = 16
CLICK, OPEN, UNSUBSCRIBE = "click", "open", "unsub"


class BadToken(Exception):
    """The token was altered, was made for something else, or is none of ours."""


def _mac(use: str, body: bytes) -> bytes:
    return hmac.digest(keystore.subkey(use), body, "sha256")[:MAC_BYTES]


def _seal(use: str, first: int, second: int) -> str:
    body = BODY.pack(VERSION, first, second)
    return base64.urlsafe_b64encode(body + _mac(use, body)).decode()


def _open(use: str, token: str) -> tuple[int, int]:
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as mistake:
        raise BadToken from mistake
    if len(raw) != BODY.size + MAC_BYTES or not hmac.compare_digest(_mac(use, raw[: BODY.size]), raw[BODY.size :]):
        raise BadToken
    version, first, second = BODY.unpack(raw[: BODY.size])
    if version != VERSION:
        raise BadToken
    return first, second


def click_token(link_id: int, delivery_id: int) -> str:
    """Return the token that stands for one link in one delivered mail."""
    return _seal(CLICK, link_id, delivery_id)


def read_click(token: str) -> tuple[int, int]:
    """Return (link id, delivery id); raise BadToken."""
    return _open(CLICK, token)


def open_token(delivery_id: int) -> str:
    """Return the token of the pixel in one delivered mail."""
    return _seal(OPEN, 0, delivery_id)


def read_open(token: str) -> int:
    """Return the delivery id; raise BadToken."""
    return _open(OPEN, token)[1]


def unsubscribe_token(customer_id: int, delivery_id: int) -> str:
    """Return the token with which one reader unsubscribes; it names the customer, so it outlives the campaign."""
    return _seal(UNSUBSCRIBE, customer_id, delivery_id)


def read_unsubscribe(token: str) -> tuple[int, int]:
    """Return (customer id, delivery id); raise BadToken."""
    return _open(UNSUBSCRIBE, token)


def click_url(link_id: int, delivery_id: int) -> str:
    """Return the address of one link in one delivered mail."""
    return f"{settings.BASE_URL}/t/c/{click_token(link_id, delivery_id)}"


def open_url(delivery_id: int) -> str:
    """Return the address of the pixel in one delivered mail."""
    return f"{settings.BASE_URL}/t/o/{open_token(delivery_id)}.gif"


def unsubscribe_url(customer_id: int, delivery_id: int) -> str:
    """Return where one reader unsubscribes."""
    return f"{settings.BASE_URL}/t/u/{unsubscribe_token(customer_id, delivery_id)}"


def preferences_url(customer_id: int, delivery_id: int) -> str:
    """Return where one reader chooses what to receive."""
    return f"{settings.BASE_URL}/t/p/{unsubscribe_token(customer_id, delivery_id)}"
