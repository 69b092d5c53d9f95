"""A person says yes or no to a purpose. The event is kept for ever; the bitmap on the customer follows from the events.

Which word counts is told by crm.consents.standing: a no holds from the moment it is heard, whatever was said before.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, transaction

from crm.changes.tell import Origin, Signal, Topic, tell
from crm.consents import standing
from crm.consents.models import ConsentEvent
from crm.consents.purposes import MARKETING_OBJECTION, Purpose, keys_of
from crm.consents.standing import PurposeStanding
from crm.customers.models import Customer

BATCH = 5_000
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""A word dated earlier is taken as said then: nobody gave this permission before, and no calendar ends there."""
Basis = ConsentEvent.Basis
T = TypeVar("T")

_COLUMNS = {
    "customer_id": "bigint",
    "purpose": "bigint",
    "granted": "boolean",
    "basis": "text",
    "source": "text",
    "text_version": "text",
    "proof": "jsonb",
    "occurred_at": "timestamptz",
    "recorded_at": "timestamptz",
}
# In the order in which they were said: of two words heard at once the later id counts.
_APPEND = f"""
INSERT INTO crm_consentevent ({", ".join(_COLUMNS)})
SELECT {", ".join(_COLUMNS)}
FROM json_to_recordset(%s::json) AS said ({", ".join(map(" ".join, _COLUMNS.items()))})
RETURNING id
"""  # noqa: S608 our own words only
_LOCK = "SELECT id FROM crm_customer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


class ErasedCannotConsent(Exception):
    """The person was erased; there is nobody left to give permission."""


@dataclass(frozen=True)
class Decision:
    """What one person said about one or more purposes, once."""

    customer_id: int
    purposes: Purpose
    granted: bool
    source: str
    """Where it was said: import, preference page, unsubscribe link, API."""
    basis: str = Basis.CONSENT
    occurred_at: datetime | None = None
    """When it was said; now when None, and now when it lies ahead of the database's clock."""
    text_version: str = ""
    """Which text the person agreed to."""
    proof: dict[str, Any] = field(default_factory=dict)
    """What proves it (how it was said, a form's id, a message's); never an address."""
    origin: Origin = Origin.LIVE


@dataclass(frozen=True)
class Statement:
    """What a row of a file or a call of a program says about one person's purposes, all at once."""

    customer_id: int
    allowed: Purpose
    refused: Purpose
    source: str
    said_at: datetime | None = None
    """None when nobody wrote down when."""
    text_version: str = ""
    proof: dict[str, Any] = field(default_factory=dict)
    origin: Origin = Origin.LIVE
    undoes_refusal: bool = False
    """Whether its yes may undo a no: whoever hands it in may say so, and says how and when the person agreed."""


@transaction.atomic
def grant(
    *,
    customer: Customer,
    purposes: Purpose,
    source: str,
    basis: str = Basis.CONSENT,
    occurred_at: datetime | None = None,
    text_version: str = "",
    proof: dict[str, Any] | None = None,
) -> Purpose:
    """Record that a person allows the purposes; return everything the person allows now, which the yes may not change.

    A yes said before the last no was heard changes nothing. Raises PersonErased when the person was erased.
    """
    if Customer.objects.select_for_update().values_list("state", flat=True).get(pk=customer.pk) == "erased":
        raise ErasedCannotConsent
    said = Decision(customer.pk, purposes, True, source, basis, occurred_at, text_version, proof or {})
    return _decide(customer, said)


@transaction.atomic
def withdraw(
    *,
    customer: Customer,
    purposes: Purpose,
    source: str,
    basis: str = Basis.CONSENT,
    occurred_at: datetime | None = None,
    proof: dict[str, Any] | None = None,
) -> Purpose:
    """Record that a person no longer allows the purposes; return everything the person still allows.

    It holds at once: whoever acts on a person asks the bitmap at that moment. Service cannot be withdrawn. Who
    withdraws e-mail marketing objects to marketing, by whichever door (GDPR Article 21, paragraphs 2 and 3).
    """
    return _decide(customer, Decision(customer.pk, purposes, False, source, basis, occurred_at, "", proof or {}))


def object_to_marketing(*, customer: Customer, source: str, proof: dict[str, Any] | None = None) -> Purpose:
    """Record an objection to direct marketing, which covers all that is done for it; return what is still allowed."""
    return withdraw(customer=customer, purposes=MARKETING_OBJECTION, source=source, proof=proof)


def _decide(customer: Customer, decision: Decision) -> Purpose:
    record_many(decisions=[decision])
    customer.permission = Customer.objects.values_list("permission", flat=True).get(pk=customer.pk)
    return Purpose(customer.permission)


