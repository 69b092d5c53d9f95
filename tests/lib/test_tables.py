"""One guard for every file that leaves: no cell is a formula, numbers and telephone numbers stay what they are."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.tables import FORMULA, NUMBER, PHONE, csv_lines, guarded

HERE = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "text",
    ["+4915123456789", "+44 20 7946 0018", "+49 (0)151-123.45", "-12.50", "+7", "-1,234.5", "1e6", "-20%", "Ada"],
)
def test_numbers_and_telephone_numbers_leave_as_they_are(text: str) -> None:
    assert guarded(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "@SUM(1)", "+cmd|x", "-2+3|y", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(1)", "+1+1", "-",
        "+49 151 1234567\n=1", "+123456=1",
    ],
)  # fmt: skip
def test_cells_that_begin_like_formulas_leave_harmless(text: str) -> None:
    assert guarded(text) == f"'{text}"


@given(st.lists(st.lists(st.text(), min_size=1), min_size=1))
def test_a_reader_gets_back_what_was_written_and_no_cell_that_computes(rows: list[list[str]]) -> None:
    text = "".join(csv_lines(rows))
    back = list(csv.reader(io.StringIO(text, newline="")))
    assert back == [[guarded(cell) for cell in row] for row in rows]
    for cell in (cell for row in back for cell in row if cell.startswith(FORMULA)):
        assert NUMBER.fullmatch(cell) or PHONE.fullmatch(cell)


def test_what_is_not_text_is_written_as_it_is() -> None:
    assert list(csv_lines([[-3, None, 0.5]])) == ["-3,,0.5\r\n"]


def test_nothing_else_writes_a_file_that_leaves() -> None:
    # The demo's files are read by the importer, not by a spreadsheet.
    apps = ["campaigns", "crm", "recommendations", "segmentation", "workspace", "config", "lib"]
    written = [
        str(path.relative_to(HERE))
        for app in apps
        for path in (HERE / app).rglob("*.py")
        if re.search(r"csv\.(Dict)?[wW]riter\(", path.read_text(encoding="utf-8")) and "demo" not in path.parts
    ]
    assert written == ["lib/tables.py"]
