"""What another order would have brought, from lists that were partly drawn by lot."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from recommendations.evaluation import offpolicy
from recommendations.serving import logged
from recommendations.serving.explore import SPREAD

FEWEST = 200
"""With fewer places shown an estimate would be a guess."""


def estimates(request: HttpRequest) -> HttpResponse:
    """Show the estimates; a page of its own, for it reads what was shown."""
    context = {
        "nav": "recommendations",
        "after": logged.DAYS_AFTER,
        "back": logged.DAYS_BACK,
        "fewest": FEWEST,
        **estimated(),
    }
    return render(request, "recommendations/estimates.html", context)


def estimated() -> dict[str, Any]:
    """Return the orders with their estimates and a chart; no rows where too little was shown by lot."""
    log, lengths = logged.places()
    if len(log.place) < FEWEST or not (log.rank == log.place).any():
        return {"rows": [], "places": len(log.place)}
    rows = [
        (_("As it was shown"), offpolicy.as_shown(log)),
        (_("The model's own order"), offpolicy.models_order(log)),
        (_("By lot alone"), offpolicy.by_lot(log, SPREAD * lengths)),
    ]
    chart = {
        "items": [
            {"name": name, "value": one.snips, "low": one.low, "high": one.high, "muted": at != 1}
            for at, (name, one) in enumerate(rows)
        ],
        "percent": True,
        "digits": 2,
    }
    return {
        "rows": [
            {"name": name, "ips": 100 * one.ips, "snips": 100 * one.snips, "low": 100 * one.low,
             "high": 100 * one.high, "effective": one.effective}
            for name, one in rows
        ],
        "places": len(log.place),
        "chart": chart,
    }  # fmt: skip
