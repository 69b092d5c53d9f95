"""The vault: seals who people are, and opens it again for those who may. Only ingest, privacy and sending come here.

Two blobs a person, `contact` (e-mail, phone) and `identity` (names, address), each AES-256-GCM under the person's own
key of that class, with a random 96-bit nonce, bound to table, class, schema version and person: a blob moved to another
row or column, or given another version, does not open.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from crm.privacy import audit, blindindex, keystore
from crm.privacy.keystore import CONTACT, IDENTITY, SEALS
from lib import copying

SCHEMA_VERSION = 1
NONCE_BYTES = 12
BATCH = 5_000

# One query for each class, so that no column name is ever put together from words.
_READ = {
    CONTACT: "SELECT i.customer_id, c.uuid, i.schema_version, i.contact FROM crm_identity i "
    "JOIN crm_customer c ON c.id = i.customer_id WHERE i.customer_id = ANY(%s) AND i.contact IS NOT NULL",
    IDENTITY: "SELECT i.customer_id, c.uuid, i.schema_version, i.identity FROM crm_identity i "
    "JOIN crm_customer c ON c.id = i.customer_id WHERE i.customer_id = ANY(%s) AND i.identity IS NOT NULL",
}
_STAGE = {
    "customer_id": "bigint",
    "contact": "bytea",
    "identity": "bytea",
    "email_index": "bytea",
    "address_mac": "bytea",
    "phone_index": "bytea",
    "index_version": "smallint",
    "schema_version": "smallint",
    "updated_at": "timestamptz",
}
_UPSERT = """
INSERT INTO crm_identity
    (customer_id, contact, identity, email_index, phone_index, index_version, schema_version, suppressed, updated_at)
SELECT customer_id, contact, identity, email_index, phone_index, index_version, schema_version,
       CASE WHEN email_index IS NOT NULL THEN coalesce(s.reason, '') END, updated_at
FROM stage_identity LEFT JOIN crm_suppression s USING (address_mac)
ON CONFLICT (customer_id) DO UPDATE SET
    contact = excluded.contact, identity = excluded.identity,
    email_index = excluded.email_index, phone_index = excluded.phone_index,
    index_version = excluded.index_version, schema_version = excluded.schema_version,
    suppressed = excluded.suppressed, updated_at = excluded.updated_at
"""


class Unreadable(Exception):
    """A blob was altered, cut, moved from another row, class or version, or is not one of ours."""


class PersonErased(Exception):
    """Somebody among those to be sealed was erased; `customer_ids` says who. Erased people are not sealed again."""

    def __init__(self, customer_ids: Sequence[int]) -> None:
        super().__init__(f"{len(customer_ids)} of these customers were erased")
        self.customer_ids = list(customer_ids)


class AddressTaken(Exception):
    """An e-mail address or phone number belongs to somebody else. Nothing was sealed.

    `clashes` gives, for each customer whose address is taken, who has it (a customer id); never the address.
    """

    def __init__(self, clashes: Mapping[int, int]) -> None:
        super().__init__(f"the address of {len(clashes)} customers belongs to somebody else")
        self.clashes = dict(clashes)


@dataclass(frozen=True)
class Sealing:
    """What to seal about one person. A field left None stays as it is; an empty one is taken out."""

    customer_id: int
    uuid: UUID
    email: str | None = None
    phone: str | None = None
    """In E.164, or as dialled in `region`."""
    identity: Mapping[str, str | None] = field(default_factory=dict)
    """first_name, last_name, address and so on; names of fields are the caller's."""
    region: str = ""


@dataclass
class _Person:
    """One row on its way to the table."""

    uuid: UUID
    contact: dict[str, str]
    identity: dict[str, str]
    email_index: bytes | None = None
    address_mac: bytes | None = None
    """What stands for the address on the suppression list."""
    phone_index: bytes | None = None


def _bound(seal: str, version: int, person: UUID) -> bytes:
    return b"crm_identity|%s|%d|" % (seal.encode(), version) + person.bytes


def seal_blob(key: bytes, fields: Mapping[str, str], seal: str, person: UUID) -> bytes:
    """Return the fields of one class encrypted for one person: 12-byte nonce, ciphertext, 16-byte tag."""
    nonce = os.urandom(NONCE_BYTES)
    plain = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    return nonce + AESGCM(key).encrypt(nonce, plain, _bound(seal, SCHEMA_VERSION, person))


def open_blob(key: bytes, blob: bytes, seal: str, version: int, person: UUID) -> dict[str, str]:
    """Return the fields inside a blob; raise Unreadable unless it was sealed for just this place."""
    if version != SCHEMA_VERSION:
        raise Unreadable(f"a sealed blob claims schema version {version}, which is not known")
    try:
        plain = AESGCM(key).decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], _bound(seal, version, person))
    except (InvalidTag, ValueError) as error:
        raise Unreadable("a sealed blob was altered or moved") from error
    fields: dict[str, str] = json.loads(plain)
    return fields


def owners(*, email_indexes: Iterable[bytes] = (), phone_indexes: Iterable[bytes] = ()) -> dict[tuple[str, bytes], int]:
    """Return ("email" or "phone", index) → customer id, for those of the blind indexes that somebody has."""
    found: dict[tuple[str, bytes], int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT email_index, customer_id FROM crm_identity WHERE email_index = ANY(%s)", [list(email_indexes)]
        )
        found |= {(blindindex.EMAIL, bytes(index)): pk for index, pk in cursor.fetchall()}
        cursor.execute(
            "SELECT phone_index, customer_id FROM crm_identity WHERE phone_index = ANY(%s)", [list(phone_indexes)]
        )
        found |= {(blindindex.PHONE, bytes(index)): pk for index, pk in cursor.fetchall()}
    return found


