"""Rows as text, line by line: CSV that no spreadsheet takes for a formula, and NDJSON."""

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Characters that start a formula in a spreadsheet (OWASP, CSV injection)."""


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(columns: Iterable[str], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield a header and one line for each row; a value that could be a formula gets an apostrophe in front."""
    names = list(columns)
    writer = csv.writer(_Echo())
    yield str(writer.writerow(names))
    for row in rows:
        yield str(writer.writerow([_safe(row.get(name, "")) for name in names]))


def ndjson_lines(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield one JSON object and a line end for each row."""
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
