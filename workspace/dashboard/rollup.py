"""Work the dashboard's figures out, behind the pages: sums by day, and counts of people.

A day is one of the workspace's time zone. The last days are counted every few minutes, because late events and
answers to mails change them; all of the weeks shown once a day, after an import and after a walk round the circle. One
caller works at a time.
"""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone

from campaigns.models import Campaign, Delivery
from campaigns.planning.report import WINDOW
from campaigns.sending.states import by_name
from crm.ingest.models import ImportRun
from workspace.dashboard.models import DayFigures, ShopFigures

WEEKS = 24
PERIOD_DAYS = 30
CAMPAIGNS = 5
"""So many of the newest are shown."""
RECENT = WINDOW + timedelta(days=1)
"""Days that are counted each time: an order places the mail before it into the days it may change."""
FRESH = timedelta(minutes=4)
"""Younger figures are not worked out again because somebody looks; less than the five minutes between two beats."""
LOCK = 7_251_101  # any number of our own; one caller at a time holds it

# Both statements join by hash: they read the days asked for once, however many orders and mails those hold.
_DAYS = by_name("""
WITH o AS (
    SELECT id, customer_id, order_id, value, occurred_at FROM crm_interaction
    WHERE kind = 'order' AND occurred_at >= %(since)s AND occurred_at < %(until)s
), d AS (
    SELECT id, customer_id, sent_at, opened_at, clicked_at, unsubscribed_at FROM campaigns_delivery
    WHERE state = {SENT} AND sent_at >= %(since)s - %(window)s
), after AS MATERIALIZED (
    SELECT o.id AS order_line, d.id AS mail FROM o JOIN d ON d.customer_id = o.customer_id
        AND o.occurred_at >= d.sent_at AND o.occurred_at < d.sent_at + %(window)s
), bought AS (
    SELECT (occurred_at AT TIME ZONE %(zone)s)::date AS day,
        count(DISTINCT coalesce(nullif(order_id, ''), id::text)) AS orders,
        coalesce(sum(value), 0)::float AS revenue,
        coalesce(sum(value) FILTER (WHERE m.order_line IS NOT NULL), 0)::float AS mailed
    FROM o LEFT JOIN (SELECT DISTINCT order_line FROM after) m ON m.order_line = o.id GROUP BY 1
), wrote AS (
    SELECT (sent_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS sent, count(opened_at) AS opened,
        count(clicked_at) AS clicked, count(unsubscribed_at) AS unsubscribed, count(m.mail) AS ordered
    FROM d LEFT JOIN (SELECT DISTINCT mail FROM after) m ON m.mail = d.id
    WHERE sent_at >= %(since)s AND sent_at < %(until)s GROUP BY 1
)
INSERT INTO workspace_dayfigures (day, orders, revenue, mailed, sent, opened, clicked, unsubscribed, ordered)
SELECT days.day, coalesce(orders, 0), coalesce(revenue, 0), coalesce(mailed, 0), coalesce(sent, 0), coalesce(opened, 0),
    coalesce(clicked, 0), coalesce(unsubscribed, 0), coalesce(ordered, 0)
FROM (SELECT generate_series(%(first)s::date, %(last)s::date, '1 day')::date AS day) days
LEFT JOIN bought USING (day) LEFT JOIN wrote USING (day)
ON CONFLICT (day) DO UPDATE SET orders = excluded.orders, revenue = excluded.revenue, mailed = excluded.mailed,
    sent = excluded.sent, opened = excluded.opened, clicked = excluded.clicked, unsubscribed = excluded.unsubscribed,
    ordered = excluded.ordered
""")
_WEEKS = """
SELECT date_trunc('week', occurred_at AT TIME ZONE %s)::date, count(DISTINCT customer_id) FROM crm_interaction
WHERE kind = 'order' AND occurred_at >= %s AND occurred_at < %s GROUP BY 1
"""
_BUYERS = """
SELECT count(DISTINCT customer_id) FROM crm_interaction WHERE kind = 'order' AND occurred_at >= %s AND occurred_at < %s
"""
_PORTRAITS = """
SELECT recency_score, frequency_score, count(*), count(*) FILTER (WHERE orders > 0), count(*) FILTER (WHERE orders > 1)
FROM segmentation_portrait GROUP BY 1, 2
"""
_UNKNOWN = by_name("SELECT count(*) FROM campaigns_delivery WHERE state = {UNKNOWN}")