def seal_many(sealings: Sequence[Sealing]) -> None:
    """Seal who these people are, merged with what is sealed already, in one transaction.

    Raises AddressTaken when an e-mail address or phone number belongs to somebody else, InvalidAddress when one cannot
    be an address, PersonErased when somebody was erased, Unreadable when what is sealed already does not open.
    """
    rest = iter(sealings)
    with transaction.atomic():
        while batch := list(islice(rest, BATCH)):
            _seal_batch(batch)


def _seal_batch(sealings: list[Sealing]) -> None:
    ids = sorted({sealing.customer_id for sealing in sealings})
    _hold(ids)
    people = _merged(sealings, ids)
    _refuse_taken(people)
    keys = {seal: keystore.create_or_get([p.uuid for p in people.values() if getattr(p, seal)], seal) for seal in SEALS}
    try:
        # A savepoint, so that a race lost to another writer can still be told apart and named.
        with transaction.atomic(), connection.cursor() as cursor:
            copying.stage("stage_identity", _STAGE, _rows(people, keys))
            cursor.execute(_UPSERT)
    except IntegrityError:
        _refuse_taken(people)
        raise


def _hold(ids: list[int]) -> None:
    # A shared lock: erasure takes the same rows exclusively, so it comes wholly before or wholly after.
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, state FROM crm_customer WHERE id = ANY(%s) ORDER BY id FOR SHARE", [ids])
        erased = [pk for pk, state in cursor.fetchall() if state == "erased"]
    if erased:
        raise PersonErased(erased)


def _merged(sealings: list[Sealing], ids: list[int]) -> dict[int, _Person]:
    before = {seal: _opened(ids, seal) for seal in SEALS}
    people: dict[int, _Person] = {}
    for sealing in sealings:
        pk = sealing.customer_id
        if pk not in people:
            people[pk] = _Person(sealing.uuid, before[CONTACT].get(pk, {}), before[IDENTITY].get(pk, {}))
        person = people[pk]
        if sealing.email is not None:
            _put(person.contact, "email", blindindex.normal_email(sealing.email) if sealing.email else "")
        if sealing.phone is not None:
            number = blindindex.canonical_phone(sealing.phone, sealing.region) if sealing.phone else ""
            _put(person.contact, "phone", number)
        for name, value in sealing.identity.items():
            if value is not None:
                _put(person.identity, name, value)
    for person in people.values():
        if email := person.contact.get("email"):
            person.email_index, person.address_mac = blindindex.email_index(email), blindindex.address_mac(email)
        if phone := person.contact.get("phone"):
            person.phone_index = blindindex.phone_index(phone)
    return people


def _put(fields: dict[str, str], name: str, value: str) -> None:
    if value:
        fields[name] = value
    else:
        fields.pop(name, None)


def _refuse_taken(people: Mapping[int, _Person]) -> None:
    wanted: list[tuple[tuple[str, bytes], int]] = []
    for pk, person in people.items():
        if person.email_index:
            wanted.append(((blindindex.EMAIL, person.email_index), pk))
        if person.phone_index:
            wanted.append(((blindindex.PHONE, person.phone_index), pk))
    holder = owners(
        email_indexes=[p.email_index for p in people.values() if p.email_index],
        phone_indexes=[p.phone_index for p in people.values() if p.phone_index],
    )
    clashes: dict[int, int] = {}
    twice = Counter(index for index, _pk in wanted)
    for index, pk in wanted:
        owner = holder.get(index)
        if owner is None and twice[index] > 1:
            owner = holder[index] = pk
        if owner is not None and owner != pk:
            clashes[pk] = owner
    if clashes:
        raise AddressTaken(clashes)


def _rows(people: Mapping[int, _Person], keys: Mapping[str, Mapping[UUID, bytes]]) -> Iterator[tuple[Any, ...]]:
    now = timezone.now()
    for pk, person in people.items():
        contact = person.contact and seal_blob(keys[CONTACT][person.uuid], person.contact, CONTACT, person.uuid)
        identity = person.identity and seal_blob(keys[IDENTITY][person.uuid], person.identity, IDENTITY, person.uuid)
        yield (
            pk,
            contact or None,
            identity or None,
            person.email_index,
            person.address_mac,
            person.phone_index,
            blindindex.INDEX_VERSION,
            SCHEMA_VERSION,
            now,
        )


def _opened(customer_ids: Iterable[int], seal: str) -> dict[int, dict[str, str]]:
    opened: dict[int, dict[str, str]] = {}
    rest = iter(customer_ids)
    while batch := list(islice(rest, BATCH)):
        with connection.cursor() as cursor:
            cursor.execute(_READ[seal], [batch])
            rows = cursor.fetchall()
        keys = keystore.unwrap_many([row[1] for row in rows], seal)
        for pk, person, version, blob in rows:
            # No key: the person was erased, and what is left in this row or in a backup of it stays shut.
            if key := keys.get(person):
                opened[pk] = open_blob(key, bytes(blob), seal, version, person)
    return opened


def open_many(*, customer_ids: Iterable[int], seal: str, actor: str, reason: str) -> dict[int, dict[str, str]]:
    """Return customer id → fields of one class (`contact` or `identity`), and write down that `actor` opened them.

    People who have nothing sealed or were erased are absent. Raises Unreadable when a blob was altered or moved.
    """
    opened = _opened(customer_ids, seal)
    audit.opened(customer_ids=list(opened), seal=seal, actor=actor, reason=reason)
    return opened


def open_one(*, customer_id: int, seal: str, actor: str, reason: str) -> dict[str, str]:
    """Return the fields of one class of one person, empty when nothing is sealed or the person was erased; logged."""
    return open_many(customer_ids=[customer_id], seal=seal, actor=actor, reason=reason).get(customer_id, {})
