"""Interactions as lines of a customer's activity; the lines of one order are told together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.interactions.kinds import KINDS
from crm.interactions.models import Channel

NAMED = 3
"""Products named in the line of an order."""
TONES = {
    "order": "green",
    "cart": "teal",
    "view": "grey",
    "return": "red",
    "rating": "yellow",
    "email_open": "blue",
    "email_click": "blue",
    "email_sent": "blue",
    "coupon": "purple",
    "unsubscribe": "red",
}


@dataclass(frozen=True)
class TimelineEntry:
    """What a line of the activity shows."""

    icon: str
    title: str
    text: str
    at: datetime
    tone: str
    href: str


def lines(acts: Iterable[Any]) -> list[TimelineEntry]:
    """Return interactions, newest first and with products joined, as lines in the language of the page."""
    found = []
    for (order, _alone), together in groupby(acts, key=_together):
        group = list(together)
        found.append(_order(group) if order and len(group) > 1 else _one(group[0]))
    return found


def _together(act: Any) -> tuple[str, Any]:
    return (act.order_id, None) if act.kind == "order" and act.order_id else ("", act.id)


def _order(group: list[Any]) -> TimelineEntry:
    kind, first = KINDS["order"], group[0]
    values = [act.value for act in group if act.value is not None]
    parts = [f"{formats.number_format(sum(values), 2, force_grouping=True)} {first.currency}"] if values else []
    parts.append(_("order %(number)s") % {"number": first.order_id})
    names = [act.product.shown_name for act in group if act.product is not None]
    parts.append(", ".join(names[:NAMED]) + (" …" if len(names) > NAMED else ""))
    title = ngettext("Ordered %(n)d product", "Ordered %(n)d products", len(group)) % {"n": len(group)}
    return TimelineEntry(
        kind.icon, title, " · ".join(part for part in parts if part), first.occurred_at, TONES["order"], ""
    )


def _one(act: Any) -> TimelineEntry:
    kind = KINDS.get(act.kind) or KINDS["custom"]
    parts = []
    if act.quantity is not None and act.quantity != 1:
        parts.append(f"{formats.number_format(act.quantity.normalize())} ×")
    if act.value is not None:
        value = formats.number_format(act.value, 2, force_grouping=True)
        parts.append(_("%(stars)s stars") % {"stars": value} if act.kind == "rating" else f"{value} {act.currency}")
    if act.order_id:
        parts.append(_("order %(number)s") % {"number": act.order_id})
    if act.channel:
        known = act.channel in Channel.values
        parts.append(str(Channel(act.channel).label) if known else act.channel)
    title = str(kind.label)
    if act.product is not None:
        title = _("%(act)s: %(product)s") % {"act": title, "product": act.product.shown_name}
    href = reverse("crm:product", args=[act.product_id]) if act.product is not None else ""
    return TimelineEntry(
        kind.icon, title, " · ".join(parts).strip(), act.occurred_at, TONES.get(act.kind, "grey"), href
    )
