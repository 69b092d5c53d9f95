"""Monthly partitions of the table of interactions, made before the first row of a month arrives."""

from collections.abc import Iterable
from datetime import date

from django.db import connection, transaction
from psycopg import sql

LOCK = 7_251_001  # any number of our own; two loaders making the same month wait for one another


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return date(day.year, day.month, 1)


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def ensure(days: Iterable[date]) -> int:
    """Make the partitions the days fall into, where they do not exist yet; return how many were made.

    Call it outside a transaction where possible: a new partition locks the whole table until the commit.
    """
    wanted = sorted({month_of(day) for day in days})
    made = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relname LIKE 'crm_interaction_y%%' AND relkind = 'r'")
        existing = {row[0] for row in cursor.fetchall()}
        for month in wanted:
            name = f"crm_interaction_y{month:%Ym%m}"
            if name in existing:
                continue
            with transaction.atomic():
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
                cursor.execute(
                    sql.SQL(
                        "CREATE TABLE IF NOT EXISTS {} PARTITION OF crm_interaction FOR VALUES FROM ({}) TO ({})"
                    ).format(
                        sql.Identifier(name),
                        sql.Literal(f"{month:%Y-%m-%d} 00:00:00+00"),
                        sql.Literal(f"{next_month(month):%Y-%m-%d} 00:00:00+00"),
                    )
                )
            made += 1
    return made
