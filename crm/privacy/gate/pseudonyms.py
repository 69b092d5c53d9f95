"""The names people have inside one release: keyed hashes under a key that lives as long as the release does."""

import os
from hashlib import blake2b
from uuid import UUID

from crm.privacy import keystore
from crm.privacy.models import Release

KEY_BYTES = 32
PSEUDONYM_BYTES = 16
LABEL = "gate"


class ExpiredRelease(Exception):
    """The release's key is destroyed: nobody can say any more whom its pseudonyms stood for."""


class Pseudonyms:
    """Names of people, orders and deliveries in one release. Another release has other names for the same."""

    def __init__(self, key: bytes, release_id: int) -> None:
        self.key = key
        number = release_id.to_bytes(8, "big")
        self._person = blake2b(key=key, digest_size=PSEUDONYM_BYTES, person=b"p" + number)
        self._order = blake2b(key=key, digest_size=PSEUDONYM_BYTES, person=b"o" + number)
        self._delivery = blake2b(key=key, digest_size=PSEUDONYM_BYTES, person=b"d" + number)

    def person(self, uuid: UUID) -> bytes:
        """Return the 16-byte pseudonym of a person."""
        state = self._person.copy()
        state.update(uuid.bytes)
        return state.digest()

    def order(self, order_id: str) -> str:
        """Return the 32 hex digits that stand for an order, "" for none."""
        if not order_id:
            return ""
        state = self._order.copy()
        state.update(order_id.encode())
        return state.hexdigest()

    def delivery(self, delivery: str) -> str:
        """Return the 32 hex digits that stand for a delivery, "" for none."""
        if not delivery:
            return ""
        state = self._delivery.copy()
        state.update(delivery.encode())
        return state.hexdigest()


def new(release_id: int) -> Pseudonyms:
    """Return the names for a new release, under a random key."""
    return Pseudonyms(os.urandom(KEY_BYTES), release_id)


def _bound(release_id: int) -> bytes:
    return b"release|%d" % release_id


def wrapped(names: Pseudonyms, release_id: int) -> bytes:
    """Return the release's key as it is kept in its row."""
    return keystore.wrap_apart(LABEL, names.key, _bound(release_id))


def of(release: Release) -> Pseudonyms:
    """Return the names of a release, its key read from the row as it is now.

    Raises ExpiredRelease when the key is gone, BadKey when it was altered.
    """
    key = Release.objects.filter(pk=release.pk).values_list("wrapped_key", flat=True).first()
    if not key:
        raise ExpiredRelease(f"release {release.pk} has expired, or was never finished")
    return Pseudonyms(keystore.unwrap_apart(LABEL, bytes(key), _bound(release.pk)), release.pk)
