"""Monthly partitions of a table, made before the first row of a month arrives; first of all of the interactions."""

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


def ensure(days: Iterable[date], table: str = "crm_interaction") -> int:
    """Make the partitions the days fall into, where they do not exist yet; return how many were made.

    Call it outside a transaction where possible: a new partition locks the whole table until the commit.
    """
    wanted = {f"{table}_y{month:%Ym%m}": month for month in sorted({month_of(day) for day in days})}
    made = 0
    with connection.cursor() as cursor:
        # By name: a look at all there are, at each request, costs more than the rest of this.
        cursor.execute("SELECT name FROM unnest(%s::text[]) AS name WHERE to_regclass(name) IS NULL", [list(wanted)])
        for (name,) in cursor.fetchall():
            month = wanted[name]
            with transaction.atomic():
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
                cursor.execute(
                    sql.SQL("CREATE TABLE IF NOT EXISTS {} PARTITION OF {} FOR VALUES FROM ({}) TO ({})").format(
                        sql.Identifier(name),
                        sql.Identifier(table),
                        sql.Literal(f"{month:%Y-%m-%d} 00:00:00+00"),
                        sql.Literal(f"{next_month(month):%Y-%m-%d} 00:00:00+00"),
                    )
                )
            made += 1
    return made


def drop_before(month: date, table: str) -> int:
    """Drop the partitions of months before the one `month` is in; return how many. Their rows are gone for good."""
    old = [name for name in _names(table) if name < f"{table}_y{month:%Ym%m}"]
    with connection.cursor() as cursor:
        for name in old:
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(name)))
    return len(old)


def _names(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relname ~ %s AND relkind = 'r' ORDER BY relname",
            [f"^{table}_y[0-9]{{4}}m[0-9]{{2}}$"],
        )
        return [row[0] for row in cursor.fetchall()]
