"""Find a person by an address without keeping the address: a keyed hash of its canonical form.

HMAC-SHA-256 under a key of its own, cut to 128 bits. An unkeyed hash would be no control: all numbers of a phone
prefix hash in under a minute.
"""

import hmac
import re
import unicodedata

import phonenumbers
from django.utils.translation import gettext as _
from email_validator import EmailNotValidError, validate_email

from crm.privacy import keystore

INDEX_BYTES = 16
INDEX_VERSION = 1
EMAIL, PHONE = "email", "phone"

# Plain ASCII addresses, nearly all of them, which the full validator would pass unchanged at fifty times the cost.
_PLAIN = re.compile(
    r"(?=.{6,254}\Z)(?=.{1,64}@)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*"
    r"@(?=.{4,253}\Z)(?:[A-Za-z0-9](?:(?:[A-Za-z0-9]|-(?!-)){0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}\Z"
)
_RESERVED = re.compile(r"(?i)[@.](?:arpa|internal|invalid|local|localhost|onion|test)\Z")


class InvalidAddress(Exception):
    """The e-mail address or phone number cannot be one; the message says why, without repeating it."""


def normal_email(text: str) -> str:
    """Return the address as mail is sent to it: trimmed, NFKC, its domain in lower case.

    Raises InvalidAddress. No lookup is made: whether it can be delivered shows when it is mailed.
    """
    trimmed = text.strip()
    if _PLAIN.match(trimmed) and not _RESERVED.search(trimmed):
        local, _at, domain = trimmed.rpartition("@")
        return f"{local}@{domain.lower()}"
    try:
        return validate_email(unicodedata.normalize("NFKC", trimmed), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise InvalidAddress(_email_reason(trimmed)) from error


def _email_reason(text: str) -> str:
    # The validator's own messages quote the address, and messages reach logs and files of rejected rows.
    if not text:
        return _("The e-mail address is empty.")
    if "@" not in text:
        return _("The e-mail address has no @.")
    local, _at, domain = text.rpartition("@")
    if not local:
        return _("There is nothing before the @ of the e-mail address.")
    if "." not in domain:
        return _("The part after the @ of the e-mail address is not a domain.")
    return _("The e-mail address is not valid.")


def canonical_email(text: str) -> str:
    """Return the one form under which two spellings of an address are the same: casefolded, its domain in IDNA ASCII.

    Raises InvalidAddress.
    """
    address = normal_email(text)
    local, _at, domain = address.rpartition("@")
    if not domain.isascii():
        domain = domain.encode("idna").decode()
    return unicodedata.normalize("NFKC", local.casefold()) + "@" + domain.casefold()


def canonical_phone(text: str, region: str = "") -> str:
    """Return the number in E.164, `region` (two letters) being where a number without country code is dialled.

    Raises InvalidAddress.
    """
    try:
        number = phonenumbers.parse(text.strip(), region.upper() or None)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            raise InvalidAddress(_("The phone number has no country code, and no country is known.")) from error
        raise InvalidAddress(_("The phone number is not a number.")) from error
    if not phonenumbers.is_possible_number(number):
        raise InvalidAddress(_("The phone number is too short or too long for its country."))
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def email_index(text: str) -> bytes:
    """Return the 16-byte blind index of an e-mail address; raise InvalidAddress."""
    return _mac("ix/email", canonical_email(text))


def phone_index(text: str, region: str = "") -> bytes:
    """Return the 16-byte blind index of a phone number; raise InvalidAddress."""
    return _mac("ix/phone", canonical_phone(text, region))


def address_mac(text: str) -> bytes:
    """Return the 16 bytes that stand for an address on the suppression list, under a key of its own.

    Raises InvalidAddress.
    """
    return _mac("suppress", canonical_email(text))


def external_id_key() -> bytes:
    """Return the key under which ingest replaces an outside id that turns out to be an address."""
    return keystore.subkey("ix/external")


def _mac(label: str, text: str) -> bytes:
    return hmac.digest(keystore.subkey(label), text.encode(), "sha256")[:INDEX_BYTES]
