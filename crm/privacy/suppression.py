"""Who must not be mailed, whatever else anyone says: keyed hashes of addresses, under a key of their own.

It outlives erasure (GDPR Article 21, paragraph 3): whoever comes back with the next import is still not mailed.
The list itself leads to nobody. So that an audience can be counted without opening addresses, each sealed identity
keeps what the list says of its address (`Identity.suppressed`), written whenever one is sealed, listed or lifted.
Sending opens a batch of addresses anyway, and asks `listed` about them in one query.
"""

from collections.abc import Iterable, Sequence

from django.db import connection, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.access import acts
from crm.access.acts import By
from crm.access.verbs import Verb
from crm.customers.models import Customer
from crm.privacy import blindindex, vault
from crm.privacy.blindindex import address_mac
from crm.privacy.models import Suppression

Reason = Suppression.Reason
LOOKED_UP = 5_000
"""Identities looked up at once."""


class LiftReason(models.TextChoices):
    """Why an address may be mailed again."""

    ASKED = "asked", gettext_lazy("The person asked for mail again")
    WORKS = "works", gettext_lazy("The address works again")
    MISTAKE = "mistake", gettext_lazy("It was listed by mistake")


class NotListed(Exception):
    """There is nothing to lift."""


class ErasedStays(Exception):
    """The address belongs to somebody who was erased."""


_MARK = """
UPDATE crm_identity i SET suppressed = coalesce(s.reason, '')
FROM unnest(%(indexes)s::bytea[], %(macs)s::bytea[]) AS v(email_index, mac)
LEFT JOIN crm_suppression s ON s.address_mac = v.mac
WHERE i.email_index = v.email_index AND i.suppressed IS DISTINCT FROM coalesce(s.reason, '')
"""
_UNKNOWN = """
SELECT customer_id FROM crm_identity
WHERE suppressed IS NULL AND email_index IS NOT NULL AND customer_id > %s ORDER BY customer_id LIMIT %s
"""


@transaction.atomic
def suppress(*, emails: Iterable[str], reason: str) -> int:
    """Put addresses on the list and return how many; an address already there keeps its first reason.

    Raises InvalidAddress when one cannot be an address; then none is listed.
    """
    addresses = list(emails)
    rows = [Suppression(address_mac=address_mac(email), reason=reason) for email in addresses]
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    _mark(addresses)
    return len(rows)


def suppress_customers(*, customer_ids: Sequence[int], reason: str, actor: str) -> int:
    """Put the sealed addresses of customers on the list and return how many had one; the opening is logged."""
    opened = vault.open_many(customer_ids=customer_ids, seal="contact", actor=actor, reason=f"suppression: {reason}")
    return suppress(emails=[fields["email"] for fields in opened.values() if fields.get("email")], reason=reason)


def reasons(emails: Sequence[str]) -> dict[str, str]:
    """Return address → reason for those that are on the list, spelled as they were asked; one query for all.

    Raises InvalidAddress when one cannot be an address.
    """
    by_mac: dict[bytes, list[str]] = {}
    for email in emails:
        by_mac.setdefault(address_mac(email), []).append(email)
    with connection.cursor() as cursor:
        cursor.execute("SELECT address_mac, reason FROM crm_suppression WHERE address_mac = ANY(%s)", [list(by_mac)])
        return {email: reason for mac, reason in cursor.fetchall() for email in by_mac[bytes(mac)]}


def listed(emails: Sequence[str]) -> set[str]:
    """Return those of the addresses that are on the list, spelled as they were asked; raise InvalidAddress."""
    return set(reasons(emails))


def suppressed(email: str) -> bool:
    """Return whether one address is on the list; raise InvalidAddress."""
    return bool(listed([email]))


def entry(email: str) -> Suppression | None:
    """Return the entry of an address; raise InvalidAddress when it cannot be one."""
    return Suppression.objects.filter(address_mac=address_mac(email)).first()


@transaction.atomic(durable=True)
def lift(*, email: str, why: LiftReason, by: By, erased: bool = False) -> Reason:
    """Take an address off the list and return what it stood there for; permission to mail is asked for all the same.

    An address whose person was erased stays unless `erased` says that it is meant: the list is what keeps an erasure
    standing when the next import brings the person back. Raises NotListed, ErasedStays, InvalidAddress.
    """
    return _lift(email, why, by, "suppression", erased)


@transaction.atomic(durable=True)
def lift_customer(*, customer: Customer, why: LiftReason, actor: str, erased: bool = False) -> Reason:
    """Take a customer's sealed address off the list as `lift` does; the opening is logged, the act is the customer's.

    Raises NotListed, also for somebody without an address, and ErasedStays.
    """
    contact = vault.open_one(customer_id=customer.pk, seal="contact", actor=actor, reason="suppression: lift")
    if not contact.get("email"):
        raise NotListed(_("This customer has no e-mail address."))
    return _lift(contact["email"], why, actor, customer, erased)


def _lift(email: str, why: LiftReason, by: By, on: Customer | str, erased: bool) -> Reason:
    row = Suppression.objects.select_for_update().filter(address_mac=address_mac(email)).first()
    if row is None:
        raise NotListed(_("This address is not on the suppression list."))
    reason = Reason(row.reason)
    if reason == Reason.ERASED and not erased:
        raise ErasedStays(_("The person was erased; the entry keeps the next import from bringing them back."))
    row.delete()
    _mark([email])
    # Why is one of a few words: an act is kept for ever, and free text might name the person.
    acts.record(by=by, verb=Verb.LIFTED, on=on, reason=reason, why=why)
    return reason


def look_up_unknown(*, actor: str = "suppression") -> int:
    """Look up the addresses sealed before identities kept what the list says of them; return how many."""
    found, after = 0, 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_UNKNOWN, [after, LOOKED_UP])
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return found
        opened = vault.open_many(customer_ids=ids, seal="contact", actor=actor, reason="suppression: look up")
        _mark([fields["email"] for fields in opened.values() if fields.get("email")])
        found, after = found + len(ids), ids[-1]


def _mark(emails: Sequence[str]) -> None:
    if not emails:
        return
    values = {"indexes": [blindindex.email_index(email) for email in emails], "macs": [address_mac(e) for e in emails]}
    with connection.cursor() as cursor:
        cursor.execute(_MARK, values)