@transaction.atomic
def renew(*, everything: bool = False, older_than: timedelta | None = None) -> bool:
    """Count the last days anew, or every day shown; False when another caller is at it.

    False too where the figures are not older than asked: of several callers that come at once one works, whether the
    others find it working or just done.
    """
    if not _rows("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])[0][0]:
        return False
    # Read under the lock: whoever held it before has committed, so this sees what it wrote.
    now, before = timezone.now(), ShopFigures.objects.first()
    if before is not None and older_than is not None and is_fresh(before, older_than):
        return False
    whole = everything or before is None or _is_behind(before, now)
    first = monday(now, WEEKS - 1) if whole else _day(now - RECENT)
    _count_days(first, now)
    if whole:
        DayFigures.objects.filter(day__lt=first).delete()
    weeks = {} if whole or before is None else before.buyers_by_week
    since = first if whole else monday(now, 1)
    weeks |= {f"{week:%Y-%m-%d}": people for week, people in _rows(_WEEKS, [zone(), _midnight(since), now])}
    oldest = f"{monday(now, WEEKS - 1):%Y-%m-%d}"
    ShopFigures.objects.update_or_create(
        pk=1,
        defaults={
            "buyers_by_week": {week: people for week, people in weeks.items() if week >= oldest},
            "buyers": _buyers(_midnight(period(now)), now),
            "buyers_before": _buyers(_midnight(period(now, 1)), _midnight(period(now))),
            **_portrayed(),
            "unknown": _rows(_UNKNOWN, [])[0][0],
            "campaigns": _campaigns(),
            "zone": zone(),
            "made_at": now,
            "all_at": now if whole or before is None else before.all_at,
        },
    )
    return True


def is_fresh(figures: ShopFigures, older_than: timedelta) -> bool:
    """Return whether figures are no older than so long, and of the time zone the workspace has now."""
    return figures.made_at > timezone.now() - older_than and figures.zone == zone()


def zone() -> str:
    """Return the name of the time zone whose days are counted."""
    return timezone.get_default_timezone_name()


def monday(now: datetime, weeks_ago: int) -> date:
    """Return the Monday so many weeks before the one of this week."""
    today = _day(now)
    return today - timedelta(days=today.weekday(), weeks=weeks_ago)


def period(now: datetime, periods_ago: int = 0) -> date:
    """Return the first of the last 30 days, today among them; or of the 30 days before those."""
    return _day(now) - timedelta(days=PERIOD_DAYS * (periods_ago + 1) - 1)


def _is_behind(before: ShopFigures, now: datetime) -> bool:
    imported = ImportRun.objects.filter(state=ImportRun.State.DONE, finished_at__gte=before.all_at)
    return before.zone != zone() or _day(before.all_at) < _day(now) or imported.exists()


def _count_days(first: date, now: datetime) -> None:
    asked: dict[str, Any] = {
        "since": _midnight(first),
        "until": now,
        "window": WINDOW,
        "zone": zone(),
        "first": first,
        "last": _day(now),
    }
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, asked)


def _buyers(since: datetime, until: datetime) -> int:
    return int(_rows(_BUYERS, [since, until])[0][0])


def _campaigns() -> dict[str, list[int]]:
    newest = list(Campaign.objects.order_by("-pk").values_list("pk", flat=True)[:CAMPAIGNS])
    counted = Campaign.objects.filter(pk__in=newest).annotate(
        sent=Count("message__deliveries", filter=Q(message__deliveries__state=Delivery.State.SENT)),
        opened=Count("message__deliveries__opened_at"),
        clicked=Count("message__deliveries__clicked_at"),
    )
    return {str(row.pk): [row.sent, row.opened, row.clicked] for row in counted}


def _portrayed() -> dict[str, Any]:
    rows = _rows(_PORTRAITS, [])
    ever, again = sum(row[3] for row in rows), sum(row[4] for row in rows)
    return {
        "repeat_rate": again / ever if ever else None,
        "grid": [list(row[:3]) for row in rows if row[0] is not None and row[1] is not None],
    }


def _rows(sql: str, parameters: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def _day(moment: datetime) -> date:
    return timezone.localtime(moment, timezone.get_default_timezone()).date()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_default_timezone())
