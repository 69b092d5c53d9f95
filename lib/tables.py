"""Tables as text: the one writer of CSV, whose cells no spreadsheet takes for formulas.

A cell that could start a formula gets an apostrophe in front (OWASP, CSV injection). Numbers and telephone numbers pass
as they are: an apostrophe would damage them, and neither can call anything.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What starts a formula, or what a spreadsheet drops or folds before it looks for one."""
NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]+)?%?")
PHONE: Final = re.compile(r"\+[0-9(][0-9 ().-]{4,30}")
"""As people write them: +44 20 7946-0018, +49 (0)151 1234567."""


def guarded(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula; what is not text comes back as it is."""
    if not isinstance(cell, str) or not cell.startswith(FORMULA):
        return cell
    return cell if NUMBER.fullmatch(cell) or PHONE.fullmatch(cell) else f"'{cell}"


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(rows: Iterable[Sequence[Any]], *, end: str = "\r\n") -> Iterator[str]:
    """Yield one line of CSV, with its end, for each row; every cell is guarded."""
    writer = csv.writer(_Echo(), lineterminator=end)
    for row in rows:
        yield str(writer.writerow([guarded(cell) for cell in row]))
