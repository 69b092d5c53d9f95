"""What became of a campaign: sums made in the database, one statement for the figures and one for the curve.

Rates are unique people ÷ people the mail was sent to. An order counts for the campaign when its recipient places it
within WINDOW after the mail was sent; that is attribution, not proof that the mail was the cause.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Max, Min
from django.utils import timezone

from campaigns.emails.models import EmailTemplate
from campaigns.offers.models import Offer
from campaigns.planning.intervals import Rate
from campaigns.planning.models import Campaign
from campaigns.sending.models import Delivery
from campaigns.sending.states import by_name
from lib import languages
from lib.kept import kept
from segmentation.segments.models import Segment

WINDOW = timedelta(days=7)
RUNNING_SECONDS = 15
ENDED_SECONDS = 10 * 60
OVER_SECONDS = 24 * 60 * 60
"""A report is kept so long while mails leave, while their orders still count, and after that."""
HOURLY = timedelta(hours=72)
"""Up to this long a curve goes by the hour, beyond it by the day."""

# The bounds on occurred_at are what lets PostgreSQL leave out the months that cannot hold an order.
_FIGURES = by_name("""
WITH d AS (
    SELECT d.id, customer_id, segment_id, offer_id, t.template_id, state, sent_at, opened_at, clicked_at,
        unsubscribed_at
    FROM campaigns_delivery d LEFT JOIN campaigns_compiledtext t ON t.id = d.text_id
    WHERE d.message_id = %(message)s
), bought AS (
    SELECT d.id, count(DISTINCT coalesce(nullif(i.order_id, ''), i.id::text)) AS orders, sum(i.value) AS revenue
    FROM d JOIN crm_interaction i ON i.customer_id = d.customer_id AND i.kind = 'order'
        AND i.occurred_at >= d.sent_at AND i.occurred_at < d.sent_at + %(window)s
    WHERE d.state = {SENT} AND i.occurred_at >= %(first)s AND i.occurred_at < %(last)s
    GROUP BY d.id
)
SELECT grouping(segment_id) AS all_of_it, segment_id, offer_id, template_id, count(*),
    count(*) FILTER (WHERE state IN {OPEN}), count(*) FILTER (WHERE state = {SENT}),
    count(*) FILTER (WHERE state = {UNKNOWN}), count(*) FILTER (WHERE state = {FAILED}),
    count(*) FILTER (WHERE state = {SUPPRESSED}), count(*) FILTER (WHERE state = {CANCELLED}),
    count(opened_at) FILTER (WHERE state = {SENT}), count(clicked_at) FILTER (WHERE state = {SENT}),
    count(unsubscribed_at) FILTER (WHERE state = {SENT}),
    count(b.id), coalesce(sum(b.orders), 0), coalesce(sum(b.revenue), 0)
FROM d LEFT JOIN bought b ON b.id = d.id
GROUP BY GROUPING SETS ((segment_id, offer_id, template_id), ())
ORDER BY all_of_it DESC, 5 DESC, segment_id, offer_id, template_id
""")
_CURVE = by_name("""
WITH d AS (
    SELECT id, customer_id, sent_at, opened_at, clicked_at FROM campaigns_delivery
    WHERE message_id = %(message)s AND state = {SENT}
), happened AS (
    SELECT 'sent' AS what, sent_at AS at FROM d
    UNION ALL SELECT 'opened', opened_at FROM d WHERE opened_at IS NOT NULL
    UNION ALL SELECT 'clicked', clicked_at FROM d WHERE clicked_at IS NOT NULL
    UNION ALL SELECT 'ordered', min(i.occurred_at)
        FROM d JOIN crm_interaction i ON i.customer_id = d.customer_id AND i.kind = 'order'
            AND i.occurred_at >= d.sent_at AND i.occurred_at < d.sent_at + %(window)s
        WHERE i.occurred_at >= %(first)s AND i.occurred_at < %(last)s
        GROUP BY d.id
)
SELECT date_trunc(%(step)s, at AT TIME ZONE %(zone)s), what, count(*) FROM happened GROUP BY 1, 2 ORDER BY 1
""")


@dataclass
class ReportLine:
    """The figures of one segment × offer × e-mail, or of the whole campaign."""

    segment: str = ""
    offer: str = ""
    mail: str = ""
    planned: int = 0
    """People the campaign was written for: every row of the ledger."""
    waiting: int = 0
    sent: int = 0
    unknown: int = 0
    failed: int = 0
    suppressed: int = 0
    cancelled: int = 0
    opened: int = 0
    clicked: int = 0
    unsubscribed: int = 0
    ordered: int = 0
    """People who ordered within the window."""
    orders: int = 0
    revenue: Decimal = Decimal(0)

    @property
    def rates(self) -> dict[str, Rate]:
        """Share of the people sent to who opened, clicked, ordered, unsubscribed."""
        return {name: Rate(getattr(self, name), self.sent) for name in ("opened", "clicked", "ordered", "unsubscribed")}


@dataclass
class Report:
    """All of a campaign's figures."""

    total: ReportLine
    lines: list[ReportLine]
    reasons: list[tuple[str, str, int]] = field(default_factory=list)
    """(state, reason, people) for everybody who got no mail, most first."""
    curve: dict[str, Any] = field(default_factory=dict)
    """{"step": "hour" or "day", "at": [local moments]}, and people by moment under sent, opened, clicked, ordered."""
    window: timedelta = WINDOW


