"""What one customer did, counted from the facts for the charts and lists of the customer's page."""

import zoneinfo
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection

from campaigns.models import Delivery
from crm.models import Customer

MONTHS = 12
HOURS = [f"{hour:02d}" for hour in range(24)]


@dataclass(frozen=True)
class Order:
    """One order: its lines together."""

    number: str
    at: datetime
    total: Decimal | None
    currency: str
    products: list[tuple[int, str]]
    """(product id, name in the default language), dearest line first."""
    lines: int
    channel: str


def months(customer: Customer) -> list[tuple[str, float, int]]:
    """Return (month as 2026-03, money spent, mails sent) for the last twelve months, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH span AS (
                SELECT generate_series(
                    date_trunc('month', now()) - (%s - 1) * interval '1 month', date_trunc('month', now()), '1 month'
                ) AS month
            ), spent AS (
                SELECT date_trunc('month', occurred_at) AS month, sum(value)::float AS money
                FROM crm_interaction WHERE customer_id = %s AND kind = 'order'
                    AND occurred_at >= date_trunc('month', now()) - (%s - 1) * interval '1 month' GROUP BY 1
            ), mailed AS (
                SELECT date_trunc('month', sent_at) AS month, count(*) AS mails
                FROM campaigns_delivery WHERE customer_id = %s AND state = %s GROUP BY 1
            )
            SELECT to_char(span.month, 'YYYY-MM'), coalesce(money, 0), coalesce(mails, 0)
            FROM span LEFT JOIN spent USING (month) LEFT JOIN mailed USING (month) ORDER BY span.month
            """,
            [MONTHS, customer.pk, MONTHS, customer.pk, Delivery.State.SENT.value],
        )
        return list(cursor.fetchall())


def timezone_of(customer: Customer) -> str:
    """Return the customer's time zone, or the workspace's where none, or none that exists, is known."""
    known = customer.timezone in zoneinfo.available_timezones()
    return customer.timezone if known else settings.TIME_ZONE


def hours(customer: Customer) -> list[list[int]]:
    """Return [hour, weekday from 0 Monday, orders] for every hour with an order, in the customer's time zone."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT extract(hour FROM moment)::int, extract(isodow FROM moment)::int - 1, count(*)::int FROM (
                SELECT min(occurred_at) AT TIME ZONE %s AS moment FROM crm_interaction
                WHERE customer_id = %s AND kind = 'order' GROUP BY coalesce(nullif(order_id, ''), id::text)
            ) placed GROUP BY 1, 2
            """,
            [timezone_of(customer), customer.pk],
        )
        return [list(row) for row in cursor.fetchall()]


def orders(customer: Customer, before: datetime | None, limit: int) -> list[Order]:
    """Return the newest orders, those before a moment if one is given."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT min(i.order_id), max(i.occurred_at), sum(i.value), max(i.currency),
                   array_agg(p.id ORDER BY i.value DESC NULLS LAST) FILTER (WHERE p.id IS NOT NULL),
                   array_agg(p.name ORDER BY i.value DESC NULLS LAST) FILTER (WHERE p.id IS NOT NULL),
                   count(*), max(i.channel)
            FROM crm_interaction i LEFT JOIN crm_product p ON p.id = i.product_id
            WHERE i.customer_id = %s AND i.kind = 'order'
            GROUP BY coalesce(nullif(i.order_id, ''), i.id::text)
            HAVING %s::timestamptz IS NULL OR max(i.occurred_at) < %s
            ORDER BY max(i.occurred_at) DESC LIMIT %s
            """,
            [customer.pk, before, before, limit],
        )
        return [
            Order(number, at, total, currency, list(zip(ids or [], names or [], strict=True)), lines, channel)
            for number, at, total, currency, ids, names, lines, channel in cursor.fetchall()
        ]


def everybody() -> dict[str, float]:
    """Return department → mean share of interest, over a sample of about 20,000 portraits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT greatest(reltuples, 1) FROM pg_class WHERE relname = 'segmentation_portrait'")
        percent = min(100.0, 100 * 20_000 / cursor.fetchone()[0])
        cursor.execute(
            """
            WITH drawn AS (
                SELECT department_affinity AS liked FROM segmentation_portrait TABLESAMPLE SYSTEM (%s)
                WHERE department_affinity <> '{}'
            )
            SELECT key, sum(value::float) / (SELECT count(*) FROM drawn) FROM drawn, jsonb_each_text(liked)
            GROUP BY key ORDER BY 2 DESC
            """,
            [percent],
        )
        return {name: float(share) for name, share in cursor.fetchall()}


def heat(customer: Customer, weekdays: list[str]) -> dict[str, Any]:
    """Return the data of the chart of hours and weekdays; `cells` is empty without orders."""
    found = {(hour, day): count for hour, day, count in hours(customer)}
    cells = [[hour, day, found.get((hour, day), 0)] for day in range(7) for hour in range(24)] if found else []
    return {"x": HOURS, "y": weekdays, "cells": cells}
