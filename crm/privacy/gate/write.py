"""Write the files of a release: month by month, batch by batch, sorted by pseudonym; never a whole table in memory."""

import io
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from psycopg import pq as libpq
from psycopg import sql

from crm.catalog.models import Product
from crm.privacy.gate.pseudonyms import Pseudonyms

BLOCK_BYTES = 8_000_000
"""CSV handed to the parser at once; about 80,000 interactions."""
COMPRESSION = "zstd"
MONTHLY = re.compile(r"crm_interaction_y\d{4}m\d{2}")
"""Names of partitions, as crm.interactions.partitions gives them."""
Step = Callable[[int], None]
"""Called with the number of rows just written."""

INTERACTIONS = pa.schema(
    [
        ("person", pa.string()),
        ("kind", pa.string()),
        ("product_id", pa.int64()),
        ("value", pa.float64()),
        ("quantity", pa.float64()),
        ("currency", pa.string()),
        ("order_ref", pa.string()),
        ("channel", pa.string()),
        ("campaign_ref", pa.int64()),
        ("delivery_ref", pa.string()),
        ("occurred_at", pa.timestamp("us")),
    ]
)
PEOPLE = pa.schema(
    [(name, pa.string()) for name in ("person", "language", "timezone", "country", "region", "age_band", "gender")]
    + [("first_seen", pa.date32())]
)
PRODUCTS = pa.schema(
    [("product_id", pa.int64())]
    + [
        (name, pa.string())
        for name in ("sku", "kind", "name", "description", "name_zh", "category", "department", "brand")
    ]
    + [("tags", pa.list_(pa.string())), ("price", pa.float64())]
    + [(name, pa.bool_()) for name in ("recommendable", "in_stock", "repeatable")]
)

# What leaves is named here, column by column; free text and `properties` are not.
_ACTS = sql.SQL(
    "COPY (SELECT p.rank, i.kind, i.product_id, i.value, i.quantity, i.currency, i.order_id, i.channel, "
    "i.campaign_ref, i.delivery_ref, i.occurred_at AT TIME ZONE 'UTC' FROM {partition} i "
    "JOIN gate_people p ON p.customer_id = i.customer_id WHERE i.occurred_at <= {as_of} "
    "ORDER BY p.rank, i.occurred_at, i.id) TO STDOUT (FORMAT csv)"
)
_WHO = (
    "COPY (SELECT p.rank, c.language, c.timezone, c.country, c.region, c.age_band, c.gender, "
    "date_trunc('week', c.first_seen AT TIME ZONE 'UTC')::date FROM gate_people p "
    "JOIN crm_customer c ON c.id = p.customer_id ORDER BY p.rank) TO STDOUT (FORMAT csv)"
)


def months() -> list[tuple[date, str]]:
    """Return (first day, name of the partition) of every month the table of interactions has, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid "
            "WHERE h.inhparent = 'crm_interaction'::regclass"
        )
        names = [row[0] for row in cursor.fetchall()]
    return sorted((date(int(name[-7:-3]), int(name[-2:]), 1), name) for name in names if MONTHLY.fullmatch(name))


def expected() -> int:
    """Return roughly how many interactions there are, as the database's statistics have it; for progress only."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint FROM pg_inherits h "
            "JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = 'crm_interaction'::regclass"
        )
        return int(cursor.fetchone()[0])


def interactions(folder: Path, persons: pa.Array, names: Pseudonyms, as_of: datetime, step: Step) -> dict[str, int]:
    """Write `<YYYY-MM>.parquet` for each month somebody of the release acted in; return file name → rows."""
    written: dict[str, int] = {}
    types = {
        "rank": pa.int32(),
        **{field.name: field.type for field in INTERACTIONS if field.name != "person"},
    }
    for month, partition in months():
        statement = _ACTS.format(partition=sql.Identifier(partition), as_of=sql.Literal(as_of.astimezone(UTC)))
        file = folder / f"{month:%Y-%m}.parquet"
        blocks = (_pseudonymised(block, persons, names) for block in _parsed(statement, types))
        if rows := _write(file, INTERACTIONS, blocks):
            written[file.name] = rows
            # Between months, because the connection is busy with the copy until a month is read.
            step(rows)
    return written


def people(file: Path, persons: pa.Array) -> int:
    """Write the coarse attributes of everyone in the release; return how many."""
    types = {"rank": pa.int32(), **{field.name: field.type for field in PEOPLE if field.name != "person"}}
    blocks = (
        pa.table([persons.take(block.column("rank")), *block.columns[1:]], schema=PEOPLE)
        for block in _parsed(sql.SQL(_WHO), types)
    )
    return _write(file, PEOPLE, blocks, empty=True)


