"""Rows into PostgreSQL by COPY, through a temporary table, so that a million rows cost what a million rows must."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connections
from psycopg import sql


def stage(
    table: str,
    columns: dict[str, str],
    rows: Iterable[Sequence[Any]],
    *,
    using: str = "default",
    lasting: bool = False,
) -> int:
    """Copy rows into a new temporary table; return how many.

    `columns` gives name → PostgreSQL type, in the order of each row's values. The table ends with the transaction, in
    which this must run, unless it is `lasting`: then it outlives it, and `drop` ends it.
    """
    with connections[using].cursor() as cursor:
        # Only a temporary table may be dropped here: a real one of the same name is left alone.
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("pg_temp", table)))
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT {}").format(
                sql.Identifier(table),
                sql.SQL(", ").join(
                    sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns.items()
                ),
                sql.SQL("PRESERVE ROWS" if lasting else "DROP"),
            )
        )
        return copy(table, columns, rows, using=using)


def drop(table: str, *, using: str = "default") -> None:
    """End a lasting temporary table; fine when it is gone already."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("pg_temp", table)))


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
    return count


def analyse(table: str, *, using: str = "default") -> None:
    """Let the planner know what is in a table; the caller does so once, after a big load that joins depend on."""
    with connections[using].cursor() as cursor:
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
