"""Bring memberships up to date: who left is closed, who came is opened, nothing else is written, in one transaction."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from graphlib import TopologicalSorter
from typing import Any

from django.db import connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet, Value
from django.utils import timezone

from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from crm.eligibility import reasons as eligibility
from lib.progress import Progress
from segmentation.rules.compile import by_profiling, compile_rule
from segmentation.rules.fields import allows
from segmentation.rules.grammar import RuleError, needs_profiling, parse, segments_in
from segmentation.segments import news, trend
from segmentation.segments.models import Segment

log = logging.getLogger(__name__)
MAIL: dict[str, int | str] = {"purpose": int(Purpose.EMAIL_MARKETING), "lane": eligibility.Lane.MARKETING.value}
Step = Callable[[str], None]
"""Called with what begins: finding, closing, opening, counting."""

# Tables of their own, analysed, because the planner cannot guess how many people a rule finds: a wrong guess is a
# nested loop over half a million people. Who may be mailed is found in the same pass, and what has to change in one
# comparison, by hash or merge whatever work_mem is; what is written is then found by its id.
_FIND = "CREATE TEMPORARY TABLE segment_wanted ON COMMIT DROP AS {wanted}"
_COMPARE = """
CREATE TEMPORARY TABLE segment_moved ON COMMIT DROP AS
SELECT m.id, wanted.customer_id AS comes, wanted.profiled
FROM segment_wanted wanted FULL JOIN (
    SELECT id, customer_id, profiled FROM segmentation_membership WHERE segment_id = %(segment)s AND until IS NULL
) AS m ON m.customer_id = wanted.customer_id
WHERE wanted.customer_id IS NULL OR m.id IS NULL OR m.profiled <> wanted.profiled
"""
_LEFT = """
UPDATE segmentation_membership m SET until = %(now)s FROM segment_moved moved
WHERE m.id = moved.id AND moved.comes IS NULL
"""
_REASON = """
UPDATE segmentation_membership m SET profiled = moved.profiled FROM segment_moved moved
WHERE m.id = moved.id AND moved.comes IS NOT NULL
"""
_OPEN = """
INSERT INTO segmentation_membership (segment_id, customer_id, since, profiled)
SELECT %(segment)s, comes, %(now)s, profiled FROM segment_moved WHERE id IS NULL ORDER BY comes
"""
_COUNT_WANTED = "SELECT count(*), count(*) FILTER (WHERE mailable) FROM segment_wanted"
_CLOSE_GONE = """
UPDATE segmentation_membership m SET until = %s WHERE m.segment_id = %s AND m.until IS NULL
AND NOT EXISTS (SELECT 1 FROM ({stay}) AS stay WHERE stay.customer_id = m.customer_id)
"""
_COUNT = """
SELECT count(*), count(*) FILTER (WHERE {why_not} = '')
FROM segmentation_membership m JOIN crm_customer k ON k.id = m.customer_id
LEFT JOIN crm_identity i ON i.customer_id = k.id
WHERE m.segment_id = %(segment)s AND m.until IS NULL
""".format(why_not=eligibility.sql(purpose="%(purpose)s", lane="%(lane)s"))


@dataclass(frozen=True)
class Refreshed:
    """What one refresh did."""

    size: int
    came: int
    left: int


@dataclass
class AllRefreshed:
    """What refreshing everything did. `broken` holds segment id → why its rule can no longer be read."""

    segments: int = 0
    came: int = 0
    left: int = 0
    broken: dict[int, str] = field(default_factory=dict)


@transaction.atomic
def refresh(*, segment: Segment, step: Step | None = None) -> Refreshed:
    """Make the memberships of a segment what its rule says now; for other kinds, close those of people who are gone.

    Rules speak of everybody we hold; who does not allow profiling is in no cluster, and in a rule segment only where
    the rule holds without anything a portrait knows. A fixed list is a person's own choice, not profiling: only erasure
    takes somebody off it, and the ledger says why a mail was not sent. Raises RuleError when the stored rule cannot be
    read.
    """
    Segment.objects.select_for_update().get(pk=segment.pk)
    say = step or _silently
    now = timezone.now()
    if segment.kind == Segment.Kind.RULE:
        came, left = _follow_rule(segment, now, say)
    else:
        say("closing")
        came, left = 0, _close_gone(segment, now)
        say("counting")
        with connection.cursor() as cursor:
            cursor.execute(_COUNT, {"segment": segment.pk, **MAIL})
            segment.size, segment.reachable = cursor.fetchone()
    segment.refreshed_at = now
    segment.save(update_fields=["size", "reachable", "refreshed_at"])
    trend.note(segment)
    return Refreshed(segment.size, came, left)


def _silently(_doing: str) -> None:
    """Say nothing."""


def _follow_rule(segment: Segment, now: datetime, say: Step) -> tuple[int, int]:
    """Make the memberships those of the rule, and count them on the segment; return how many came and left."""
    rule = parse(segment.rule)
    people = Customer.objects.active().filter(compile_rule(rule, now=now))
    profiled = by_profiling(rule, now=now) if needs_profiling(rule) else Value(False)
    mailable = ExpressionWrapper(Q(why_not=""), output_field=BooleanField())
    found = people.order_by().alias(why_not=eligibility.Ineligible())
    wanted, values = found.values(customer_id=F("pk"), profiled=profiled, mailable=mailable).query.sql_with_params()
    asked: dict[str, int | datetime] = {"segment": segment.pk, "now": now}
    named = news.wanted(segment.pk)
    with connection.cursor() as cursor:
        say("finding")
        cursor.execute("DROP TABLE IF EXISTS pg_temp.segment_wanted, pg_temp.segment_moved")
        cursor.execute(_FIND.format(wanted=wanted), values)
        cursor.execute("ANALYZE segment_wanted")
        cursor.execute(_COMPARE, asked)
        cursor.execute("ANALYZE segment_moved")
        say("closing")
        left = _moved(cursor, _LEFT, asked, named)
        cursor.execute(_REASON)
        say("opening")
        came = _moved(cursor, _OPEN, asked, named)
        say("counting")
        cursor.execute(_COUNT_WANTED)
        segment.size, segment.reachable = cursor.fetchone()
        cursor.execute("DROP TABLE segment_wanted, segment_moved")
    news.tell_moved(segment.pk, came=came.people, left=left.people, at=now)
    return came.number, left.number


@dataclass(frozen=True)
class _Moved:
    number: int
    people: Sequence[int]
    """Customer ids, where somebody wants them."""


def _moved(cursor: Any, statement: str, values: Any, named: bool) -> _Moved:
    """Close or open memberships; name the people only where somebody wants to know, for they may be half a million."""
    cursor.execute(f"{statement} RETURNING customer_id" if named else statement, values)
    return _Moved(cursor.rowcount, [pk for (pk,) in cursor.fetchall()] if named else ())


def _close_gone(segment: Segment, now: datetime) -> int:
    """Close the memberships of people who may not be in a list or a cluster; return how many."""
    stay, values = _may_stay(segment).query.sql_with_params()
    with connection.cursor() as cursor:
        left = _moved(cursor, _CLOSE_GONE.format(stay=stay), [now, segment.pk, *values], news.wanted(segment.pk))
    news.tell_moved(segment.pk, came=(), left=left.people, at=now)
    return left.number


def _may_stay(segment: Segment) -> "QuerySet[Any, Any]":
    if segment.kind == Segment.Kind.FIXED:
        return Customer.objects.real().order_by().values(customer_id=F("pk"))
    people = Customer.objects.active().filter(allows(Purpose.PROFILING), portrait__isnull=False)
    return people.order_by().values(customer_id=F("pk"))


def refresh_all(*, progress: Progress | None = None) -> AllRefreshed:
    """Refresh every segment in use, those that others ask about first; a rule that cannot be read stops no other."""
    segments = {segment.pk: segment for segment in Segment.objects.in_use()}
    outcome = AllRefreshed()
    asks: dict[int, set[int]] = {}
    for pk, segment in segments.items():
        try:
            asks[pk] = segments_in(parse(segment.rule)) & segments.keys() if segment.rule else set()
        except RuleError as error:
            outcome.broken[pk] = str(error)
            log.error("Segment %s cannot be refreshed: %s", pk, error)
    for done, pk in enumerate(TopologicalSorter(asks).static_order()):
        if progress:
            progress(done, len(segments), "segments")
        if pk in outcome.broken:
            continue
        result = refresh(segment=segments[pk])
        outcome.segments += 1
        outcome.came += result.came
        outcome.left += result.left
    return outcome
