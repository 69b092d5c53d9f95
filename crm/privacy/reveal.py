"""What pages and programs may see of who people are: masked for looking, open for a reason, always written down."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice

from django.db import connection, transaction
from django.utils import timezone

from crm.access import acts
from crm.access.models import User
from crm.access.verbs import Verb
from crm.customers.models import Customer
from crm.privacy import blindindex, vault
from crm.privacy.models import Opening

AN_HOUR = timedelta(hours=1)
PER_HOUR = 30
"""People one user may open within an hour. Who needs more exports, which is logged as such."""
BATCH = 1_000
DOTS = "••"


class TooManyOpenings(Exception):
    """This user has opened as many people within the last hour as one may."""


def masked(customer_ids: Sequence[int], *, viewer: User) -> dict[int, dict[str, str]]:
    """Return customer id → {"name": "A. I.", "email": "a••@example.com"}, with what is known of the two.

    Empty for a role that may not know who people are: initials and a domain of one's own say it too. People with
    nothing sealed are absent. The openings behind it are written down as two counts, by `mask` for the viewer.
    """
    if not viewer.may_reveal:
        return {}
    reason = f"masked list for user:{viewer.pk}"
    contacts = vault.open_many(customer_ids=customer_ids, seal="contact", actor="mask", reason=reason)
    names = vault.open_many(customer_ids=customer_ids, seal="identity", actor="mask", reason=reason)
    found: dict[int, dict[str, str]] = {}
    for pk in customer_ids:
        mask = {"name": _initials(names.get(pk, {})), "email": _masked_email(contacts.get(pk, {}).get("email", ""))}
        if shown := {name: value for name, value in mask.items() if value}:
            found[pk] = shown
    return found


def _initials(fields: Mapping[str, str]) -> str:
    return " ".join(f"{fields[name][0]}." for name in ("first_name", "last_name") if fields.get(name))


def _masked_email(email: str) -> str:
    local, _at, domain = email.rpartition("@")
    return f"{local[0]}{DOTS}@{domain}" if local else ""


@transaction.atomic
def reveal(*, customer: Customer, actor: str, reason: str) -> dict[str, str]:
    """Return everything sealed about one person, as one mapping; who, when and why is written down.

    `actor` is `user:<id>`; whether that user may is the door's to know. Raises TooManyOpenings after PER_HOUR people
    within an hour (the same person again does not count), ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("opening an identity needs a reason")
    # Two requests of one user at once count in turn.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [actor])
    recent = Opening.objects.filter(actor=actor, customer__isnull=False, opened_at__gt=timezone.now() - AN_HOUR)
    others = recent.exclude(customer=customer).values("customer").distinct().count()
    if others >= PER_HOUR:
        raise TooManyOpenings
    names = vault.open_one(customer_id=customer.pk, seal="identity", actor=actor, reason=reason)
    contact = vault.open_one(customer_id=customer.pk, seal="contact", actor=actor, reason=reason)
    # The reason may name the person: it stays with the opening, which goes with the person's page.
    acts.record(by=actor, verb=Verb.REVEALED, on=customer)
    return names | contact


def first_name(*, customer: Customer, actor: str, reason: str) -> str:
    """Return one person's first name, "" when none is sealed; the opening is written down."""
    fields = vault.open_one(customer_id=customer.pk, seal="identity", actor=actor, reason=reason)
    return fields.get("first_name", "")


def find_by_email(text: str) -> int | None:
    """Return the id of the customer with an e-mail address, None when nobody has it or it cannot be an address.

    Nothing is opened: the blind index answers.
    """
    try:
        index = blindindex.email_index(text)
    except blindindex.InvalidAddress:
        return None
    return vault.owners(email_indexes=[index]).get((blindindex.EMAIL, index))


def export_contacts(customer_ids: Iterable[int], *, actor: str, reason: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (customer id, everything sealed) for whoever has any; each thousand is written down."""
    rest = iter(customer_ids)
    while batch := list(islice(rest, BATCH)):
        names = vault.open_many(customer_ids=batch, seal="identity", actor=actor, reason=reason)
        contacts = vault.open_many(customer_ids=batch, seal="contact", actor=actor, reason=reason)
        for pk in batch:
            if opened := names.get(pk, {}) | contacts.get(pk, {}):
                yield pk, opened
