"""Why is this person in, or not: each row of the rule, with what is known of the person and whether it holds."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case, Value, When
from django.utils import timezone

from crm.customers.models import Customer
from segmentation.rules.compile import compile_rule
from segmentation.rules.fields import NOT_SHOWN
from segmentation.rules.grammar import Rule, rows
from segmentation.rules.words import Names, sentence, shown


class RuleReason(NamedTuple):
    """One row about one person: the sentence, whether it holds, and what is known ("—" for nothing)."""

    sentence: str
    holds: bool
    value: str


def explain(
    rule: Rule, customer_id: int, *, now: datetime | None = None, names: Names | None = None
) -> list[RuleReason]:
    """Return a reason for each row of the rule, in reading order, decided by the same query that fills the segment.

    Raises Customer.DoesNotExist for an id nobody has.
    """
    moment = now or timezone.now()
    asked = list(rows(rule))
    columns: dict[str, Any] = {}
    for n, row in enumerate(asked):
        columns[f"holds_{n}"] = Case(When(compile_rule(row, now=moment), then=Value(True)), default=Value(False))
        if row.field.kind not in NOT_SHOWN:
            columns[f"known_{n}"] = row.field.known
    found: dict[str, Any] = dict(Customer.objects.filter(pk=customer_id).values(**columns).get())
    return [
        RuleReason(sentence(row, names), bool(found[f"holds_{n}"]), shown(row.field, found.get(f"known_{n}")))
        for n, row in enumerate(asked)
    ]
