"""Products in bulk: new ones added, known ones brought up to date."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from psycopg import sql

from crm.changes.tell import Topic, tell
from lib import copying

COLUMNS = {
    "sku": "varchar(120)",
    "kind": "varchar(10)",
    "name": "varchar(200)",
    "description": "text",
    "translations": "jsonb",
    "category": "varchar(200)",
    "department": "varchar(80)",
    "brand": "varchar(120)",
    "tags": "varchar(60)[]",
    "price": "numeric(12, 2)",
    "currency": "varchar(3)",
    "stock": "integer",
    "url": "varchar(500)",
    "image_url": "varchar(500)",
    "recommendable": "boolean",
    "repeatable": "boolean",
    "attributes": "jsonb",
}
DEFAULTS: dict[str, Any] = {
    "kind": "product",
    "name": "",
    "description": "",
    "translations": {},
    "category": "",
    "department": "",
    "brand": "",
    "tags": [],
    "price": None,
    "currency": "",
    "stock": None,
    "url": "",
    "image_url": "",
    "recommendable": True,
    "repeatable": False,
    "attributes": {},
}
STEP = " > "
MERGED = {"translations", "attributes"}  # JSON: what the rows do not name stays


def department_of(category: str) -> str:
    """Return the first step of a category path."""
    return category.partition(STEP)[0][:80]


def upsert_products(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Add or update products by sku; return (added, changed). Rows that change nothing count as neither.

    Every row holds `sku` and any of COLUMNS; columns that no row names stay as they are on products that exist. Of two
    rows with one sku the last counts. A department is worked out from the category where it is not given.
    """
    named = {name for row in rows for name in row} & COLUMNS.keys()
    if "category" in named:
        named.add("department")
    return _write(rows, named - {"sku"})


def add_bare(rows: Sequence[Mapping[str, Any]]) -> int:
    """Add products of which only an event told us; those that exist stay as they are. Return how many were added."""
    return _write(rows, set())[0]


@transaction.atomic
def _write(rows: Sequence[Mapping[str, Any]], update: set[str]) -> tuple[int, int]:
    latest = {row["sku"]: row for row in rows}
    copying.stage("stage_product", COLUMNS, (_values(latest[sku]) for sku in sorted(latest)))
    names = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    action: sql.Composable = sql.SQL("NOTHING")
    if update:
        action = sql.SQL("UPDATE SET {}, updated_at = now() WHERE ({}) IS DISTINCT FROM ({})").format(
            sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(name), _new(name)) for name in sorted(update)),
            sql.SQL(", ").join(sql.Identifier("p", name) for name in sorted(update)),
            sql.SQL(", ").join(_new(name) for name in sorted(update)),
        )
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "WITH written AS (INSERT INTO crm_product AS p ({names}, created_at, updated_at)"
                " SELECT {names}, now(), now() FROM stage_product ON CONFLICT (sku) DO {action}"
                " RETURNING p.id, p.xmax = 0 AS added)"
                " SELECT count(*) FILTER (WHERE added), count(*), array_agg(id) FROM written"
            ).format(names=names, action=action)
        )
        added, touched, ids = cursor.fetchone()
    if touched:
        tell(Topic.PRODUCTS, facts=ids)
    return int(added), int(touched - added)


def _new(name: str) -> sql.Composed:
    form = "p.{0} || excluded.{0}" if name in MERGED else "excluded.{0}"
    return sql.SQL(form).format(sql.Identifier(name))


def _values(row: Mapping[str, Any]) -> list[Any]:
    full = {**DEFAULTS, **row}
    full["department"] = full["department"] or department_of(full["category"])
    values = []
    for name in COLUMNS:
        value = full[name]
        if name in MERGED:
            value = json.dumps(value, ensure_ascii=False)
        elif isinstance(value, str):
            limit = COLUMNS[name].partition("(")[2].rstrip(")")
            value = value[: int(limit)] if limit and name != "sku" else value
        values.append(value)
    return values
