"""Why is this person in, or not: each row of the rule, with what is known of the person and whether it holds."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import BooleanField, ExpressionWrapper, F
from django.utils import timezone

from segmentation.portraits.models import Portrait
from segmentation.rules.compile import compile_rule
from segmentation.rules.fields import Kind
from segmentation.rules.grammar import Rule, rows
from segmentation.rules.words import Names, sentence, shown


class Reason(NamedTuple):
    """One row about one person: the sentence, whether it holds, and what is known ("—" for nothing)."""

    sentence: str
    holds: bool
    value: str


def explain(rule: Rule, portrait: Portrait, *, now: datetime | None = None, names: Names | None = None) -> list[Reason]:
    """Return a reason for each row of the rule, in reading order, decided by the same query that fills the segment."""
    moment = now or timezone.now()
    asked = list(rows(rule))
    holds = {
        f"holds_{n}": ExpressionWrapper(compile_rule(row, now=moment), BooleanField()) for n, row in enumerate(asked)
    }
    known = {f"known_{n}": F(row.field.path) for n, row in enumerate(asked) if row.field.kind is not Kind.SEGMENT}
    found: dict[str, Any] = dict(Portrait.objects.filter(pk=portrait.pk).values(**holds, **known).get())
    return [
        Reason(sentence(row, names), bool(found[f"holds_{n}"]), shown(row.field, found.get(f"known_{n}")))
        for n, row in enumerate(asked)
    ]
