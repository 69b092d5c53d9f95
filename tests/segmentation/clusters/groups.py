"""Planted groups of people, as raw feature values."""

import numpy as np

from segmentation.clusters.matrix import Matrix, comparable

NAMES = ("last_order_at", "orders", "revenue", "average_order", "price_level", "weekend_share", "departments_bought")
# Days ago, orders, price level, weekend share, departments.
PLANTED = {
    "frequent": (10, 25, 0.5, 0.2, 6),
    "lapsed": (400, 1.2, 0.5, 0.2, 1),
    "weekend": (60, 6, 0.1, 0.9, 3),
    "premium": (40, 5, 0.95, 0.25, 2),
}


def planted(people: int = 1_200, seed: int = 3) -> tuple[Matrix, np.ndarray]:
    """Return people × features with four planted groups, and who is in which."""
    draw = np.random.default_rng(seed)
    truth = np.repeat(np.arange(4), people // 4)
    days, orders, price, weekend, departments = np.array(list(PLANTED.values()))[truth].T
    orders = np.maximum(1, draw.poisson(orders))
    average = (10 + 90 * price) * draw.lognormal(0, 0.15, people)
    raw = np.column_stack([
        days * draw.lognormal(0, 0.25, people),
        orders,
        orders * average,
        average,
        np.clip(price + draw.normal(0, 0.05, people), 0, 1),
        np.clip(weekend + draw.normal(0, 0.06, people), 0, 1),
        np.maximum(1, draw.poisson(departments)),
    ])  # fmt: skip
    mixed = draw.permutation(people)
    return comparable(np.arange(people), NAMES, raw[mixed]), truth[mixed]