def report(campaign: Campaign) -> Report:
    """Return what became of a campaign so far; six statements, whatever its size."""
    bounds = campaign.deliveries.sent().aggregate(first=Min("sent_at"), last=Max("sent_at"))
    first = bounds["first"] or campaign.created_at
    last = bounds["last"] or first
    asked: dict[str, Any] = {"message": campaign.message_id, "window": WINDOW, "first": first, "last": last + WINDOW}
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES, asked)
        rows = cursor.fetchall()
    segments = Segment.objects.in_bulk({row[1] for row in rows if row[1]})
    offers = Offer.objects.in_bulk({row[2] for row in rows if row[2]})
    mails = EmailTemplate.objects.in_bulk({row[3] for row in rows if row[3]})
    found = Report(total=ReportLine("", "", "", *rows[0][4:]), lines=[])
    for row in rows[1:]:
        segment, offer, mail = segments.get(row[1]), offers.get(row[2]), mails.get(row[3])
        line = ReportLine(segment.shown_name if segment else "", offer.shown_name if offer else "", "", *row[4:])
        line.mail = mail.name if mail else ""
        found.lines.append(line)
    found.reasons = _reasons(campaign)
    found.curve = _curve(asked, first, last) if found.total.sent else {}
    return found


def kept_report(campaign: Campaign) -> Report:
    """Return the report as pages show it: worked out once for all who look, and the more rarely the less it changes."""
    ended = campaign.finished_at
    if ended is None:
        seconds = RUNNING_SECONDS
    else:
        seconds = ENDED_SECONDS if ended > timezone.now() - WINDOW - timedelta(days=1) else OVER_SECONDS
    # By the language too, in which segments and offers are named; a campaign that moves on has another report at once.
    name = f"report:{campaign.message_id}:{campaign.created_at}:{campaign.state}:{ended}:{languages.page()}"
    return kept(name, seconds, lambda: report(campaign))


COLUMNS = ("planned", "sent", "failed", "unknown", "suppressed", "cancelled", "waiting")
STEPS = ("opened", "clicked", "ordered", "unsubscribed")


def csv_rows(found: Report) -> list[list[object]]:
    """Return the report as a table: a header, the whole campaign, then each segment × offer × e-mail; shares 0 to 1."""
    header: list[object] = ["segment", "offer", "email", *COLUMNS]
    for step in STEPS:
        header += [step, f"{step}_rate", f"{step}_rate_low", f"{step}_rate_high"]
    rows = [[*header, "orders", "revenue"]]
    for line in (found.total, *found.lines):
        row: list[object] = [line.segment, line.offer, line.mail, *(getattr(line, name) for name in COLUMNS)]
        for step in STEPS:
            rate = line.rates[step]
            known = rate.value is not None
            row += [
                rate.count,
                *(round(share, 6) if known else "" for share in (rate.value or 0.0, rate.low, rate.high)),
            ]
        rows.append([*row, line.orders, line.revenue])
    return rows


def _reasons(campaign: Campaign) -> list[tuple[str, str, int]]:
    missed = [Delivery.State.UNKNOWN, Delivery.State.FAILED, Delivery.State.SUPPRESSED, Delivery.State.CANCELLED]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, reason, count(*) FROM campaigns_delivery WHERE message_id = %s AND state = ANY(%s) "
            "GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
            [campaign.message_id, [int(state) for state in missed]],
        )
        return [(Delivery.State(state).name.lower(), reason, people) for state, reason, people in cursor.fetchall()]


def _curve(asked: dict[str, Any], first: datetime, last: datetime) -> dict[str, Any]:
    until = min(timezone.now(), last + WINDOW)
    step = "hour" if until - first <= HOURLY else "day"
    stride = timedelta(hours=1) if step == "hour" else timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(_CURVE, {**asked, "step": step, "zone": timezone.get_current_timezone_name()})
        counts = {(at, what): people for at, what, people in cursor.fetchall()}
    begin, end = min(at for at, _ in counts), max(at for at, _ in counts)
    moments = [begin + stride * place for place in range(int((end - begin) / stride) + 1)]
    series = {what: [counts.get((at, what), 0) for at in moments] for what in ("sent", "opened", "clicked", "ordered")}
    return {"step": step, "at": moments, **series}
