"""A rule as a query: every lookup comes from the list of fields, every value is bound, no SQL is written.

Each row compiles to something that is true or false in SQL, never null ("known and …"), which is why `NOT` and nested
groups mean what grammar.py says they mean.
"""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from segmentation.portraits.models import Portrait
from segmentation.rules.fields import Kind, Op
from segmentation.rules.grammar import Group, Not, Row, Rule

EVERYONE = Q(pk__isnull=False)


def compile_rule(rule: Rule, *, now: datetime | None = None) -> Q:
    """Return the condition on Portrait that the rule is. `now` is what "days ago" counts from, the clock by default."""
    moment = now or timezone.now()
    match rule:
        case Row():
            return _row(rule, moment)
        case Not():
            return ~compile_rule(rule.rule, now=moment)
        case Group():
            if not rule.rules:
                return EVERYONE
            parts = [compile_rule(part, now=moment) for part in rule.rules]
            whole = parts[0]
            for part in parts[1:]:
                whole = whole & part if rule.every else whole | part
            return whole


def _row(row: Row, now: datetime) -> Q:
    if row.field.kind is Kind.SEGMENT:
        found = Q(_member(row.value if isinstance(row.value, int) else 0))
        return found if row.op is Op.IS else ~found
    path = row.field.path
    known = ~Q((path, "")) if row.field.kind is Kind.WORD else Q((f"{path}__isnull", False))
    match row.op:
        case Op.KNOWN:
            return known
        case Op.UNKNOWN:
            return ~known
        case Op.IS_NOT:
            return ~(known & Q((path, row.value)))
        case Op.NONE_OF:
            return ~(known & Q((f"{path}__in", row.value)))
        case _:
            return known & _comparison(row, path, now)


def _comparison(row: Row, path: str, now: datetime) -> Q:
    match row.op, row.value:
        case Op.IS, value:
            return Q((path, value))
        case Op.ONE_OF, value:
            return Q((f"{path}__in", value))
        case Op.CONTAINS, value:
            return Q((f"{path}__icontains", value))
        case Op.AT_LEAST, value:
            return Q((f"{path}__gte", value))
        case Op.AT_MOST, value:
            return Q((f"{path}__lte", value))
        case Op.BETWEEN, (low, high):
            return Q((f"{path}__gte", low)) & Q((f"{path}__lte", high))
        case Op.WITHIN_DAYS, int(days):
            return Q((f"{path}__gte", now - timedelta(days=days)))
        case Op.MORE_THAN_DAYS_AGO, int(days):
            return Q((f"{path}__lt", now - timedelta(days=days)))
        case _:
            raise AssertionError(f"The grammar lets no {row.op} with such a value through.")


def _member(segment_id: int) -> Exists:
    """Membership as its own subquery, because two joined conditions in one query would ask for one membership."""
    return Exists(
        Portrait.objects.filter(
            pk=OuterRef("pk"), customer__memberships__segment_id=segment_id, customer__memberships__until__isnull=True
        )
    )
