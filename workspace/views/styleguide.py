"""The style guide: every component and chart on one page, drawn with figures made up for the purpose."""

import math
import random
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

CLUSTERS = [(12, 14.5, 9, 1.8, 90), (32, 8.2, 14, 1.2, 140), (25, 4.0, 16, 0.8, 110), (118, 9.5, 26, 2.0, 100)]
WEEKS = 24


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Offer name"), max_length=40, help_text=_("Only your team sees this name"))
    discount = forms.IntegerField(label=_("Discount, %"), min_value=1, max_value=60)
    starts = forms.DateField(label=_("Starts on"), widget=forms.DateInput(attrs={"type": "date"}))
    channel = forms.ChoiceField(label=_("Channel"), choices=[("email", _("E-mail")), ("web", _("Website"))])
    tags = forms.MultipleChoiceField(
        label=_("Segments"),
        choices=[(str(number), f"S{number}") for number in range(1, 9)],
        widget=forms.SelectMultiple(attrs={"data-tom-select": "1", "aria-label": _("Segments")}),
        required=False,
    )
    when = forms.ChoiceField(
        label=_("When"), choices=[("now", _("Now")), ("later", _("Later"))], widget=forms.RadioSelect, required=True
    )
    note = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": 2}), required=False)
    control = forms.BooleanField(label=_("Leave out the control group"), required=False)
    file = forms.FileField(label=_("File"), required=False)


def _named(values: dict[str, float]) -> dict[str, Any]:
    return {"items": [{"name": name, "value": value} for name, value in values.items()]}


def _time_charts(draw: random.Random) -> dict[str, Any]:
    weeks = [f"W{number}" for number in range(23, 23 + WEEKS)]
    names = [gettext("Campaigns"), gettext("Recommendations"), gettext("Offers")]
    sources = [
        {
            "name": name,
            "data": [
                round(18000 / (place + 1) + 4000 * math.sin(week / 3) + draw.uniform(0, 2500)) for week in range(WEEKS)
            ],
        }
        for place, name in enumerate(names)
    ]
    return {
        "stack": {
            "x": weeks,
            "series": sources,
            "unit": "€",
            "line": {"name": gettext("Mails"), "data": [draw.randint(2, 9) for _week in weeks]},
        },
        "line": {
            "x": weeks,
            "percent": True,
            "y": gettext("Open rate"),
            "series": [
                {
                    "name": gettext("Treated"),
                    "data": [0.3 + 0.004 * week + draw.uniform(-0.02, 0.02) for week in range(WEEKS)],
                    "area": True,
                },
                {
                    "name": gettext("Control group"),
                    "data": [0.3 + draw.uniform(-0.02, 0.02) for _week in weeks],
                    "dashed": True,
                },
            ],
        },
    }


def _group_charts(draw: random.Random) -> dict[str, Any]:
    names = [gettext("Loyal high value"), gettext("Discount-led"), gettext("New, one order"), gettext("At risk")]
    clouds = [
        {
            "name": name,
            "data": [
                [round(max(0, draw.gauss(x, dx)), 1), round(max(0.5, draw.gauss(y, dy)), 2)] for _point in range(count)
            ],
        }
        for name, (x, y, dx, dy, count) in zip(names, CLUSTERS, strict=True)
    ]
    categories = [
        gettext("Skincare"),
        gettext("Hair care"),
        gettext("Makeup"),
        gettext("Fragrance"),
        gettext("Devices"),
    ]
    moves = [
        {"source": f"a{start}", "target": f"b{end}", "value": 400 if start == end else draw.randint(10, 90)}
        for start in range(4)
        for end in range(4)
    ]
    nodes = [{"name": f"{side}{place}", "label": name} for side in "ab" for place, name in enumerate(names)]
    return {
        "scatter": {"x": gettext("Days since last order"), "y": gettext("Orders in 24 months"), "series": clouds},
        "sizes": _named({name: cluster[-1] * 41 for name, cluster in zip(names, CLUSTERS, strict=True)}),
        "sankey": {"nodes": nodes, "links": moves},
        "radar": {
            "axes": categories,
            "max": 100,
            "series": [
                {"name": gettext("This customer"), "data": [86, 40, 22, 35, 58]},
                {"name": gettext("All customers"), "data": [48, 44, 51, 30, 18], "dashed": True},
            ],
        },
        "bars": _named(dict(zip(categories, [18240, 7113, 2515, 1210, -840], strict=True))),
    }


def _measure_charts(draw: random.Random) -> dict[str, Any]:
    days = [str(day) for day in (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))]
    hours = [
        [hour, day, max(0, round(6 * math.exp(-((hour - 20) ** 2) / 10) + draw.uniform(-1, 2)))]
        for hour in range(24)
        for day in range(7)
    ]
    scores = [str(score) for score in range(1, 6)]
    grid = [
        [x, y, round(420 * math.exp(-((x - y) ** 2) / 4) + draw.uniform(0, 160))] for x in range(5) for y in range(5)
    ]
    learners = [("hybrid", 0.471), ("ease", 0.452), ("item-knn", 0.438), ("tf-idf", 0.183), ("popularity", 0.214)]
    return {
        "hours": {"x": [str(hour) for hour in range(24)], "y": days, "cells": hours},
        "rfm": {
            "x": scores,
            "y": list(reversed(scores)),
            "cells": grid,
            "xname": gettext("Frequency score"),
            "yname": gettext("Recency score"),
            "labels": True,
        },
        "interval": {
            "digits": 3,
            "items": [
                {
                    "name": name,
                    "value": score,
                    "low": score - 0.011,
                    "high": score + 0.012,
                    "muted": name == "popularity",
                }
                for name, score in learners
            ],
            "reference": {"name": "popularity", "value": 0.214},
        },
        "box": {"items": [{"name": name, "data": [9, 24, 38, 55, 90 + place]} for place, name in enumerate("ABC")]},
    }


def samples() -> dict[str, dict[str, Any]]:
    """Return the data of one chart of each kind, the same at every call."""
    draw = random.Random(11)  # noqa: S311  (figures for drawing)
    return {**_time_charts(draw), **_group_charts(draw), **_measure_charts(draw)}


def styleguide(request: HttpRequest) -> HttpResponse:
    """Show the style guide; a posted form comes back with its errors and status 422."""
    form = SampleForm(request.POST or None, request.FILES or None)
    bad = request.method == "POST" and not form.is_valid()
    context = {
        "nav": "settings",
        "charts": samples(),
        "form": form,
        "points": [12, 14, 13, 17, 16, 18, 21, 20, 24],
        "fall": [24, 22, 23, 19, 20, 16, 15, 16, 12],
        "running": {"id": 1, "state": "running", "done": 6200, "total": 10000, "doing": "ease"},
        "failed": {
            "id": 2,
            "state": "failed",
            "done": 12,
            "total": 100,
            "error": _("The column order_id is missing"),
        },
        "states": [
            "draft",
            "review",
            "scheduled",
            "freezing",
            "sending",
            "sent",
            "failed",
            "in_use",
            "withdrawn",
            "restricted",
        ],
    }
    return render(request, "workspace/styleguide.html", context, status=422 if bad else 200)
