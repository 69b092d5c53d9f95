"""The keys: one root, subkeys worked out from it, and one random key for each person and class, wrapped.

root (a file, never in a database) → HKDF-SHA256 labels → a key-encryption key for each class and epoch → a random
32-byte key for each person and class, wrapped by AES-256-GCM and kept in the keystore database. Destroying a person's
rows there makes every sealed copy of the person unreadable, in backups too.
"""

import base64
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from django.conf import settings
from django.db import connections, transaction
from django.db.models import Max, Min
from django.utils import timezone

from crm.privacy.models import PersonKey
from lib import copying

KEY_BYTES = 32
NONCE_BYTES = 12
BATCH = 5_000
DATABASE = "keystore"
CONTACT, IDENTITY = "contact", "identity"
SEALS = (CONTACT, IDENTITY)


class BadRoot(Exception):
    """The root key is not 32 random bytes in base64."""


class KeyUnusable(Exception):
    """A wrapped key was altered, moved from another person, class or epoch, or wrapped under another root."""


@lru_cache(maxsize=256)
def _derive(root: bytes, label: str) -> bytes:
    try:
        material = base64.b64decode(root.strip(), validate=True)
    except ValueError as error:
        raise BadRoot("PRIVACY_ROOT is not base64") from error
    if len(material) != KEY_BYTES:
        raise BadRoot(f"PRIVACY_ROOT holds {len(material)} bytes, not {KEY_BYTES}")
    # The root is uniformly random, so the extract step of HKDF is not needed (RFC 5869, section 3.3).
    return HKDFExpand(SHA256(), KEY_BYTES, b"relata/1/" + label.encode()).derive(material)


def subkey(label: str) -> bytes:
    """Return the 32-byte subkey of the root for one use, such as `ix/email`, `gate`, `suppress`, `unsub`, `click`.

    Raises BadRoot when the root is not 32 bytes in base64.
    """
    return _derive(settings.PRIVACY_ROOT, label)


@lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


def _kek(seal: str, epoch: int) -> AESGCM:
    return _cipher(subkey(f"kek/{seal}/{epoch}"))


def _bound(person: UUID, seal: str, epoch: int) -> bytes:
    return person.bytes + seal.encode() + b"|" + str(epoch).encode()


def wrap(key: bytes, person: UUID, seal: str, epoch: int) -> bytes:
    """Return `key` encrypted for one person, class and epoch: 12-byte nonce, ciphertext, 16-byte tag."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _kek(seal, epoch).encrypt(nonce, key, _bound(person, seal, epoch))


def unwrap(wrapped: bytes, person: UUID, seal: str, epoch: int) -> bytes:
    """Return the key inside `wrapped`; raise BadKey unless it was wrapped for just this person, class and epoch."""
    try:
        return _kek(seal, epoch).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound(person, seal, epoch))
    except (InvalidTag, ValueError) as error:
        raise KeyUnusable("a wrapped key was altered or moved") from error


def wrap_apart(label: str, key: bytes, bound: bytes) -> bytes:
    """Return `key` encrypted under the subkey of `label` and bound to `bound`; for keys that are not a person's."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher(subkey(label)).encrypt(nonce, key, bound)


def unwrap_apart(label: str, wrapped: bytes, bound: bytes) -> bytes:
    """Return the key inside what `wrap_apart` made; raise BadKey when anything about it changed."""
    try:
        return _cipher(subkey(label)).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], bound)
    except (InvalidTag, ValueError) as error:
        raise KeyUnusable("a wrapped key was altered or moved") from error


def epoch_now() -> int:
    """Return the epoch new keys are wrapped under: that of the youngest key, 1 in an empty keystore.

    A rotation reaches the youngest key last; keys made until then are of the older epoch, and it takes them along.
    """
    return PersonKey.objects.order_by("-id").values_list("epoch", flat=True).first() or 1


def epoch_to_finish() -> int:
    """Return the epoch a rotation should wrap under: the newest while some keys are still older, else the next one."""
    found = PersonKey.objects.aggregate(oldest=Min("epoch"), newest=Max("epoch"))
    newest = found["newest"] or 1
    return newest if (found["oldest"] or newest) < newest else newest + 1


