"""Seven segments nearly everybody wants, ready to be made and changed."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.access.models import User
from lib.translated import parted, spoken
from segmentation.segments import edit
from segmentation.segments.models import Segment


@dataclass(frozen=True)
class SegmentStarter:
    """A segment to start from. It is stored in every language the workspace speaks, and shown in the page's."""

    key: str
    label: str | Promise
    text: str | Promise
    icon: str
    rule: dict[str, Any]

    def texts(self) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        """Return its name and description in the workspace's own language, and its `translations`."""
        return parted(spoken(name=self.label, description=self.text))


def _row(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


SUBSCRIBERS = "subscribers"
STARTERS: dict[str, SegmentStarter] = {
    starter.key: starter
    for starter in [
        SegmentStarter(
            SUBSCRIBERS, _("All subscribers"),
            _("They allow e-mail marketing, whatever else they allow."), "mail",
            {"all": [_row("allows", "is", "email_marketing")]},
        ),
        SegmentStarter(
            "new", _("New customers"),
            _("Their first order was in the last 30 days."), "user-plus",
            {"all": [_row("first_order_at", "within_days", 30)]},
        ),
        SegmentStarter(
            "loyal", _("Loyal customers"),
            _("They order often and ordered lately."), "heart",
            {"all": [_row("frequency_score", "at_least", 4), _row("recency_score", "at_least", 4)]},
        ),
        SegmentStarter(
            "at_risk", _("At risk"),
            _("They used to order often, and have not for 90 days."), "alert-triangle",
            {
                "all": [
                    _row("orders", "at_least", 3),
                    _row("last_order_at", "more_than_days_ago", 90),
                    _row("last_order_at", "within_days", 365),
                ]
            },
        ),
        SegmentStarter(
            "dormant", _("Dormant"),
            _("Their last order was more than a year ago."), "moon",
            {"all": [_row("last_order_at", "more_than_days_ago", 365)]},
        ),
        SegmentStarter(
            "big_spenders", _("Big spenders"),
            _("They are among the fifth that spends the most."), "trophy",
            {"all": [_row("monetary_score", "is", 5)]},
        ),
        SegmentStarter(
            "reorder_due", _("Reorder due"),
            _("They buy the same things about every month, and the last order was a month ago or more."), "refresh",
            {
                "all": [
                    _row("repeat_share", "at_least", 0.2),
                    _row("typical_gap_days", "at_most", 45),
                    _row("last_order_at", "more_than_days_ago", 30),
                    _row("last_order_at", "within_days", 90),
                ]
            },
        ),
    ]
}  # fmt: skip


def start(*, key: str, created_by: User | None = None) -> Segment:
    """Make one of the ready-made segments and fill it.

    Raises KeyError for a key that is not one of STARTERS.
    """
    starter = STARTERS[key]
    own, translations = starter.texts()
    return edit.create(**own, translations=translations, rule=starter.rule, created_by=created_by)


def subscribers(created_by: User | None = None) -> Segment:
    """Return the segment of everybody who allows e-mail marketing, made if there is none in use with that rule."""
    rule = STARTERS[SUBSCRIBERS].rule
    found = Segment.objects.in_use().filter(kind=Segment.Kind.RULE, rule=rule).order_by("pk").first()
    return found or start(key=SUBSCRIBERS, created_by=created_by)


@transaction.atomic
def ensure() -> list[Segment]:
    """Make all ready-made segments in a workspace that never had a rule segment; return what was made."""
    if Segment.objects.filter(kind=Segment.Kind.RULE).exists():
        return []
    return [start(key=key) for key in STARTERS]
