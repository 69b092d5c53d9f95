"""A person says yes or no to a purpose. The event is kept for ever; the bitmap on the customer follows from the events.

For each purpose the latest word counts (by when it was said, then by when we heard it), so that an old import cannot
undo a newer refusal.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from crm.consents.models import ConsentEvent
from crm.consents.purposes import MARKETING_OBJECTION, Purpose
from crm.customers.models import Customer
from lib import copying

BATCH = 5_000
Basis = ConsentEvent.Basis

_STAGE = {
    "customer_id": "bigint",
    "purpose": "bigint",
    "granted": "boolean",
    "basis": "text",
    "source": "text",
    "text_version": "text",
    "proof": "jsonb",
    "occurred_at": "timestamptz",
}
_APPEND = """
INSERT INTO crm_consentevent
    (customer_id, purpose, granted, basis, source, text_version, proof, occurred_at, recorded_at)
SELECT customer_id, purpose, granted, basis, source, text_version, proof, occurred_at, clock_timestamp()
FROM stage_consent
"""
# Service (bit 1) needs no permission: it is what the person came for.
_MATERIALISE = """
UPDATE crm_customer c
SET permission = 1 | coalesce(
    (
        SELECT bit_or(latest.purpose) FROM (
            SELECT DISTINCT ON (e.purpose) e.purpose, e.granted FROM crm_consentevent e
            WHERE e.customer_id = c.id ORDER BY e.purpose, e.occurred_at DESC, e.id DESC
        ) latest WHERE latest.granted
    ), 0
)
WHERE c.id = ANY(%s)
"""


class PersonErased(Exception):
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
    """When it was said; now when None."""
    text_version: str = ""
    """Which text the person agreed to."""
    proof: dict[str, Any] = field(default_factory=dict)
    """What proves it (a form's id, a token's hash); never an address."""


@transaction.atomic
def grant(
    *,
    customer: Customer,
    purposes: Purpose,
    source: str,
    basis: str = Basis.CONSENT,
    occurred_at: datetime | None = None,
    text_version: str = "",
) -> Purpose:
    """Record that a person allows the purposes; return everything the person allows now.

    Raises PersonErased when the person was erased.
    """
    if Customer.objects.select_for_update().values_list("state", flat=True).get(pk=customer.pk) == "erased":
        raise PersonErased
    return _decide(customer, Decision(customer.pk, purposes, True, source, basis, occurred_at, text_version))


@transaction.atomic
def withdraw(
    *,
    customer: Customer,
    purposes: Purpose,
    source: str,
    basis: str = Basis.CONSENT,
    occurred_at: datetime | None = None,
) -> Purpose:
    """Record that a person no longer allows the purposes; return everything the person still allows.

    It holds at once: whoever acts on a person asks the bitmap at that moment. Service cannot be withdrawn.
    """
    return _decide(customer, Decision(customer.pk, purposes, False, source, basis, occurred_at))


def object_to_marketing(*, customer: Customer, source: str, occurred_at: datetime | None = None) -> Purpose:
    """Record an objection to direct marketing, which covers the profiling done for it (GDPR Article 21, 2 and 3)."""
    return withdraw(
        customer=customer,
        purposes=MARKETING_OBJECTION,
        source=source,
        basis=Basis.OBJECTION,
        occurred_at=occurred_at,
    )


def _decide(customer: Customer, decision: Decision) -> Purpose:
    record_many(decisions=[decision])
    customer.permission = Customer.objects.values_list("permission", flat=True).get(pk=customer.pk)
    return Purpose(customer.permission)


def record_many(*, decisions: Iterable[Decision]) -> int:
    """Record what many people said, as an import brings it; return the number of events written.

    One event for each purpose of each decision, appended by one statement, and one statement for the bitmaps, per
    batch of 5,000 decisions; all in one transaction.
    """
    written = 0
    rest = iter(decisions)
    with transaction.atomic(), connection.cursor() as cursor:
        while batch := list(islice(rest, BATCH)):
            ids = sorted({decision.customer_id for decision in batch})
            # Locked first, and in one order, so that two writers of one person's events work out the bitmap in turn.
            cursor.execute("SELECT id FROM crm_customer WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", [ids])
            written += copying.stage("stage_consent", _STAGE, _rows(batch))
            cursor.execute(_APPEND)
            cursor.execute(_MATERIALISE, [ids])
    return written


def _rows(decisions: Sequence[Decision]) -> Iterator[tuple[Any, ...]]:
    now = timezone.now()
    for decision in decisions:
        for purpose in decision.purposes & ~Purpose.SERVICE:
            yield (
                decision.customer_id,
                int(purpose),
                decision.granted,
                str(decision.basis),
                decision.source[:60],
                decision.text_version[:64],
                json.dumps(decision.proof),
                decision.occurred_at or now,
            )
