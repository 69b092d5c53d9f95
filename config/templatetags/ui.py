"""What the components of templates/cotton/ need and template syntax cannot say."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

SPARK_WIDTH: Final = 96.0
SPARK_HEIGHT: Final = 28.0
SPARK_MARGIN: Final = 2.0

# One colour and one wording per state, whichever model it belongs to, so that "running" looks the same everywhere.
STATES: Final[dict[str, tuple[str, str | Promise]]] = {
    "active": ("green", _("Active")),
    "cancelled": ("grey", _("Cancelled")),
    "checking": ("blue", _("Checking")),
    "deferred": ("yellow", _("Deferred")),
    "done": ("green", _("Done")),
    "draft": ("grey", _("Draft")),
    "due": ("grey", _("Waiting")),
    "ended": ("grey", _("Ended")),
    "erased": ("grey", _("Erased")),
    "failed": ("red", _("Failed")),
    "granted": ("green", _("Granted")),
    "in_use": ("green", _("In use")),
    "inflight": ("blue", _("Being sent")),
    "leased": ("blue", _("Claimed")),
    "live": ("green", _("Live")),
    "loading": ("blue", _("Loading")),
    "needs_review": ("yellow", _("Needs review")),
    "none": ("grey", _("Not asked")),
    "objected": ("red", _("Objected")),
    "paused": ("yellow", _("Paused")),
    "pending": ("grey", _("Pending")),
    "promoted": ("green", _("Promoted")),
    "queued": ("grey", _("Queued")),
    "ready": ("teal", _("Ready")),
    "rejected": ("red", _("Rejected")),
    "restricted": ("yellow", _("Restricted")),
    "retired": ("grey", _("Retired")),
    "review": ("yellow", _("In review")),
    "running": ("blue", _("Running")),
    "scheduled": ("yellow", _("Scheduled")),
    "freezing": ("blue", _("Being prepared")),
    "sending": ("blue", _("Sending")),
    "sent": ("green", _("Sent")),
    "suppressed": ("yellow", _("Suppressed")),
    "training": ("blue", _("Training")),
    "unknown": ("yellow", _("Unknown")),
    "withdrawn": ("red", _("Withdrawn")),
}
FINAL_STATES: Final = frozenset({"done", "failed", "cancelled"})


@register.filter
def tone(state: object) -> str:
    """Return the badge colour of a state; grey for a state this table does not know."""
    return STATES.get(str(state), ("grey", ""))[0]


@register.filter
def wording(state: object) -> str:
    """Return the translated name of a state, or the state itself where the table does not know it."""
    return str(STATES.get(str(state), ("", str(state)))[1])


@register.filter
def is_final(state: object) -> bool:
    """Say whether a run in this state will change no more, so that polling it may stop."""
    return str(state) in FINAL_STATES


@register.filter
def spark_points(values: Sequence[float | None] | None) -> str:
    """Return the points of an SVG polyline in a 96 x 28 box for a row of numbers, oldest first.

    None is left out and leaves a straight line across its place. Fewer than two numbers give "".
    """
    known = [(place, float(value)) for place, value in enumerate(values or ()) if value is not None]
    if len(known) < 2:
        return ""
    low = min(value for _place, value in known)
    span = max(value for _place, value in known) - low
    step = SPARK_WIDTH / known[-1][0]
    drawable = SPARK_HEIGHT - 2 * SPARK_MARGIN
    # A flat row runs through the middle of the box, not along its floor.
    heights = ((place, (value - low) / span if span else 0.5) for place, value in known)
    return " ".join(
        f"{place * step:.1f},{SPARK_HEIGHT - SPARK_MARGIN - height * drawable:.1f}" for place, height in heights
    )


@register.filter
def share_of(value: float | str | None, largest: float | str | None) -> str:
    """Return |value| / largest as whole percent from 0 to 100, written with no locale (for SVG attributes)."""
    if value in (None, "") or largest in (None, ""):
        return "0"
    ceiling = abs(float(largest or 0))
    return str(round(min(1.0, abs(float(value or 0)) / ceiling) * 100)) if ceiling else "0"


@register.filter
def is_negative(value: float | str | None) -> bool:
    """Say whether a figure is below zero; None and "" are not."""
    return value not in (None, "") and float(value or 0) < 0


@register.filter
def initials(name: object) -> str:
    """Return one or two capitals for an avatar: first letters of the first and the last word before any "@"."""
    words = str(name).partition("@")[0].replace(".", " ").replace("_", " ").split()
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper() if words else "?"


@register.simple_tag(takes_context=True)
def is_here(context: template.Context, key: str, prefix: str, children: str = "") -> bool:
    """Say whether a menu item is the current one: by the context's `nav` where a view set it, else by the address.

    `prefix` is the part of the address that the item's pages share ("/" stands only for itself); `children` are the
    keys of its sub-items, separated by spaces.
    """
    if nav := context.get("nav"):
        return nav == key or nav in children.split()
    path = getattr(context.get("request"), "path", "")
    return path == "/" if prefix == "/" else path.startswith(prefix)


@register.filter
def minutes(span: timedelta) -> int:
    """Return how many minutes a span has begun, at least 1."""
    return max(1, math.ceil(span.total_seconds() / 60))
