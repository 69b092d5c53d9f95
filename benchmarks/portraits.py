"""What a portrait costs beside the cheapest question over the same files: how many acts has each person?

Prints people a second of the portrait's statement over a release of 100,000 people and about 2 million acts, of a plain
`count(*) GROUP BY person` in the same run, and their ratio.
"""

import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("VAR_DIR", str(Path(__file__).resolve().parent.parent / "var" / "bench"))

import django
import duckdb

PEOPLE, ACTS = 100_000, 2_000_000


def write(folder: Path) -> None:
    """Write a release's three tables, made up, in the gate's layout."""
    (folder / "interactions").mkdir()
    with duckdb.connect() as duck:
        duck.execute("SET threads = 2; SET memory_limit = '4GB'; SELECT setseed(0.5)")
        duck.execute(f"CREATE TABLE n AS SELECT * FROM range({ACTS}) t(i)")
        duck.execute(
            f"""
            COPY (
                SELECT printf('%032x', cast(floor(random() * {PEOPLE}) AS BIGINT)) AS person,
                       CASE WHEN random() < 0.5 THEN 'order' ELSE 'view' END AS kind,
                       1 + cast(floor(random() * 5000) AS BIGINT) AS product_id, round(random() * 80, 2) AS value,
                       1.0::DOUBLE AS quantity, 'EUR' AS currency, printf('%016x', i // 3) AS order_ref,
                       'web' AS channel,
                       NULL::BIGINT AS campaign_ref, '' AS delivery_ref,
                       TIMESTAMP '2026-11-01' - to_seconds(cast(random() * 40000000 AS BIGINT)) AS occurred_at
                FROM n ORDER BY person
            ) TO '{folder}/interactions/2026-10.parquet' (FORMAT parquet, COMPRESSION zstd)
            """
        )
        duck.execute(
            f"""
            COPY (SELECT printf('%032x', i) AS person, 'en' AS language, 'Europe/Berlin' AS timezone, 'DE' AS country,
                  '' AS region, '' AS age_band, '' AS gender, DATE '2025-01-06' AS first_seen FROM range({PEOPLE}) t(i))
            TO '{folder}/people.parquet' (FORMAT parquet)
            """
        )
        duck.execute(
            f"""
            COPY (SELECT i AS product_id, printf('P%d', i) AS sku, 'product' AS kind, 'Thing' AS name,
                  '' AS description,
                  '' AS name_zh, printf('D%d', i % 8) AS category, printf('D%d', i % 8) AS department, 'B' AS brand,
                  ['t'] AS tags, (i % 90)::DOUBLE AS price, true AS recommendable, true AS in_stock, false AS repeatable
                  FROM range(1, 5001) t(i))
            TO '{folder}/products.parquet' (FORMAT parquet)
            """
        )


def main() -> None:
    """Measure and print."""
    django.setup()
    from lib.engine.duckdb import DuckEngine  # noqa: PLC0415  (settings first)
    from segmentation.portraits.sketch import sketch  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        with duckdb.connect() as duck:
            duck.execute("SET threads = 2")
            started = time.perf_counter()
            question = f"SELECT person, count(*) FROM '{folder}/interactions/*.parquet' GROUP BY person"
            duck.execute(question).to_arrow_table()
            plain = time.perf_counter() - started
        started = time.perf_counter()
        painted = 0
        with DuckEngine(folder / "spill") as engine:
            for batch in sketch(engine, folder, datetime(2026, 11, 1, tzinfo=UTC), lambda *told: None):
                painted += batch.num_rows
        whole = time.perf_counter() - started
    print(f"count(*) a person   {PEOPLE / plain:>10,.0f} people/s")
    print(f"portraits           {painted / whole:>10,.0f} people/s (33 features and three scores)")
    print(f"ratio               {whole / plain:>10.1f} times the cost of counting")


if __name__ == "__main__":
    main()