def products(file: Path) -> int:
    """Write every product; return how many."""

    def blocks() -> Iterator[pa.Table]:
        batch: list[dict[str, object]] = []
        products: QuerySet[Product] = Product._base_manager.order_by("id")
        for product in products.iterator(chunk_size=5_000):
            batch.append(_product(product))
            if len(batch) == 5_000:
                yield pa.Table.from_pylist(batch, schema=PRODUCTS)
                batch = []
        if batch:
            yield pa.Table.from_pylist(batch, schema=PRODUCTS)

    return _write(file, PRODUCTS, blocks(), empty=True)


def _product(product: Product) -> dict[str, object]:
    translated = product.translations.get("zh-hans") or {}
    row = {
        name: getattr(product, name)
        for name in ("sku", "kind", "name", "description", "category", "department", "brand", "tags")
    }
    return row | {
        "product_id": product.pk,
        "name_zh": str(translated.get("name") or ""),
        "price": None if product.price is None else float(product.price),
        "recommendable": product.recommendable,
        "in_stock": product.stock is None or product.stock > 0,
        "repeatable": product.repeatable,
    }


def _pseudonymised(block: pa.Table, persons: pa.Array, names: Pseudonyms) -> pa.Table:
    columns = {name: block.column(name) for name in block.column_names}
    columns["person"] = persons.take(block.column("rank"))
    columns["order_ref"] = _hashed(block.column("order_ref"), names.order)
    columns["delivery_ref"] = _hashed(block.column("delivery_ref"), names.delivery)
    return pa.table([columns[field.name] for field in INTERACTIONS], schema=INTERACTIONS)


def _hashed(column: pa.ChunkedArray, name: Callable[[str], str]) -> pa.Array:
    # Through a dictionary, because the lines of one order share its id.
    coded = pc.dictionary_encode(pc.fill_null(column, "").combine_chunks())
    hashed = pa.array([name(value) for value in coded.dictionary.to_pylist()], pa.string())
    return hashed.take(coded.indices)


def _parsed(statement: sql.Composable, types: dict[str, pa.DataType]) -> Iterator[pa.Table]:
    """Yield what a COPY … TO STDOUT (FORMAT csv) answers, as tables of bounded size."""
    reading = pacsv.ReadOptions(column_names=list(types), use_threads=False, block_size=2 * BLOCK_BYTES)
    # Nothing is null, a quoted nothing is an empty word: that is how COPY writes them.
    converting = pacsv.ConvertOptions(
        column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
    )
    parsing = pacsv.ParseOptions(newlines_in_values=True)
    for block in _blocks(statement):
        yield pacsv.read_csv(block, reading, parsing, converting)


def _blocks(statement: sql.Composable) -> Iterator[io.BytesIO]:
    # libpq's own calls: the driver's copy object costs six times as much for each row, and rows come one by one.
    connection.ensure_connection()
    driver = connection.connection
    link = driver.pgconn
    answer = link.exec_(statement.as_bytes(driver))
    if answer.status != libpq.ExecStatus.COPY_OUT:
        raise DatabaseError(answer.get_error_message())
    held: list[bytes] = []
    size, got = 0, (0, memoryview(b""))
    try:
        while (got := link.get_copy_data(0))[0] > 0:
            held.append(bytes(got[1]))
            size += got[0]
            if size >= BLOCK_BYTES:
                yield io.BytesIO(b"".join(held))
                held, size = [], 0
        if held:
            yield io.BytesIO(b"".join(held))
    finally:
        # The connection is of use again only when everything was read, whoever lost interest.
        while got[0] > 0:
            got = link.get_copy_data(0)
        failure = ""
        while (ending := link.get_result()) is not None:
            if ending.status == libpq.ExecStatus.FATAL_ERROR:
                failure = ending.get_error_message()
        if failure:
            raise DatabaseError(failure)


def _write(file: Path, schema: pa.Schema, blocks: Iterator[pa.Table], *, empty: bool = False) -> int:
    """Write the blocks as one file with mode 0600; without a row no file, unless `empty` files are wanted."""
    rows, writer = 0, None
    try:
        for block in blocks:
            writer = writer or _open(file, schema)
            writer.write_table(block)
            rows += block.num_rows
        if writer is None and empty:
            writer = _open(file, schema)
    finally:
        if writer is not None:
            writer.close()
    return rows


def _open(file: Path, schema: pa.Schema) -> pq.ParquetWriter:
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return pq.ParquetWriter(file, schema, compression=COMPRESSION)
