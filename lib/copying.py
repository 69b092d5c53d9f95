"""Rows into PostgreSQL by COPY, through a temporary table, so that a million rows cost what a million rows must."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections
from psycopg import sql


def stage(table: str, columns: dict[str, str], rows: Iterable[Sequence[Any]], *, using: str = "default") -> int:
    """Copy rows into a new temporary table that ends with the transaction; return how many.

    `columns` gives name → PostgreSQL type, in the order of each row's values. Must run inside a transaction.
    """
    with connections[using].cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(table)))
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(
                sql.Identifier(table),
                sql.SQL(", ").join(
                    sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns.items()
                ),
            )
        )
        return copy(table, columns, rows, using=using)


def copy(table: str, columns: dict[str, str], rows: Iterable[Sequence[Any]], *, using: str = "default") -> int:
    """Append rows to a table by COPY; return how many. `columns` gives name → PostgreSQL type, as `stage` takes it."""
    count = 0
    with connections[using].cursor() as cursor:
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(name) for name in columns)
        )
        with cursor.copy(statement) as stream:
            for row in rows:
                stream.write_row(row)
                count += 1
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
    return count
