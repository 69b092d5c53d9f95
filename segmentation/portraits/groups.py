"""The features in groups, as the customer page and the rule builder show them."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

GROUPS: tuple[tuple[str | Promise, tuple[str, ...]], ...] = (
    (_("When"), ("first_order_at", "last_order_at", "first_seen_at", "last_seen_at", "typical_gap_days")),
    (_("How often"), ("orders", "orders_90d", "orders_365d", "views_30d", "carts_30d")),
    (
        _("How much"),
        (
            "revenue", "revenue_90d", "revenue_365d", "average_order", "items_per_order", "price_level", "returns",
            "trend",
        ),
    ),
    (
        _("What"),
        (
            "products_bought", "departments_bought", "repeat_share", "top_department", "top_brand",
            "department_affinity",
        ),
    ),
    (_("Habits"), ("usual_hour", "usual_weekday", "evening_share", "weekend_share", "top_channel")),
    (_("E-mail engagement"), ("emails_90d", "opens_90d", "clicks_90d", "coupons")),
)  # fmt: skip
GROUP_OF: dict[str, str | Promise] = {name: label for label, names in GROUPS for name in names}
