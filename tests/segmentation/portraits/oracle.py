"""The portrait of one person worked out in plain Python, from the meanings of the registry, without its SQL."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

INTEREST = {"order": 1.0, "rating": 1.0, "cart": 0.4, "email_click": 0.2, "view": 0.15}
UTC = ZoneInfo("UTC")


def price_ranks(products: list[dict[str, Any]]) -> dict[int, float]:
    """Return product → share of the other priced products of its department that are cheaper."""
    ranks = {}
    for product in products:
        if product.get("price") is None:
            continue
        peers = [
            p["price"] for p in products if p["department"] == product["department"] and p.get("price") is not None
        ]
        cheaper = sum(price < product["price"] for price in peers)
        ranks[product["product_id"]] = cheaper / (len(peers) - 1) if len(peers) > 1 else 0.0
    return ranks


def mean(numbers: list[float]) -> float | None:
    """Return the mean, None of nothing."""
    return sum(numbers) / len(numbers) if numbers else None


def commonest(words: list[Any]) -> Any:
    """Return the commonest word; the tests leave no ties."""
    return Counter(words).most_common(1)[0][0] if words else None


def affinity(acts: list[dict[str, Any]], products: dict[int, dict[str, Any]]) -> dict[str, float]:
    """Return department → share of weighted interest."""
    weights: Counter[str] = Counter()
    for a in acts:
        department = products.get(a["product_id"], {}).get("department") or ""
        if department and INTEREST.get(a["kind"], 0):
            weights[department] += INTEREST[a["kind"]]  # type: ignore[assignment]
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()} if total else {}


def portrait(  # the meanings one after another, as the registry lists them
    acts: list[dict[str, Any]], products: list[dict[str, Any]], cut: datetime, zone: str
) -> dict[str, Any]:
    """Return feature → value for one person's acts."""
    acts = [a for a in acts if a["occurred_at"] <= cut]
    by_id = {p["product_id"]: p for p in products}
    ranks = price_ranks(products)
    lines = [a for a in acts if a["kind"] == "order"]

    def ref(a: dict[str, Any]) -> Any:
        return a["order_ref"] or a["occurred_at"]

    def since(days: int, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [a for a in rows if a["occurred_at"] >= cut - timedelta(days=days)]

    def kind(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [a for a in rows if a["kind"] == name]

    def money(rows: list[dict[str, Any]]) -> float:
        return sum(a["value"] or 0 for a in rows)

    local = [a["occurred_at"].replace(tzinfo=UTC).astimezone(ZoneInfo(zone)) for a in lines]
    orders = {ref(a) for a in lines}
    bought = [a["product_id"] for a in lines if a["product_id"] is not None]
    known = [by_id[p] for p in bought if p in by_id]
    times = sorted(a["occurred_at"] for a in lines)
    earlier = money(since(180, lines)) - money(since(90, lines))
    gaps = len(orders) - 1
    return {
        "first_order_at": times[0] if times else None,
        "last_order_at": times[-1] if times else None,
        "first_seen_at": min((a["occurred_at"] for a in acts), default=None),
        "last_seen_at": max((a["occurred_at"] for a in acts), default=None),
        "typical_gap_days": (times[-1] - times[0]).total_seconds() / 86400 / gaps if gaps > 0 else None,
        "orders": len(orders),
        "orders_90d": len({ref(a) for a in since(90, lines)}),
        "orders_365d": len({ref(a) for a in since(365, lines)}),
        "views_30d": len(since(30, kind("view", acts))),
        "carts_30d": len(since(30, kind("cart", acts))),
        "revenue": money(lines),
        "revenue_90d": money(since(90, lines)),
        "revenue_365d": money(since(365, lines)),
        "average_order": money(lines) / len(orders) if orders else None,
        "items_per_order": len(lines) / len(orders) if orders else None,
        "price_level": mean([ranks[p] for p in bought if p in ranks]),
        "returns": len(kind("return", acts)),
        "products_bought": len(set(bought)),
        "departments_bought": len({p["department"] for p in known if p["department"]}),
        "repeat_share": 1 - len(set(bought)) / len(bought) if bought else None,
        "top_department": commonest([p["department"] for p in known if p["department"]]) or "",
        "top_brand": commonest([p["brand"] for p in known if p["brand"]]) or "",
        "department_affinity": affinity(acts, by_id),
        "usual_hour": commonest([moment.hour for moment in local]),
        "usual_weekday": commonest([moment.isoweekday() for moment in local]),
        "evening_share": mean([float(moment.hour >= 18) for moment in local]),
        "weekend_share": mean([float(moment.isoweekday() >= 6) for moment in local]),
        "top_channel": commonest([a["channel"] for a in lines if a["channel"]]) or "",
        "trend": (money(since(90, lines)) - earlier) / earlier if earlier else None,
        "emails_90d": len(since(90, kind("email_sent", acts))),
        "opens_90d": len({a["delivery_ref"] for a in since(90, kind("email_open", acts))}),
        "clicks_90d": len({a["delivery_ref"] for a in since(90, kind("email_click", acts))}),
        "coupons": len(kind("coupon", acts)),
    }
