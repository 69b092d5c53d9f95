"""Who may be in a release, and how many are left out for which reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import pyarrow as pa
from django.db import connection

from crm.consents.purposes import Purpose
from crm.privacy.gate.pseudonyms import PSEUDONYM_BYTES, Pseudonyms
from lib import copying

TABLE = "gate_people"
BATCH = 20_000
WORK_MEMORY = "64MB"
"""What a sort may hold before the database spills it to disk."""

NEEDED: dict[Purpose, Purpose] = {
    Purpose.PROFILING: Purpose.PROFILING,
    Purpose.RECOMMENDATION: Purpose.RECOMMENDATION | Purpose.MODEL_TRAINING,
    Purpose.ANALYTICS: Purpose.ANALYTICS,
}


class NoSuchRelease(Exception):
    """There is no release for this purpose."""


@dataclass(frozen=True)
class Population:
    """The people of a release, in the order of their pseudonyms."""

    persons: pa.Array
    """Pseudonyms, 32 hex digits each; a person's place here is the person's rank."""
    excluded: dict[str, int]
    """Reason → people left out; planted people are not counted anywhere."""


def needed(purpose: int) -> Purpose:
    """Return every purpose a person must allow to be in a release for `purpose`; raise NoSuchRelease for others."""
    try:
        return NEEDED[Purpose(purpose)]
    except (KeyError, ValueError) as error:
        raise NoSuchRelease(f"no release is made for purpose {purpose}") from error


def _excluded(need: int) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE state = 'erased'), count(*) FILTER (WHERE state = 'restricted'), "
            "count(*) FILTER (WHERE state = 'active' AND permission & %s <> %s) "
            "FROM crm_customer WHERE NOT canary",
            [need, need],
        )
        erased, restricted, refused = cursor.fetchone()
    return {reason: n for reason, n in (("erased", erased), ("restricted", restricted), ("no_consent", refused)) if n}


def _allowed(need: int) -> Iterator[list[tuple[int, UUID]]]:
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, uuid FROM crm_customer WHERE id > %s AND permission & %s = %s AND state = 'active' "
                "AND NOT canary ORDER BY id LIMIT %s",
                [last, need, need, BATCH],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        yield rows
        last = rows[-1][0]


@contextmanager
def population(need: Purpose, names: Pseudonyms) -> Iterator[Population]:
    """Choose the people and keep them for a while in a temporary table (customer_id, rank) of this session.

    The table is outside any transaction, so that progress can be seen while the release is written.
    """
    reasons = _excluded(need)
    ids: list[int] = []
    digests = bytearray()
    for rows in _allowed(need):
        for pk, uuid in rows:
            ids.append(pk)
            digests += names.person(uuid)
    raw = np.array(np.frombuffer(digests, dtype=f"S{PSEUDONYM_BYTES}") if ids else [], dtype=f"S{PSEUDONYM_BYTES}")
    order = np.argsort(raw)
    customers = np.array(ids, dtype=np.int64)[order]
    text = bytes(raw[order].tobytes()).hex()
    persons = pa.array([text[at : at + 32] for at in range(0, len(text), 32)], pa.string())
    _drop()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', %s, false)", [WORK_MEMORY])
        cursor.execute("CREATE TEMPORARY TABLE gate_people (customer_id bigint PRIMARY KEY, rank int NOT NULL)")
    copying.copy(
        TABLE,
        {"customer_id": "bigint", "rank": "int"},
        ((pk, rank) for rank, pk in enumerate(customers.tolist())),
    )
    copying.analyse(TABLE)
    try:
        yield Population(persons, reasons)
    finally:
        # After a broken transaction there is nothing to drop: the session's table went with it.
        if not connection.needs_rollback:
            _drop()
            with connection.cursor() as cursor:
                cursor.execute("RESET work_mem")


def _drop() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS gate_people")
