"""What became of a campaign: steps, rates with intervals, reasons, a curve, and all of it as CSV."""

from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from campaigns.offers.wording import money
from campaigns.planning.intervals import Rate
from campaigns.planning.models import Campaign
from campaigns.planning.report import Report, ReportLine, csv_rows, kept_report
from campaigns.sending.models import Delivery
from lib.tables import csv_lines

CHART_LINES = 12
STATES: dict[str, str | Promise] = {
    "unknown": gettext_lazy("Unknown"),
    "failed": gettext_lazy("Failed"),
    "suppressed": gettext_lazy("Left out"),
    "cancelled": gettext_lazy("Cancelled"),
}


def campaign_report(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the report of a campaign."""
    campaign = get_object_or_404(Campaign, pk=pk)
    found = kept_report(campaign)
    reasons = dict(Delivery.Reason.choices)
    context = {
        "nav": "campaigns",
        "campaign": campaign,
        "total": found.total,
        "kpis": _figures(found.total),
        "revenue": money(found.total.revenue, get_language() or "en"),
        "steps": _steps(found.total),
        "lines": [
            {"line": line, "rates": _rates(line), "revenue": money(line.revenue, get_language() or "en")}
            for line in found.lines
        ],
        "no_segment": _("No segment"),
        "reasons": [
            {"label": f"{STATES[state]}: {reasons.get(reason, reason)}" if reason else STATES[state], "people": people}
            for state, reason, people in found.reasons
        ],
        "days": found.window.days,
        "clicks": _intervals(found),
        "curve": _curve(found),
    }
    return render(request, "campaigns/planning/report.html", context)


def campaign_report_csv(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the figures of the report: one line for the whole and one for each segment × offer."""
    campaign = get_object_or_404(Campaign, pk=pk)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="campaign-{campaign.pk}.csv"'
    answer.write("\ufeff")  # so that Excel reads Chinese names
    answer.writelines(csv_lines(csv_rows(kept_report(campaign))))
    return answer


def _figures(total: ReportLine) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "value": _percent(total.rates[name].value),
            "note": _("%(n)s people") % {"n": intcomma(total.rates[name].count)},
            "help": _("True rate with 95 percent certainty: %(interval)s") % {"interval": _interval(total.rates[name])},
        }
        for name, label in _labels().items()
        if name != "unsubscribed"
    ]


def _steps(total: ReportLine) -> list[dict[str, Any]]:
    steps = [{"label": _("Sent"), "count": total.sent, "text": intcomma(total.sent)}]
    for name in ("opened", "clicked", "ordered"):
        rate = total.rates[name]
        text = f"{intcomma(rate.count)} · {_percent(rate.value)}"
        steps.append({"label": _labels()[name], "count": rate.count, "text": text})
    return steps


def _rates(line: ReportLine) -> list[dict[str, Any]]:
    return [
        {"label": label, "value": _percent(line.rates[name].value), "interval": _interval(line.rates[name])}
        for name, label in _labels().items()
    ]


def _labels() -> dict[str, str]:
    # Clicks first: mail programs open mails by themselves, people click.
    return {"clicked": _("Clicked"), "opened": _("Opened"), "ordered": _("Ordered"), "unsubscribed": _("Unsubscribed")}


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{formats.number_format(100 * share, 1)} %"


def _interval(rate: Rate) -> str:
    if rate.value is None:
        return ""
    low, high = (formats.number_format(100 * share, 1) for share in (rate.low, rate.high))
    return f"{low}–{high} %"


def _name(line: ReportLine) -> str:
    return " · ".join(filter(None, (line.segment or _("No segment"), line.offer or _("No offer"), line.mail)))


def _intervals(found: Report) -> dict[str, Any]:
    lines = [line for line in found.lines if line.sent][:CHART_LINES]
    rates = [(line, line.rates["clicked"]) for line in lines]
    items = [{"name": _name(line), "value": r.value, "low": r.low, "high": r.high} for line, r in rates]
    total = found.total.rates["clicked"].value
    chart: dict[str, Any] = {"items": items, "percent": True}
    if total is not None:
        chart["reference"] = {"name": _("Whole campaign"), "value": total}
    return chart


def _curve(found: Report) -> dict[str, Any]:
    if not found.curve:
        return {}
    pattern = "%m-%d %H:00" if found.curve["step"] == "hour" else "%Y-%m-%d"
    names = {"opened": _("Opened"), "clicked": _("Clicked"), "ordered": _("Ordered")}
    return {
        "x": [at.strftime(pattern) for at in found.curve["at"]],
        "series": [{"name": name, "data": found.curve[key]} for key, name in names.items()],
        "y": _("People"),
    }
