"""Who must not be mailed, whatever else anyone says: keyed hashes of addresses, under a key of their own.

It outlives erasure (GDPR Article 21, paragraph 3): whoever comes back with the next import is still not mailed.
Sending opens a batch of addresses anyway, and asks `listed` about them in one query.
"""

import hmac
from collections.abc import Iterable, Sequence

from django.db import connection

from crm.privacy import blindindex, keystore, vault
from crm.privacy.models import Suppression

MAC_BYTES = 16
Reason = Suppression.Reason


def address_mac(email: str) -> bytes:
    """Return the 16 bytes that stand for an address on the list; raise InvalidAddress."""
    address = blindindex.canonical_email(email).encode()
    return hmac.digest(keystore.subkey("suppress"), address, "sha256")[:MAC_BYTES]


def suppress(*, emails: Iterable[str], reason: str) -> int:
    """Put addresses on the list and return how many; an address already there keeps its first reason.

    Raises InvalidAddress when one cannot be an address; then none is listed.
    """
    rows = [Suppression(address_mac=address_mac(email), reason=reason) for email in emails]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def suppress_customers(*, customer_ids: Sequence[int], reason: str, actor: str) -> int:
    """Put the sealed addresses of customers on the list and return how many had one; the opening is logged."""
    opened = vault.open_many(customer_ids=customer_ids, seal="contact", actor=actor, reason=f"suppression: {reason}")
    return suppress(emails=[fields["email"] for fields in opened.values() if fields.get("email")], reason=reason)


def listed(emails: Sequence[str]) -> set[str]:
    """Return those of the addresses that are on the list, spelled as they were asked; one query for all.

    Raises InvalidAddress when one cannot be an address.
    """
    by_mac: dict[bytes, list[str]] = {}
    for email in emails:
        by_mac.setdefault(address_mac(email), []).append(email)
    with connection.cursor() as cursor:
        cursor.execute("SELECT address_mac FROM crm_suppression WHERE address_mac = ANY(%s)", [list(by_mac)])
        return {email for (mac,) in cursor.fetchall() for email in by_mac[bytes(mac)]}


def suppressed(email: str) -> bool:
    """Return whether one address is on the list; raise InvalidAddress."""
    return bool(listed([email]))


def lift(*, emails: Iterable[str], reasons: Iterable[str] = (Reason.UNSUBSCRIBED,)) -> int:
    """Take addresses off the list, for the given reasons only, because the person said yes again; return how many."""
    macs = [address_mac(email) for email in emails]
    return Suppression.objects.filter(address_mac__in=macs, reason__in=list(reasons)).delete()[0]
