"""A rule as a query: every lookup comes from the list of fields, every value is bound, no SQL is written.

Each row compiles to something that is true or false in SQL, never null ("known and …"), which is why `NOT` and nested
groups mean what grammar.py says they mean. What a person does not allow to be known is not known: nobody is found by a
portrait whose permission was withdrawn, even while the portrait is still there.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.db.models.lookups import (
    Exact,
    GreaterThanOrEqual,
    IContains,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
)
from django.utils import timezone

from crm.consents.purposes import BY_KEY, Purpose
from crm.customers.models import Customer
from segmentation.rules.fields import Field, FieldKind, Op, allows
from segmentation.rules.grammar import Not, Rule, RuleGroup, RuleRow

EVERYONE = Q(pk__isnull=False)
NOBODY = Q(pk__in=[])


def compile_rule(rule: Rule, *, now: datetime | None = None, profiling: bool = True) -> Q:
    """Return the condition on Customer that the rule is.

    `now` is what "days ago" counts from, the clock by default. Without `profiling` it is what the rule says of people
    who do not allow it: nothing a portrait knows is known.
    """
    moment = now or timezone.now()
    match rule:
        case RuleRow():
            return _row(rule, moment, profiling)
        case Not():
            return ~compile_rule(rule.rule, now=moment, profiling=profiling)
        case RuleGroup():
            if not rule.rules:
                return EVERYONE
            parts = [compile_rule(part, now=moment, profiling=profiling) for part in rule.rules]
            whole = parts[0]
            for part in parts[1:]:
                whole = whole & part if rule.every else whole | part
            return whole


def by_profiling(rule: Rule, *, now: datetime | None = None) -> Case:
    """Return the expression that says of a customer the rule finds whether profiling alone is why."""
    return Case(When(compile_rule(rule, now=now, profiling=False), then=Value(False)), default=Value(True))


def _row(row: RuleRow, now: datetime, profiling: bool) -> Q:
    if row.field.kind is FieldKind.SEGMENT:
        found = Q(_member(row.value if isinstance(row.value, int) else 0, profiling))
        return found if row.op is Op.IS else ~found
    if row.field.kind is FieldKind.PURPOSE:
        purpose = BY_KEY[str(row.value)]
        allowed = allows(purpose) if profiling or purpose is not Purpose.PROFILING else NOBODY
        return allowed if row.op is Op.IS else ~allowed
    known = _known(row.field) if profiling or not row.field.profiling else NOBODY
    match row.op:
        case Op.KNOWN:
            return known
        case Op.UNKNOWN:
            return ~known
        case Op.IS_NOT:
            return ~(known & Q(Exact(row.field.plain, row.value)))
        case Op.NONE_OF:
            return ~(known & Q(In(row.field.plain, row.value)))
        case _:
            return known & Q(_comparison(row, row.field.plain, now))


def _known(field: Field) -> Q:
    there = allows(field.needs) & Q(IsNull(field.plain, False))
    return there & ~Q(Exact(field.plain, Value(""))) if field.kind is FieldKind.WORD else there


def _comparison(row: RuleRow, value: Any, now: datetime) -> Any:
    match row.op, row.value:
        case Op.IS, wanted:
            return Exact(value, wanted)
        case Op.ONE_OF, wanted:
            return In(value, wanted)
        case Op.CONTAINS, wanted:
            return IContains(value, wanted)
        case Op.AT_LEAST, wanted:
            return GreaterThanOrEqual(value, wanted)
        case Op.AT_MOST, wanted:
            return LessThanOrEqual(value, wanted)
        case Op.BETWEEN, (low, high):
            return Q(GreaterThanOrEqual(value, low)) & Q(LessThanOrEqual(value, high))
        case Op.WITHIN_DAYS, int(days):
            return GreaterThanOrEqual(value, now - timedelta(days=days))
        case Op.MORE_THAN_DAYS_AGO, int(days):
            return LessThan(value, now - timedelta(days=days))
        case _:
            raise AssertionError(f"The grammar lets no {row.op} with such a value through.")


def _member(segment_id: int, profiling: bool) -> Exists:
    """Membership as its own subquery, because two joined conditions in one query would ask for one membership."""
    by_facts = Q(memberships__profiled=False)
    may_count = by_facts | allows(Purpose.PROFILING) if profiling else by_facts
    return Exists(
        Customer.objects.filter(
            may_count, pk=OuterRef("pk"), memberships__segment_id=segment_id, memberships__until__isnull=True
        )
    )
