"""Bring memberships up to date: who left is closed, who came is opened, in two statements and one transaction."""

import logging
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from crm.customers.models import Customer
from lib.runs import Progress
from segmentation.portraits.models import Portrait
from segmentation.rules.compile import compile_rule
from segmentation.rules.grammar import RuleError, parse, segments_in
from segmentation.segments.models import Membership, Segment

log = logging.getLogger(__name__)


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


def profiled() -> "QuerySet[Portrait]":
    """Return the portraits of people who may be in a segment today."""
    return Portrait.objects.filter(customer__state="active", customer__canary=False)


@transaction.atomic
def refresh(*, segment: Segment) -> Refreshed:
    """Make the memberships of a segment what its rule says now; for other kinds, close those of people who are gone.

    People without a portrait (who do not allow profiling) are in no rule segment and no cluster. A fixed list is a
    person's own choice, not profiling: only erasure takes somebody off it, and the ledger says why a mail was not sent.
    Raises RuleError when the stored rule cannot be read.
    """
    Segment.objects.select_for_update().get(pk=segment.pk)
    wanted, values = _wanted(segment).query.sql_with_params()
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE segmentation_membership SET until = %s WHERE segment_id = %s AND until IS NULL "  # noqa: S608
            f"AND NOT EXISTS (SELECT 1 FROM ({wanted}) AS wanted "
            "WHERE wanted.customer_id = segmentation_membership.customer_id)",
            [now, segment.pk, *values],
        )
        left, came = cursor.rowcount, 0
        if segment.kind == Segment.Kind.RULE:
            cursor.execute(
                "INSERT INTO segmentation_membership (segment_id, customer_id, since) "  # noqa: S608
                f"SELECT %s, wanted.customer_id, %s FROM ({wanted}) AS wanted WHERE NOT EXISTS ("
                "SELECT 1 FROM segmentation_membership m WHERE m.segment_id = %s AND m.until IS NULL "
                "AND m.customer_id = wanted.customer_id)",
                [segment.pk, now, *values, segment.pk],
            )
            came = cursor.rowcount
    segment.size = Membership.objects.current().filter(segment=segment).count()
    segment.refreshed_at = now
    segment.save(update_fields=["size", "refreshed_at"])
    return Refreshed(segment.size, came, left)


def _wanted(segment: Segment) -> "QuerySet[Any, Any]":
    """Return the ids of the people who may be in a segment, as a query of one column, customer_id."""
    if segment.kind == Segment.Kind.FIXED:
        return Customer.objects.real().order_by().values(customer_id=F("pk"))
    people = profiled()
    if segment.kind == Segment.Kind.RULE:
        people = people.filter(compile_rule(parse(segment.rule)))
    return people.order_by().values("customer_id")


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
