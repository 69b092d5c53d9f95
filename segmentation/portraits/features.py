"""The one registry of portrait features: name, type, label, SQL, meaning.

Each feature is one aggregate over a person's interactions, written in DuckDB SQL. build.py composes them into one
statement over the release's Parquet files. Columns at hand are those of the view `acts` (see build.py): person, kind,
product_id, department, brand, price, value, quantity, order_ref, channel, campaign_id, occurred_at, local_at, and the
macro-like boolean `is_order`. `cut` is the moment the portrait is true for.

Facts that move with the clock are kept as moments ("last order at"), so that "days ago" needs no recomputation; a rule
about days compares the moment with the clock (see `clock`).
"""

from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Type(StrEnum):
    """How a feature is stored, shown and compared."""

    COUNT = "count"
    NUMBER = "number"
    MONEY = "money"
    SHARE = "share"
    """0 to 1."""
    MOMENT = "moment"
    """A point in time; rules compare days ago."""
    WORD = "word"
    VECTOR = "vector"
    """Word → share, stored as JSON; not comparable in rules."""


@dataclass(frozen=True)
class Feature:
    """One thing a portrait says about a person."""

    name: str
    type: Type
    label: str | Promise
    meaning: str | Promise
    sql: str
    """A DuckDB aggregate; null when it cannot be known."""
    cluster: bool = False
    """True when K-means compares people by it unless told otherwise."""
    unit: str = ""
    words: tuple[str, ...] = field(default_factory=tuple)