def record_many(*, decisions: Iterable[Decision]) -> int:
    """Record many people's decisions; return the number of events written.

    A no to e-mail marketing is an objection to marketing and covers all that is done for it. One event for each purpose
    of each decision, appended by one statement, and one statement for the bitmaps, per batch of 5,000 decisions; all in
    one transaction.
    """
    written = 0
    with transaction.atomic():
        for batch in _batches(map(_whole, decisions)):
            ids, heard = _lock(batch)
            written += _append(batch, ids, heard)
    return written


def _whole(decision: Decision) -> Decision:
    if decision.granted or not decision.purposes & Purpose.EMAIL_MARKETING:
        return decision
    return replace(decision, purposes=decision.purposes | MARKETING_OBJECTION, basis=Basis.OBJECTION)


def record_statements(*, statements: Iterable[Statement]) -> int:
    """Record what is new in what files and programs say about people; return the number of events written.

    What is in force already is not repeated, so the same file again adds nothing. A yes against a no is left out unless
    the statement may undo it and the person agreed after we heard the no: a file may be older than what the person
    said since. The same people are locked, and the same few statements made, as by `record_many`.
    """
    written = 0
    with transaction.atomic():
        for batch in _batches(statements):
            ids, heard = _lock(batch)
            before = standing.of(ids)
            news = [decision for statement in batch for decision in _news(statement, before, heard)]
            written += _append(news, ids, heard) if news else 0
    return written


def _news(statement: Statement, before: dict[tuple[int, int], PurposeStanding], heard: datetime) -> Iterator[Decision]:
    def now(purpose: Purpose) -> PurposeStanding:
        return before.get((statement.customer_id, int(purpose)), PurposeStanding(False, None))

    refused, basis, mail = statement.refused, Basis.CONSENT, now(Purpose.EMAIL_MARKETING)
    if refused & Purpose.EMAIL_MARKETING and not mail.refused:
        basis = Basis.OBJECTION
        # Somebody who never got mail and leaves that box empty may still allow the rest in the same form.
        kept = Purpose(0) if mail.allowed else statement.allowed
        refused |= Purpose(sum(one for one in MARKETING_OBJECTION & ~kept if mail.allowed or now(one).allowed))
    refused = Purpose(sum(one for one in refused if not now(one).refused))
    allowed = Purpose(
        sum(
            one
            for one in statement.allowed & ~statement.refused & ~refused
            if not now(one).allowed and (not now(one).refused or _undoes(statement, now(one), heard))
        )
    )
    for purposes, granted, why in ((refused, False, basis), (allowed, True, Basis.CONSENT)):
        if purposes:
            yield Decision(
                statement.customer_id,
                purposes,
                granted,
                statement.source,
                why,
                statement.said_at,
                statement.text_version if granted else "",
                statement.proof,
                statement.origin,
            )


def _undoes(statement: Statement, now: PurposeStanding, heard: datetime) -> bool:
    # A date ahead of our clock is nobody's memory of when they agreed.
    said = statement.said_at
    return (
        statement.undoes_refusal and said is not None and now.refused_at is not None and now.refused_at < said <= heard
    )


def _batches(rows: Iterable[T]) -> Iterator[Sequence[T]]:
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _lock(batch: Sequence[Decision] | Sequence[Statement]) -> tuple[list[int], datetime]:
    # In one order, so that two writers of one person's words hear them, and work out the bitmap, in turn.
    ids = sorted({row.customer_id for row in batch})
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [ids])
        cursor.execute("SELECT clock_timestamp()")
        heard: datetime = cursor.fetchone()[0]
    return ids, heard


def _append(decisions: Sequence[Decision], ids: Sequence[int], heard: datetime) -> int:
    rows = [dict(zip(_COLUMNS, row, strict=True)) for row in _rows(decisions, heard)]
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, [json.dumps(rows, default=str)])
        written = [pk for (pk,) in cursor.fetchall()]
    standing.materialise(ids)
    # Whoever acts on permissions learns here, in this transaction, who said something.
    people = (decision.customer_id for decision in decisions)
    tell(Topic.CONSENT, customers=people, facts=written, since=heard, until=heard, signals=_signals(decisions, heard))
    return len(written)


def _rows(decisions: Sequence[Decision], heard: datetime) -> Iterator[tuple[Any, ...]]:
    for decision in decisions:
        said = decision.occurred_at
        for purpose in decision.purposes & ~Purpose.SERVICE:
            yield (
                decision.customer_id,
                int(purpose),
                decision.granted,
                str(decision.basis),
                decision.source[:60],
                decision.text_version[:64],
                decision.proof,
                heard if said is None else max(EARLIEST, min(said, heard)).astimezone(UTC),
                heard,
            )


def _signals(decisions: Sequence[Decision], heard: datetime) -> Iterator[Signal]:
    for decision in decisions:
        word = "granted" if decision.granted else "withdrawn"
        for key in keys_of(decision.purposes & ~Purpose.SERVICE):
            kind = f"consent:{word}:{key}"
            yield Signal(kind=kind, customer=decision.customer_id, occurred_at=heard, origin=decision.origin)
