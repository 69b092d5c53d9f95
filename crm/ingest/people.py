"""Whose event is it? Known ids become customers in bulk; unknown ids become new customers."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import uuid_utils.compat as uuid
from django.db import connection
from django.utils import timezone

from crm.changes.tell import Origin, Topic, about, tell
from crm.consents import decide, standing
from crm.consents.purposes import Purpose
from crm.customers.merge import MERGED, merge_known
from crm.customers.models import Customer
from crm.ingest.event import Event
from crm.ingest.scrubbing import clean_id

CLOSED = "This person was erased or is restricted."


@dataclass
class People:
    """Ids as they came → customer ids. A negative answer means that nothing may be stored about the person."""

    by_external: dict[str, int] = field(default_factory=dict)
    by_anonymous: dict[str, int] = field(default_factory=dict)
    closed: set[int] = field(default_factory=set)
    internal: set[int] = field(default_factory=set)

    def of(self, event: Event) -> int | None:
        """Return the customer an event is about, None when there is none or the person is closed."""
        if event.customer_id is not None:
            found: int | None = event.customer_id if event.customer_id in self.internal else None
        elif event.external_id:
            found = self.by_external[event.external_id]
        else:
            found = self.by_anonymous[event.anonymous_id]
        return None if found in self.closed else found


def resolve(events: Iterable[Event], source: str, origin: Origin = Origin.LIVE) -> People:
    """Find or make the customer of every event. Must run in the transaction that stores the events.

    New customers may be served and nothing else until they say more. An event that carries both a known and an
    anonymous id ties the two together.
    """
    external: set[str] = set()
    anonymous: set[str] = set()
    internal: set[int] = set()
    pairs: dict[str, str] = {}
    for event in events:
        if event.customer_id is not None:
            internal.add(event.customer_id)
        elif event.external_id:
            external.add(event.external_id)
            if event.anonymous_id:
                pairs[event.anonymous_id] = event.external_id
        else:
            anonymous.add(event.anonymous_id)
    people = People()
    if external:
        people.by_external = _externals(external, source, people.closed, origin)
    if pairs:
        tie({value: people.by_external[known] for value, known in pairs.items()})
    if anonymous:
        people.by_anonymous = _anonymous(anonymous, source, people.closed, origin)
    if internal:
        people.internal = _internals(internal, people.closed)
    return people


def _internals(ids: set[int], closed: set[int]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, state FROM crm_customer WHERE id = ANY(%s)", [list(ids)])
        rows = cursor.fetchall()
    closed.update(pk for pk, state in rows if state != Customer.State.ACTIVE)
    return {pk for pk, _ in rows}


def _externals(values: set[str], source: str, closed: set[int], origin: Origin) -> dict[str, int]:
    stored = {value: clean_id(value) for value in values}
    found = _find_external(sorted(set(stored.values())), closed)
    missing = sorted(set(stored.values()) - found.keys())
    if missing:
        with connection.cursor() as cursor:
            # Sorted, so that two loaders that make the same people wait for one another instead of locking up.
            cursor.execute(
                "INSERT INTO crm_customer (uuid, external_id, permission, state, canary, language, timezone, country,"
                " region, age_band, gender, attributes, source, created_at)"
                " SELECT u, e, %s, 'active', false, '', '', '', '', '', '', '{}', %s, now()"
                " FROM unnest(%s::uuid[], %s::text[]) AS new (u, e)"
                " ON CONFLICT (external_id) DO NOTHING RETURNING id",
                [int(Purpose.SERVICE), source, [uuid.uuid7() for _ in missing], missing],
            )
            _tell_created([pk for (pk,) in cursor.fetchall()], origin)
        found |= _find_external(missing, closed)
    return {value: found[kept] for value, kept in stored.items()}


def _find_external(values: list[str], closed: set[int]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT external_id, id, state FROM crm_customer WHERE external_id = ANY(%s)", [values])
        rows = cursor.fetchall()
    closed.update(pk for _, pk, state in rows if state != Customer.State.ACTIVE)
    return {value: pk for value, pk, _ in rows}


def _find_anonymous(values: list[str], closed: set[int]) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.value, c.id, c.state FROM crm_anonymousid a JOIN crm_customer c ON c.id = a.customer_id"
            " WHERE a.value = ANY(%s)",
            [values],
        )
        rows = cursor.fetchall()
    closed.update(pk for _, pk, state in rows if state != Customer.State.ACTIVE)
    return {value: pk for value, pk, _ in rows}


def _anonymous(values: set[str], source: str, closed: set[int], origin: Origin) -> dict[str, int]:
    stored = {value: clean_id(value) for value in values}
    found = _find_anonymous(sorted(set(stored.values())), closed)
    missing = sorted(set(stored.values()) - found.keys())
    if missing:
        ids = [uuid.uuid7() for _ in missing]
        with connection.cursor() as cursor:
            # The lock makes two first events of one browser agree on one customer.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(v)) FROM unnest(%s::text[]) AS t (v)", [missing])
            found |= _find_anonymous(missing, closed)
            missing = [value for value in missing if value not in found]
            cursor.execute(
                "WITH made AS ("
                " INSERT INTO crm_customer (uuid, permission, state, canary, language, timezone, country, region,"
                " age_band, gender, attributes, source, created_at)"
                " SELECT u, %s, 'active', false, '', '', '', '', '', '', '{}', %s, now()"
                " FROM unnest(%s::uuid[]) AS new (u) RETURNING id, uuid)"
                " INSERT INTO crm_anonymousid (value, customer_id, created_at)"
                " SELECT t.v, made.id, now() FROM unnest(%s::uuid[], %s::text[]) AS t (u, v)"
                " JOIN made ON made.uuid = t.u ON CONFLICT (value) DO NOTHING RETURNING customer_id",
                [int(Purpose.SERVICE), source, ids[: len(missing)], ids[: len(missing)], missing],
            )
            _tell_created([pk for (pk,) in cursor.fetchall()], origin)
        found |= _find_anonymous(missing, closed)
    return {value: found[kept] for value, kept in stored.items()}


def _tell_created(made: list[int], origin: Origin) -> None:
    if made:
        tell(Topic.CREATED, customers=made, signals=about(Topic.CREATED, made, timezone.now(), origin))


def tie(pairs: dict[str, int]) -> None:
    """Note that anonymous ids are known customers: {anonymous id → customer id}; what was refused stays refused.

    A yes said anonymously is not carried over: whether the same person said it is a guess; a guess may only restrict.
    """
    for anonymous, known in merge_known({clean_id(value): customer_id for value, customer_id in pairs.items()}):
        refused = Purpose(sum(purpose for (_, purpose), said in standing.of([anonymous]).items() if said.refused))
        if refused:
            decide.withdraw(customer=Customer.objects.get(pk=known), purposes=refused, source=MERGED)
