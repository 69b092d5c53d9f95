"""Members as text, line by line: CSV with a header, and NDJSON."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from lib import tables


def csv_lines(columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield a header and one line for each row; no cell is one a spreadsheet takes for a formula."""
    names = list(columns)
    yield from tables.csv_lines([names])
    yield from tables.csv_lines([row.get(name, "") for name in names] for row in rows)


def ndjson_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield one JSON object and a line end for each row."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"
