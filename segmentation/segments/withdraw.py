"""Whoever no longer allows profiling loses the portrait and leaves what only profiling put her in.

It asks how things are, not what happened: by whichever door a permission went, the next look finds it. Rules,
memberships and exports leave her out from the moment of the withdrawal (MembershipQuerySet.current, rules.compile);
this closes and deletes what is then of no use.
"""

from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from crm.consents.purposes import Purpose
from segmentation.portraits.models import Portrait
from segmentation.rules.fields import allows
from segmentation.segments import news
from segmentation.segments.models import Membership, Segment

BATCH = 5_000
_CLOSE = """
UPDATE segmentation_membership SET until = %(now)s
WHERE until IS NULL AND profiled AND segment_id = ANY(%(segments)s) AND customer_id = ANY(%(customers)s)
RETURNING segment_id, customer_id
"""


def forget_withdrawn() -> int:
    """Delete the portraits and close the memberships of people who do not allow profiling; return how many people.

    A segment that is being refreshed is left alone, and with it the people in it, until the next time.
    """
    gone = 0
    while done := _forget_some():
        gone += done
    return gone


@transaction.atomic
def _forget_some() -> int:
    allowed = allows(Purpose.PROFILING, "customer__permission")
    found = list(Portrait.objects.filter(~allowed).order_by("pk").values_list("pk", flat=True)[:BATCH])
    if not found:
        return 0
    inside = Membership.objects.open().filter(customer__in=found, profiled=True)
    asked = set(inside.values_list("segment_id", flat=True))
    free = set(
        Segment.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(pk__in=asked)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    _close(found, free)
    held = Membership.objects.open().filter(customer__in=found, profiled=True).values("customer_id")
    still = set(held.values_list("customer_id", flat=True))
    # The permission is asked again: it may have come back in between.
    done, _rows = Portrait.objects.filter(~allowed, pk__in=set(found) - still).delete()
    return done


def _close(customers: list[int], segments: Iterable[int]) -> None:
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, {"now": now, "segments": list(segments), "customers": customers})
        left: dict[int, list[int]] = {}
        for segment, customer in cursor.fetchall():
            left.setdefault(segment, []).append(customer)
    for segment, people in left.items():
        Segment.objects.filter(pk=segment).filter(Q(size__gte=len(people))).update(size=F("size") - len(people))
        news.tell_moved(segment, came=(), left=people, at=now)
