"""What a file, a data set or a call says about a person, made into a customer, a sealed identity and consents."""

import json
import re
import zoneinfo
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import uuid_utils.compat as uuid
from django.db import connection, transaction
from django.utils import timezone

from crm.changes.tell import Origin, Topic, about, tell
from crm.consents import decide
from crm.consents.purposes import BY_KEY
from crm.customers.models import Customer
from crm.ingest import refusals
from crm.ingest.event import EventOutcome, Rejection
from crm.ingest.people import CLOSED
from crm.ingest.scrubbing import clean_id, clean_properties, clean_text
from crm.privacy import blindindex, vault
from lib import copying

TAKEN = "This {} belongs to another customer."
IDENTITY_LIMIT = 300
HOW_LIMIT = 200
ATTRIBUTES_LIMIT = 16_000
ZONES = frozenset(zoneinfo.available_timezones())
COARSE = {"language": 10, "timezone": 40, "country": 2, "region": 60, "age_band": 10, "gender": 12}
GENDERS = {
    **dict.fromkeys(("f", "female", "w", "woman", "女"), "female"),
    **dict.fromkeys(("m", "male", "man", "男"), "male"),
}
BANDS = ((18, "under 18"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"))
_STAGE = {
    "uuid": "uuid",
    "external_id": "varchar(120)",
    **{name: f"varchar({limit})" for name, limit in COARSE.items()},
    "attributes": "jsonb",
    "source": "varchar(40)",
}
# What a row does not say stays as it is; the erased and the restricted are not touched.
_UPSERT = """
INSERT INTO crm_customer AS c (uuid, external_id, language, timezone, country, region, age_band, gender, attributes,
    source, permission, state, canary, created_at)
SELECT uuid, external_id, language, timezone, country, region, age_band, gender, attributes, source, 1, 'active',
    false, now() FROM stage_person
ON CONFLICT (external_id) DO UPDATE SET
    language = coalesce(nullif(excluded.language, ''), c.language),
    timezone = coalesce(nullif(excluded.timezone, ''), c.timezone),
    country = coalesce(nullif(excluded.country, ''), c.country),
    region = coalesce(nullif(excluded.region, ''), c.region),
    age_band = coalesce(nullif(excluded.age_band, ''), c.age_band),
    gender = coalesce(nullif(excluded.gender, ''), c.gender),
    attributes = c.attributes || excluded.attributes
WHERE c.state = 'active'
RETURNING external_id, id, uuid, xmax = 0
"""


@dataclass(slots=True, kw_only=True)
class IncomingPerson:
    """One person as told. Empty means not told; what is known already then stays."""

    external_id: str = ""
    email: str = ""
    phone: str = ""
    identity: dict[str, str] = field(default_factory=dict)
    """first_name, last_name, address ...: sealed."""
    language: str = ""
    timezone: str = ""
    country: str = ""
    region: str = ""
    age_band: str = ""
    gender: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)
    consents: dict[str, bool] = field(default_factory=dict)
    """Purpose key → yes or no."""
    consented_at: datetime | None = None
    """When the consents were given; a yes of unknown date never undoes a no."""
    consent_how: str = ""
    """How the person agreed (a form, a call, a card at the till); a yes that does not say so never undoes a no."""
    consent_text: str = ""
    """Which version of which text the person agreed to."""
    undoes_refusal: bool = True
    """Whether who hands this in may undo a no at all; a key that may lie in a browser may not."""
    problem: tuple[str, str] | None = None
    """(field, reason) why the person cannot go in. What they refuse is recorded all the same."""


@dataclass(slots=True)
class _Known:
    index: int
    person: IncomingPerson
    external_id: str
    email_index: bytes | None = None
    phone_index: bytes | None = None
    customer_id: int = 0
    uuid: UUID | None = None
    new: bool = False


def age_band(age: int) -> str:
    """Return the band an age in years falls into."""
    return next((band for limit, band in BANDS if age < limit), "65+")


def save(
    people: Sequence[IncomingPerson],
    source: str,
    proof: dict[str, Any] | None = None,
    *,
    origin: Origin = Origin.LIVE,
) -> EventOutcome:
    """Make or update the customers, seal their identities and record their consents, in one transaction.

    `proof` says which import or message it was, and is kept with each consent. What a rejected row refuses is recorded
    all the same, when its person is known. Somebody without a shop's id is found, or made, by the e-mail address.
    `accepted` counts new customers, `known` those that existed. An address that belongs to somebody else rejects its
    row, and only its row.
    """
    rejected: list[Rejection] = []
    with transaction.atomic():
        good = _checked(people, rejected)
        _refuse_taken(good, rejected)
        added = _upsert(good, source, rejected)
        vault.seal_many([_sealing(row) for row in good if _sealed(row.person)])
        said = [statement_of(row.person, row.customer_id, source, proof, origin) for row in good if row.person.consents]
        decide.record_statements(statements=said)
        refusals.record([refusal_of(people[rejection.index]) for rejection in rejected], source, proof or {})
        _tell(good, origin)
    rejected.sort(key=lambda rejection: rejection.index)
    return EventOutcome(added, len(good) - added, rejected)


def _checked(people: Sequence[IncomingPerson], rejected: list[Rejection]) -> list[_Known]:
    good: dict[str, _Known] = {}
    for index, person in enumerate(people):
        problem = problem_of(person)
        if problem:
            rejected.append(Rejection(index, *problem))
            continue
        row = _Known(index, person, clean_id(person.external_id or person.email))
        try:
            column = "email"
            row.email_index = blindindex.email_index(person.email) if person.email else None
            column = "phone"
            row.phone_index = blindindex.phone_index(person.phone, person.country) if person.phone else None
        except blindindex.InvalidAddress as error:
            rejected.append(Rejection(index, column, str(error)))
            continue
        if row.external_id in good:
            rejected.append(Rejection(index, "external_id", "This customer is named twice in one batch."))
            continue
        good[row.external_id] = row
    return list(good.values())


def problem_of(person: IncomingPerson, *, named: bool = False) -> tuple[str, str] | None:
    """Return (field, reason) of what is wrong with a person as told; `named` when an anonymous id names them."""
    if person.problem:
        return person.problem
    if not named and not person.external_id and not person.email:
        return "external_id", "Neither an id nor an e-mail address is given."
    if len(person.external_id) > 120 or "\x00" in person.external_id:
        return "external_id", "Longer than 120 characters, or with a zero byte."
    for name, limit in COARSE.items():
        text = getattr(person, name)
        if len(text) > limit or "\x00" in text or clean_text(text) != text:
            return name, f"Longer than {limit} characters, or not what belongs here."
    if person.country and not re.fullmatch("[A-Z]{2}", person.country):
        return "country", "A country is two capital letters (ISO 3166)."
    if person.timezone and person.timezone not in ZONES:
        return "timezone", "This time zone is not known (IANA names, such as Europe/Berlin)."
    for name, text in person.identity.items():
        if len(text) > IDENTITY_LIMIT or "\x00" in text:
            return name, f"Longer than {IDENTITY_LIMIT} characters, or with a zero byte."
    unknown = person.consents.keys() - BY_KEY.keys()
    if unknown:
        return "consents", "This purpose is not known: " + clean_text(", ".join(sorted(unknown)))
    if len(json.dumps(clean_properties(person.attributes), default=str)) > ATTRIBUTES_LIMIT:
        return "attributes", "The attributes are too large."
    return None


def _refuse_taken(good: list[_Known], rejected: list[Rejection]) -> None:
    owners = vault.owners(
        email_indexes=[row.email_index for row in good if row.email_index],
        phone_indexes=[row.phone_index for row in good if row.phone_index],
    )
    names = {
        pk: external or f"\x00{pk}"
        for pk, external in Customer.objects.filter(pk__in=set(owners.values())).values_list("id", "external_id")
    }
    holders = {key: names[pk] for key, pk in owners.items()}
    kept: list[_Known] = []
    for row in good:
        email, phone = (blindindex.EMAIL, row.email_index or b""), (blindindex.PHONE, row.phone_index or b"")
        if row.email_index and not row.person.external_id and not holders.get(email, "\x00").startswith("\x00"):
            # No id was given: the address is the name, and it is known already.
            row.external_id = holders[email]
        held = holders.get(email)
        if row.person.external_id and held and held != row.external_id and _adopt(row, held):
            holders = {key: row.external_id if name == held else name for key, name in holders.items()}
            for other in kept:
                other.external_id = row.external_id if other.external_id == held else other.external_id
        clash = next(
            (key[0] for key in (email, phone) if key[1] and holders.get(key, row.external_id) != row.external_id), None
        )
        if clash:
            word = "e-mail address" if clash == "email" else "phone number"
            rejected.append(Rejection(row.index, clash, TAKEN.format(word)))
            continue
        for key in (email, phone):
            if key[1]:
                holders[key] = row.external_id
        kept.append(row)
    good[:] = kept


def holder_of(email: str) -> str:
    """Return the external id of whoever has an e-mail address; raise KeyError when nobody has."""
    index = blindindex.email_index(email)
    owner = vault.owners(email_indexes=[index])["email", index]
    return str(Customer.objects.values_list("external_id", flat=True).get(pk=owner))


def _adopt(row: _Known, held: str) -> bool:
    # Somebody known by the address only now has a shop's id: the same person gets the better name.
    if held != clean_id(row.person.email) or Customer.objects.filter(external_id=row.external_id).exists():
        return False
    return bool(Customer.objects.filter(external_id=held).update(external_id=row.external_id))


def _upsert(good: list[_Known], source: str, rejected: list[Rejection]) -> int:
    by_id = {row.external_id: row for row in good}
    copying.stage("stage_person", _STAGE, (_values(by_id[name], source) for name in sorted(by_id)))
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT)
        written = {external: rest for external, *rest in cursor.fetchall()}
    kept = []
    for row in good:
        if row.external_id not in written:
            rejected.append(Rejection(row.index, "external_id", CLOSED))
            continue
        row.customer_id, row.uuid, row.new = written[row.external_id]
        kept.append(row)
    good[:] = kept
    return sum(row.new for row in good)


