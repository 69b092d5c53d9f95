"""One interaction as a line of a customer's activity."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from crm.interactions.kinds import KINDS
from crm.interactions.models import Channel

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
class Line:
    """What a line of the activity shows."""

    icon: str
    title: str
    text: str
    at: datetime
    tone: str
    href: str


def told(act: Any) -> Line:
    """Return one interaction, its product joined, as a line in the language of the page."""
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
    return Line(kind.icon, title, " · ".join(parts).strip(), act.occurred_at, TONES.get(act.kind, "grey"), href)
