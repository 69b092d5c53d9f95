"""Write a release by hand, exactly as docs/architecture.md lays it out."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

INTERACTIONS = pa.schema([
    ("person", pa.string()), ("kind", pa.string()), ("product_id", pa.int64()), ("value", pa.float64()),
    ("quantity", pa.float64()), ("currency", pa.string()), ("order_ref", pa.string()), ("channel", pa.string()),
    ("campaign_ref", pa.int64()), ("delivery_ref", pa.string()), ("occurred_at", pa.timestamp("us")),
])  # fmt: skip
PEOPLE = pa.schema([
    (name, pa.string()) for name in ("person", "language", "timezone", "country", "region", "age_band", "gender")
] + [("first_seen", pa.date32())])  # fmt: skip
PRODUCTS = pa.schema([
    ("product_id", pa.int64()), ("sku", pa.string()), ("kind", pa.string()), ("name", pa.string()),
    ("description", pa.string()), ("name_zh", pa.string()), ("category", pa.string()), ("department", pa.string()),
    ("brand", pa.string()), ("tags", pa.list_(pa.string())), ("price", pa.float64()), ("recommendable", pa.bool_()),
    ("in_stock", pa.bool_()), ("repeatable", pa.bool_()),
])  # fmt: skip
ACT: dict[str, Any] = dict.fromkeys(INTERACTIONS.names) | {
    "order_ref": "", "channel": "", "currency": "EUR", "quantity": 1.0, "delivery_ref": "",
}  # fmt: skip


def person(number: int) -> str:
    """Return a pseudonym: 32 hex digits."""
    return f"{number:032x}"


def act(who: int, kind: str, moment: datetime, **more: Any) -> dict[str, Any]:
    """Return one interaction row."""
    return ACT | {"person": person(who), "kind": kind, "occurred_at": moment} | more


def write(
    folder: Path, *, acts: list[dict[str, Any]], people: list[dict[str, Any]], products: list[dict[str, Any]]
) -> Path:
    """Write the Parquet files of a release into `folder` and return it."""
    (folder / "interactions").mkdir(parents=True)
    by_month: dict[str, list[dict[str, Any]]] = {}
    for row in acts:
        by_month.setdefault(f"{row['occurred_at']:%Y-%m}", []).append(row)
    for month, rows in by_month.items():
        rows.sort(key=lambda row: row["person"])
        pq.write_table(pa.Table.from_pylist(rows, INTERACTIONS), folder / "interactions" / f"{month}.parquet")
    pq.write_table(pa.Table.from_pylist(people, PEOPLE), folder / "people.parquet")
    pq.write_table(pa.Table.from_pylist(products, PRODUCTS), folder / "products.parquet")
    return folder
