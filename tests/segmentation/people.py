"""Customers with portraits, for tests of everything after painting."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from crm.consents.purposes import Purpose
from crm.customers.models import Customer
from segmentation.portraits.models import Portrait
from segmentation.standing.models import Standing

PROFILED = int(Purpose.SERVICE | Purpose.PROFILING)
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def customers(number: int, **more: Any) -> list[Customer]:
    """Make customers that differ in nothing and allow profiling."""
    return Customer.objects.bulk_create([Customer(**{"permission": PROFILED, **more}) for _ in range(number)])


def portray(customer: Customer, **features: Any) -> Portrait:
    """Give a customer a portrait."""
    return Portrait.objects.create(customer=customer, as_of=NOW, **features)


def crowd(number: int, seed: int = 7) -> list[Customer]:
    """Make people drawn at random, with many unknowns, so that null is met everywhere.

    Some have no portrait, some a portrait they no longer allow; some no orders at all; permissions differ.
    """
    draw = random.Random(seed)

    def maybe(value: Any, blank: Any = None) -> Any:
        return blank if draw.random() < 0.3 else value

    bits = [Purpose.PROFILING, Purpose.EMAIL_MARKETING, Purpose.OPEN_TRACKING, Purpose.CLICK_TRACKING]
    made = Customer.objects.bulk_create(
        Customer(
            country=draw.choice(["", "DE", "CN"]),
            language=draw.choice(["", "en", "zh-hans"]),
            gender=draw.choice(["", "female", "male"]),
            source=draw.choice(["", "shop", "file"]),
            first_seen=maybe(NOW - timedelta(days=draw.randint(0, 60))),
            permission=1 | sum(int(bit) for bit in bits if draw.random() < 0.6),
        )
        for _ in range(number)
    )
    Portrait.objects.bulk_create(
        Portrait(
            customer=customer,
            as_of=NOW,
            recency_score=maybe(draw.randint(1, 5)),
            orders=maybe(draw.randint(0, 6)),
            usual_weekday=maybe(draw.randint(1, 7)),
            revenue=maybe(Decimal(draw.randint(0, 20_000)) / 100),
            price_level=maybe(draw.randint(0, 4) / 4),
            typical_gap_days=maybe(float(draw.randint(1, 60))),
            last_order_at=maybe(NOW - timedelta(days=draw.randint(0, 60), hours=draw.choice([0, 12]))),
            top_department=maybe(draw.choice(["Tea", "Books", "tea_50%"]), ""),
            opens_90d=draw.randint(0, 3),
        )
        for customer in made
        if draw.random() < 0.8
    )
    Standing.objects.bulk_create(
        Standing(
            customer=customer,
            orders=draw.randint(0, 6),
            revenue=Decimal(draw.randint(0, 20_000)) / 100,
            last_order_at=maybe(NOW - timedelta(days=draw.randint(0, 60))),
            opens=draw.randint(0, 3),
            clicks=draw.randint(0, 3),
            last_click_at=maybe(NOW - timedelta(days=draw.randint(0, 60))),
        )
        for customer in made
        if draw.random() < 0.7
    )
    return list(Customer.objects.filter(pk__in=[customer.pk for customer in made]).order_by("pk"))