def _tell(good: list[_Known], origin: Origin) -> None:
    now = timezone.now()
    for topic, new in ((Topic.CREATED, True), (Topic.PROFILE, False)):
        if ids := [row.customer_id for row in good if row.new == new]:
            tell(topic, customers=ids, signals=about(topic, ids, now, origin))


def _values(row: _Known, source: str) -> tuple[Any, ...]:
    person = row.person
    attributes = json.dumps(clean_properties(person.attributes), ensure_ascii=False, default=str)
    return (uuid.uuid7(), row.external_id, *(getattr(person, name) for name in COARSE), attributes, source)


def _sealed(person: IncomingPerson) -> bool:
    return bool(person.email or person.phone or person.identity)


def _sealing(row: _Known) -> vault.Sealing:
    if row.uuid is None:
        raise ValueError("seal after the customer exists")
    person = row.person
    return vault.Sealing(
        customer_id=row.customer_id,
        uuid=row.uuid,
        email=person.email or None,
        phone=person.phone or None,
        identity=person.identity,
        region=person.country,
    )


def statement_of(
    person: IncomingPerson, customer_id: int, source: str, proof: dict[str, Any] | None, origin: Origin = Origin.LIVE
) -> decide.Statement:
    """Return what a person, known by now, says about their purposes."""
    how = clean_text(person.consent_how)[:HOW_LIMIT]
    return decide.Statement(
        customer_id=customer_id,
        allowed=refusals.purposes_of(person.consents, granted=True),
        refused=refusals.purposes_of(person.consents),
        source=source,
        said_at=person.consented_at,
        text_version=clean_text(person.consent_text),
        proof={**(proof or {}), **({"how": how} if how else {})},
        origin=origin,
        undoes_refusal=person.undoes_refusal and bool(how),
    )


def refusal_of(person: IncomingPerson, anonymous_id: str = "") -> refusals.Refusal:
    """Return what a person refuses, with every name they are given."""
    return refusals.Refusal(
        purposes=refusals.purposes_of(person.consents),
        external_id=person.external_id,
        anonymous_id=anonymous_id,
        email=person.email,
        said_at=person.consented_at,
    )
