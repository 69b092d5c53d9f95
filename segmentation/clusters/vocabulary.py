"""The words cluster names are built from: a closed list, in both languages, so that no name can surprise."""

from dataclasses import dataclass

MARKED = 0.35
"""Standard deviations from the average at which a cluster is worth a word."""


@dataclass(frozen=True)
class Word:
    """A word for a feature being high or low. `noun` stands at the end of a name ("big spenders")."""

    en: str
    zh: str
    noun: bool = False


@dataclass(frozen=True)
class Pair:
    """What high and low values of one feature are called; `theme` groups features of which one word is enough."""

    high: Word | None
    low: Word | None
    theme: str


PAIRS: dict[str, Pair] = {
    # Days since: high is long ago.
    "last_order_at": Pair(Word("lapsed", "沉睡"), Word("recent", "近期活跃"), "recency"),
    "last_seen_at": Pair(Word("long unseen", "久未到访"), Word("recently seen", "近期到访"), "recency"),
    "first_order_at": Pair(Word("long-standing", "老"), Word("new", "新"), "tenure"),
    "first_seen_at": Pair(Word("long-known", "老"), Word("newly met", "新"), "tenure"),
    "orders": Pair(Word("frequent", "高频"), Word("occasional", "低频"), "frequency"),
    "orders_90d": Pair(Word("busy", "近期高频"), Word("quiet", "近期低频"), "frequency"),
    "orders_365d": Pair(Word("regular", "常购"), Word("rare", "少购"), "frequency"),
    "typical_gap_days": Pair(Word("slow-paced", "长周期"), Word("fast-paced", "短周期"), "pace"),
    "revenue": Pair(
        Word("big spenders", "高消费客户", noun=True), Word("small spenders", "低消费客户", noun=True), "money"
    ),
    "revenue_90d": Pair(Word("spending lately", "近期高消费"), None, "money"),
    "revenue_365d": Pair(Word("high-value", "高价值"), Word("low-value", "低价值"), "money"),
    "average_order": Pair(Word("large-order", "大单"), Word("small-order", "小单"), "basket"),
    "items_per_order": Pair(Word("full-basket", "多件"), Word("single-item", "单件"), "basket"),
    "price_level": Pair(
        Word("premium buyers", "高端买家", noun=True), Word("bargain hunters", "淘便宜客户", noun=True), "price"
    ),
    "departments_bought": Pair(Word("wide-ranging", "多品类"), Word("single-interest", "单一品类"), "breadth"),
    "products_bought": Pair(Word("curious", "多品"), Word("narrow", "少品"), "breadth"),
    "repeat_share": Pair(Word("loyal-to-favourites", "复购"), Word("variety-seeking", "求新"), "repeat"),
    "weekend_share": Pair(Word("weekend", "周末"), Word("weekday", "工作日"), "weekday"),
    "evening_share": Pair(Word("evening", "夜间"), Word("daytime", "日间"), "hour"),
    "returns": Pair(Word("often-returning", "常退货"), None, "returns"),
    "trend": Pair(Word("growing", "增长"), Word("shrinking", "下滑"), "trend"),
    "views_30d": Pair(Word("browsing", "爱浏览"), None, "browsing"),
    "carts_30d": Pair(Word("cart-filling", "爱加购"), None, "browsing"),
    "clicks_90d": Pair(Word("mail-clicking", "常点邮件"), None, "mail"),
    "opens_90d": Pair(Word("mail-reading", "常读邮件"), None, "mail"),
    "coupons": Pair(Word("coupon-loving", "爱用券"), None, "coupons"),
}
ONE_TIME = Word("one-time", "一次性")
BUYERS = Word("buyers", "买家", noun=True)
VISITORS = Word("visitors", "访客", noun=True)
TYPICAL = Word("typical", "普通")
NEVER_BOUGHT = 0.05
"""Mean orders below which a cluster has not bought."""
ONE_ORDER = 1.5
"""Mean orders below which a cluster bought once."""