def _batches(people: Iterable[UUID]) -> Iterator[list[UUID]]:
    rest = iter(people)
    while batch := list(islice(rest, BATCH)):
        yield batch


def unwrap_many(people: Iterable[UUID], seal: str) -> dict[UUID, bytes]:
    """Return person → key of one class; people without a key (never sealed, or erased) are absent.

    Raises BadKey when a stored key was altered or moved.
    """
    keys: dict[UUID, bytes] = {}
    with connections[DATABASE].cursor() as cursor:
        for batch in _batches(people):
            cursor.execute(
                "SELECT customer_uuid, epoch, wrapped FROM crm_personkey WHERE seal = %s AND customer_uuid = ANY(%s)",
                [seal, batch],
            )
            for person, epoch, wrapped in cursor.fetchall():
                keys[person] = unwrap(bytes(wrapped), person, seal, epoch)
    return keys


def create_or_get(people: Sequence[UUID], seal: str) -> dict[UUID, bytes]:
    """Return person → key of one class, making a random key for whoever has none yet.

    Two processes making the same person's key at once agree on one: the first insert wins, the other reads it.
    """
    keys: dict[UUID, bytes] = {}
    for batch in _batches(people):
        found = unwrap_many(batch, seal)
        missing = [person for person in dict.fromkeys(batch) if person not in found]
        keys |= found
        if missing:
            keys |= _create(missing, seal)
    return keys


def _create(people: list[UUID], seal: str) -> dict[UUID, bytes]:
    epoch, now = epoch_now(), timezone.now()
    made = {person: os.urandom(KEY_BYTES) for person in people}
    rows = [(person, seal, epoch, wrap(key, person, seal, epoch), now) for person, key in made.items()]
    columns = {
        "customer_uuid": "uuid",
        "seal": "text",
        "epoch": "smallint",
        "wrapped": "bytea",
        "created_at": "timestamptz",
    }
    with transaction.atomic(using=DATABASE), connections[DATABASE].cursor() as cursor:
        copying.stage("stage_personkey", columns, rows, using=DATABASE)
        cursor.execute(
            "INSERT INTO crm_personkey (customer_uuid, seal, epoch, wrapped, created_at) "
            "SELECT customer_uuid, seal, epoch, wrapped, created_at FROM stage_personkey "
            "ON CONFLICT (customer_uuid, seal) DO NOTHING"
        )
        inserted = cursor.rowcount
    return made if inserted == len(made) else unwrap_many(people, seal)


def destroy(person: UUID) -> int:
    """Destroy every key of one person and return how many there were. Nothing sealed with them opens again."""
    return PersonKey.objects.filter(customer_uuid=person).delete()[0]


def rewrap(epoch: int, *, batch: int = BATCH) -> Iterator[int]:
    """Re-wrap every key of an older epoch under `epoch`, a batch a transaction; yield how many each batch moved.

    It may be stopped and started again. The keys themselves do not change, so no blob is touched.
    Raises BadKey when a stored key was altered; the batch it is in is left as it was.
    """
    while moved := _rewrap_batch(epoch, batch):
        yield moved


def _rewrap_batch(epoch: int, size: int) -> int:
    with transaction.atomic(using=DATABASE), connections[DATABASE].cursor() as cursor:
        cursor.execute(
            "SELECT id, customer_uuid, seal, epoch, wrapped FROM crm_personkey WHERE epoch < %s "
            "ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
            [epoch, size],
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        if not rows:
            return 0
        moved = [
            (pk, wrap(unwrap(bytes(wrapped), person, seal, old), person, seal, epoch))
            for pk, person, seal, old, wrapped in rows
        ]
        copying.stage("stage_rewrap", {"id": "bigint", "wrapped": "bytea"}, moved, using=DATABASE)
        cursor.execute(
            "UPDATE crm_personkey k SET wrapped = s.wrapped, epoch = %s FROM stage_rewrap s WHERE k.id = s.id", [epoch]
        )
        return len(rows)
