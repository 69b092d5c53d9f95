"""A portrait in one sentence."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

LATE = 1.5
"""Usual gaps after which an order is overdue."""


def summary(portrait: Any, *, now: datetime | None = None) -> str:
    """Return what matters most about how somebody buys, in the language of the page, counted from `now`.

    `portrait` is a Portrait; its columns come from the registry, which type checkers cannot see.
    """
    if not portrait.orders or portrait.last_order_at is None:
        return _no_orders(portrait)
    days = max(0, ((now or timezone.now()) - portrait.last_order_at).days)
    parts = {
        "orders": ngettext("%(n)s order", "%(n)s orders", portrait.orders) % {"n": _number(portrait.orders)},
        "revenue": f"{settings.WORKSPACE_CURRENCY} {_number(portrait.revenue or 0)}",
        "last": _when(days),
        "department": portrait.top_department,
    }
    if portrait.top_department:
        said = _("%(orders)s worth %(revenue)s, mostly %(department)s, the last %(last)s") % parts
    else:
        said = _("%(orders)s worth %(revenue)s, the last %(last)s") % parts
    return _("%(said)s; %(rhythm)s.") % {"said": said, "rhythm": _rhythm(portrait.typical_gap_days, days)}


def _no_orders(portrait: Any) -> str:
    if portrait.views_30d:
        viewed = portrait.views_30d
        text = ngettext(
            "No orders yet, but %(n)s product viewed in the last 30 days.",
            "No orders yet, but %(n)s products viewed in the last 30 days.",
            viewed,
        )
        return text % {"n": _number(viewed)}
    return _("No orders yet.")


def _rhythm(gap: float | None, days: int) -> str:
    if not gap:
        return _("no rhythm can be seen yet")
    usual = {"gap": ngettext("%(n)s day", "%(n)s days", round(gap)) % {"n": _number(round(gap))}}
    if days > gap * LATE:
        return _("orders usually come every %(gap)s, so the next one is overdue") % usual
    return _("orders usually come every %(gap)s") % usual


def _when(days: int) -> str:
    if days == 0:
        return _("today")
    return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": _number(days)}


def _number(value: Any) -> str:
    # Django cuts digits off instead of rounding.
    return formats.number_format(round(value), 0, force_grouping=True)
