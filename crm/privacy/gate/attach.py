"""The way back: pseudonyms to customers, permission asked for once more at that moment."""

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from django.db import connection

from crm.privacy.gate import manifest, population, pseudonyms
from crm.privacy.gate.pseudonyms import PSEUDONYM_BYTES
from crm.privacy.models import Release

Ids = npt.NDArray[np.int64]
Names = npt.NDArray[np.bytes_]
BATCH = 20_000
HELD = 2

# Pseudonym → customer of the last releases used by this process. It says nothing about permission, which is asked for
# at each attach, and it is not used once the release's key is gone.
_maps: OrderedDict[tuple[int, bytes], tuple[Names, Ids]] = OrderedDict()


def attach(release: Release, people: Sequence[str]) -> Ids:
    """Return the customer ids of pseudonyms (32 hex digits each), in their order.

    -1 stands where nobody has that pseudonym, or where the person has withdrawn a purpose the release needs, is
    restricted, or was erased. Raises ExpiredRelease once the release's key is destroyed, ValueError for anything that
    is not a pseudonym.
    """
    names = pseudonyms.of(release)
    if not len(people):
        return np.empty(0, np.int64)
    asked = _packed("".join(people), len(people))
    known, ids = _map(release, names)
    if not len(known):
        return np.full(len(asked), -1, np.int64)
    at = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    found = np.where(known[at] == asked, ids[at], -1)
    return np.where(np.isin(found, _permitting(release, found)), found, -1)


def excluded(release: Release) -> set[str]:
    """Return the pseudonyms of people in the release who may no longer be in it; learning must leave them out.

    The files themselves are rewritten by the next release. Raises ExpiredRelease as `attach` does.
    """
    gone: set[str] = set()
    for batch in pq.ParquetFile(manifest.folder_of(release) / "people.parquet").iter_batches(BATCH, columns=["person"]):
        persons = batch.column(0).to_pylist()
        gone.update(person for person, pk in zip(persons, attach(release, persons), strict=True) if pk < 0)
    return gone


def _packed(text: str, count: int) -> Names:
    raw = bytes.fromhex(text)
    if len(raw) != count * PSEUDONYM_BYTES:
        raise ValueError("a pseudonym is 32 hex digits")
    return np.frombuffer(raw, dtype=f"S{PSEUDONYM_BYTES}")


def _map(release: Release, names: pseudonyms.Pseudonyms) -> tuple[Names, Ids]:
    place = (release.pk, names.key)
    if place not in _maps:
        _maps[place] = _mapped(names)
        while len(_maps) > HELD:
            _maps.popitem(last=False)
    _maps.move_to_end(place)
    return _maps[place]


def _mapped(names: pseudonyms.Pseudonyms) -> tuple[Names, Ids]:
    ids: list[int] = []
    digests = bytearray()
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, uuid FROM crm_customer WHERE id > %s AND state <> 'erased' ORDER BY id LIMIT %s",
                [last, BATCH],
            )
            rows = cursor.fetchall()
        if not rows:
            break
        for pk, uuid in rows:
            ids.append(pk)
            digests += names.person(uuid)
        last = rows[-1][0]
    if not ids:
        return np.empty(0, f"S{PSEUDONYM_BYTES}"), np.empty(0, np.int64)
    known = np.frombuffer(bytes(digests), dtype=f"S{PSEUDONYM_BYTES}")
    order = np.argsort(known)
    return known[order], np.array(ids, np.int64)[order]


def _permitting(release: Release, ids: Ids) -> Ids:
    need = int(population.needed(release.purpose))
    wanted = np.unique(ids[ids >= 0]).tolist()
    allowed: list[int] = []
    for start in range(0, len(wanted), BATCH):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM crm_customer WHERE id = ANY(%s) AND permission & %s = %s AND state = 'active' "
                "AND NOT canary",
                [wanted[start : start + BATCH], need, need],
            )
            allowed += [row[0] for row in cursor.fetchall()]
    return np.array(allowed, np.int64)