FEATURES: tuple[Feature, ...] = (
    # When
    Feature(
        "first_order_at", Type.MOMENT, _("First order"), _("When the first order was placed."),
        "min(occurred_at) filter (is_order)",
    ),
    Feature(
        "last_order_at", Type.MOMENT, _("Last order"), _("When the last order was placed; recency counts from here."),
        "max(occurred_at) filter (is_order)", cluster=True,
    ),
    Feature(
        "first_seen_at", Type.MOMENT, _("First seen"), _("When the person was first noticed; tenure counts from here."),
        "min(occurred_at)",
    ),
    Feature("last_seen_at", Type.MOMENT, _("Last seen"), _("When the person last did anything."), "max(occurred_at)"),
    Feature(
        "typical_gap_days", Type.NUMBER, _("Usual gap between orders"),
        _("Days between the first and last order, divided by the number of gaps; blank below two orders."),
        "case when count(distinct order_ref) filter (is_order) >= 2 then date_diff('second', min(occurred_at) filter "
        "(is_order), max(occurred_at) filter (is_order)) / 86400.0 / (count(distinct order_ref) filter (is_order) - 1) "
        "end",
        unit="days",
    ),
    # How often
    Feature(
        "orders", Type.COUNT, _("Orders"), _("Number of orders; frequency in RFM."),
        "count(distinct order_ref) filter (is_order)", cluster=True,
    ),
    Feature(
        "orders_90d", Type.COUNT, _("Orders in 90 days"), _("Number of orders in the last 90 days."),
        "count(distinct order_ref) filter (is_order and occurred_at >= cut - interval 90 day)",
    ),
    Feature(
        "orders_365d", Type.COUNT, _("Orders in a year"), _("Number of orders in the last 365 days."),
        "count(distinct order_ref) filter (is_order and occurred_at >= cut - interval 365 day)",
    ),
    Feature(
        "views_30d", Type.COUNT, _("Products viewed in 30 days"), _("Number of product views in the last 30 days."),
        "count(*) filter (kind = 'view' and occurred_at >= cut - interval 30 day)",
    ),
    Feature(
        "carts_30d", Type.COUNT, _("Put in the cart in 30 days"), _("Number of products put in a cart in 30 days."),
        "count(*) filter (kind = 'cart' and occurred_at >= cut - interval 30 day)",
    ),
    # How much
    Feature(
        "revenue", Type.MONEY, _("Revenue"), _("Money spent in all orders; monetary in RFM."),
        "coalesce(sum(value) filter (is_order), 0)", cluster=True,
    ),
    Feature(
        "revenue_90d", Type.MONEY, _("Revenue in 90 days"), _("Money spent in the last 90 days."),
        "coalesce(sum(value) filter (is_order and occurred_at >= cut - interval 90 day), 0)",
    ),
    Feature(
        "revenue_365d", Type.MONEY, _("Revenue in a year"), _("Money spent in the last 365 days."),
        "coalesce(sum(value) filter (is_order and occurred_at >= cut - interval 365 day), 0)",
    ),
    Feature(
        "average_order", Type.MONEY, _("Average order"), _("Revenue divided by orders; blank without orders."),
        "sum(value) filter (is_order) / nullif(count(distinct order_ref) filter (is_order), 0)", cluster=True,
    ),
    Feature(
        "items_per_order", Type.NUMBER, _("Lines per order"), _("Order lines divided by orders; blank without orders."),
        "count(*) filter (is_order) * 1.0 / nullif(count(distinct order_ref) filter (is_order), 0)", cluster=True,
    ),
    Feature(
        "price_level", Type.SHARE, _("Price level"),
        _("Mean rank of what was bought among the prices of its department: 0 the cheapest, 1 the dearest."),
        "avg(price_rank) filter (is_order)", cluster=True,
    ),
    Feature(
        "returns", Type.COUNT, _("Returns"), _("Number of products sent back."), "count(*) filter (kind = 'return')",
    ),
    # How broad
    Feature(
        "products_bought", Type.COUNT, _("Different products"), _("Number of different products bought."),
        "count(distinct product_id) filter (is_order)",
    ),
    Feature(
        "departments_bought", Type.COUNT, _("Departments"), _("Number of departments bought from; breadth."),
        "count(distinct department) filter (is_order)", cluster=True,
    ),
    Feature(
        "repeat_share", Type.SHARE, _("Bought again"), _("Share of order lines for a product bought before."),
        "1 - count(distinct product_id) filter (is_order) * 1.0 / nullif(count(*) filter (is_order and product_id is "
        "not null), 0)",
    ),
    Feature(
        "top_department", Type.WORD, _("Favourite department"), _("The department most is bought from."),
        "mode(department) filter (is_order and department <> '')",
    ),
    Feature(
        "top_brand", Type.WORD, _("Favourite brand"), _("The brand bought most often."),
        "mode(brand) filter (is_order and brand <> '')",
    ),
    Feature(
        "department_affinity", Type.VECTOR, _("Interests"),
        _("Share of each department in what was bought, put in the cart and viewed, orders counting most."),
        "affinity",
    ),
    # Habits
    Feature(
        "usual_hour", Type.COUNT, _("Usual hour"), _("The hour of the day, in the person's time zone, of most orders."),
        "mode(hour(local_at)) filter (is_order)", unit="hour",
    ),
    Feature(
        "usual_weekday", Type.COUNT, _("Usual weekday"), _("The weekday of most orders: 1 Monday to 7 Sunday."),
        "mode(isodow(local_at)) filter (is_order)", unit="weekday",
    ),
    Feature(
        "evening_share", Type.SHARE, _("Evening orders"), _("Share of order lines placed between 18:00 and 24:00."),
        "avg(case when hour(local_at) >= 18 then 1.0 else 0.0 end) filter (is_order)",
    ),
    Feature(
        "weekend_share", Type.SHARE, _("Weekend orders"), _("Share of order lines placed on Saturday or Sunday."),
        "avg(case when isodow(local_at) >= 6 then 1.0 else 0.0 end) filter (is_order)", cluster=True,
    ),
    Feature(
        "top_channel", Type.WORD, _("Usual channel"), _("The channel most orders come through."),
        "mode(channel) filter (is_order and channel <> '')",
    ),
    Feature(
        "trend", Type.NUMBER, _("Trend"),
        _("Revenue of the last 90 days against the 90 days before: 1 is twice as much, -1 nothing more; blank without "
          "revenue in both."),
        "(sum(value) filter (is_order and occurred_at >= cut - interval 90 day) - sum(value) filter (is_order and "
        "occurred_at < cut - interval 90 day and occurred_at >= cut - interval 180 day)) / nullif(sum(value) filter "
        "(is_order and occurred_at < cut - interval 90 day and occurred_at >= cut - interval 180 day), 0)",
    ),
    # Answers to mail
    Feature(
        "emails_90d", Type.COUNT, _("E-mails in 90 days"), _("Campaign e-mails sent in the last 90 days."),
        "count(*) filter (kind = 'email_sent' and occurred_at >= cut - interval 90 day)",
    ),
    Feature(
        "opens_90d", Type.COUNT, _("Opens in 90 days"),
        _("E-mails opened in the last 90 days, where opening may be tracked."),
        "count(distinct delivery_ref) filter (kind = 'email_open' and occurred_at >= cut - interval 90 day)",
    ),
    Feature(
        "clicks_90d", Type.COUNT, _("Clicks in 90 days"), _("E-mails clicked in the last 90 days."),
        "count(distinct delivery_ref) filter (kind = 'email_click' and occurred_at >= cut - interval 90 day)",
    ),
    Feature(
        "coupons", Type.COUNT, _("Coupons redeemed"), _("Number of coupons redeemed."),
        "count(*) filter (kind = 'coupon')",
    ),
)  # fmt: skip
BY_NAME: dict[str, Feature] = {feature.name: feature for feature in FEATURES}
