"""Six segments nearly everybody wants, ready to be made and changed."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Template:
    """A segment to start from. Names are stored in both languages; the text is shown in the page's."""

    key: str
    name: str
    name_zh: str
    label: str | Promise
    text: str | Promise
    icon: str
    rule: dict[str, Any]


def _row(field: str, op: str, value: Any) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


TEMPLATES: dict[str, Template] = {
    template.key: template
    for template in [
        Template(
            "new", "New customers", "新客户", _("New customers"),
            _("Their first order was in the last 30 days."), "user-plus",
            {"all": [_row("first_order_at", "within_days", 30)]},
        ),
        Template(
            "loyal", "Loyal customers", "忠诚客户", _("Loyal customers"),
            _("They order often and ordered lately."), "heart",
            {"all": [_row("frequency_score", "at_least", 4), _row("recency_score", "at_least", 4)]},
        ),
        Template(
            "at_risk", "At risk", "流失风险客户", _("At risk"),
            _("They used to order often, and have not for 90 days."), "alert-triangle",
            {
                "all": [
                    _row("orders", "at_least", 3),
                    _row("last_order_at", "more_than_days_ago", 90),
                    _row("last_order_at", "within_days", 365),
                ]
            },
        ),
        Template(
            "dormant", "Dormant", "沉睡客户", _("Dormant"),
            _("Their last order was more than a year ago."), "moon",
            {"all": [_row("last_order_at", "more_than_days_ago", 365)]},
        ),
        Template(
            "big_spenders", "Big spenders", "高消费客户", _("Big spenders"),
            _("They are among the fifth that spends the most."), "trophy",
            {"all": [_row("monetary_score", "is", 5)]},
        ),
        Template(
            "reorder_due", "Reorder due", "待复购客户", _("Reorder due"),
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
