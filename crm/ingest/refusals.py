"""A no in a row or a call that cannot go in is still a no, when the person is known."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.consents import decide
from crm.consents.purposes import BY_KEY, Purpose
from crm.customers.models import AnonymousId, Customer
from crm.ingest.scrubbing import clean_id
from crm.privacy import blindindex, vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Who refuses what, by every name that was given."""

    purposes: Purpose
    external_id: str = ""
    anonymous_id: str = ""
    email: str = ""
    said_at: datetime | None = None


def purposes_of(consents: dict[str, bool], *, granted: bool = False) -> Purpose:
    """Return the purposes that are refused, or `granted`; a key nobody knows says nothing."""
    return Purpose(sum(BY_KEY[key] for key, said in consents.items() if said is granted and key in BY_KEY))


def record(refusals: Sequence[Refusal], source: str, proof: dict[str, Any]) -> int:
    """Record what is refused for everybody the names lead to, and return the number of events written.

    Names that lead to several people restrict all of them: a guess may only restrict. The erased are left alone.
    """
    refusals = [refusal for refusal in refusals if refusal.purposes & ~Purpose.SERVICE]
    if not refusals:
        return 0
    named = _named(refusals)
    return decide.record_statements(
        statements=[
            decide.Statement(pk, Purpose(0), refusal.purposes, source, refusal.said_at, proof=proof)
            for refusal in refusals
            for pk in sorted({named[name] for name in _names(refusal) if name in named})
        ]
    )


def _names(refusal: Refusal) -> list[tuple[str, Any]]:
    names: list[tuple[str, Any]] = []
    if refusal.external_id:
        names.append(("external", clean_id(refusal.external_id)))
    if refusal.anonymous_id:
        names.append(("anonymous", clean_id(refusal.anonymous_id)))
    if refusal.email:
        names.append(("external", clean_id(refusal.email)))
        with contextlib.suppress(blindindex.InvalidAddress):
            names.append((blindindex.EMAIL, blindindex.email_index(refusal.email)))
    return [(kind, name) for kind, name in names if isinstance(name, bytes) or "\x00" not in name]


def _named(refusals: Sequence[Refusal]) -> dict[tuple[str, Any], int]:
    names = {name for refusal in refusals for name in _names(refusal)}

    def of(kind: str) -> list[Any]:
        return [name for one, name in names if one == kind]

    found: dict[tuple[str, Any], int] = dict(vault.owners(email_indexes=of(blindindex.EMAIL)))
    people = Customer.objects.filter(external_id__in=of("external")).values_list("external_id", "pk")
    found |= {("external", name): pk for name, pk in people if name}
    browsers = AnonymousId.objects.filter(value__in=of("anonymous")).values_list("value", "customer_id")
    found |= {("anonymous", name): pk for name, pk in browsers}
    erased = set(Customer.objects.filter(pk__in=set(found.values()), state="erased").values_list("pk", flat=True))
    return {name: pk for name, pk in found.items() if pk not in erased}
