"""Any CSV: find out how it is written, read it row by row, and write back the rows that could not go in."""

import codecs
import csv
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from lib.tables import csv_lines

DELIMITERS = (",", ";", "\t", "|")
SAMPLE_BYTES = 1 << 20
MAX_COLUMNS = 500
MAX_CELL = 1_000_000
UNREADABLE = "replace"
"""What becomes of half a character, which a mark at the beginning lets pass: its cell says so, its neighbours go in."""
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# The two-byte characters of everyday Chinese (GB 2312); both bytes are high, which accents of Latin text seldom are.
CHINESE = re.compile(rb"(?:[\xa1-\xf7][\xa1-\xfe])+")
HIGH = re.compile(rb"[\x80-\xff]")


class UnreadableFile(Exception):
    """The file cannot be read as a CSV; the message says why."""


@dataclass(frozen=True)
class Dialect:
    """How a file is written."""

    encoding: str
    delimiter: str


@dataclass(frozen=True, slots=True)
class FileRow:
    """One record: the line it ends on, its cells, and why it cannot be used (empty when it can)."""

    line: int
    cells: list[str]
    problem: str = ""


def sniff(path: Path, *, max_bytes: int) -> Dialect:
    """Find out the encoding and the delimiter of a file.

    Raises UnreadableFile for a file that is empty, too large, or binary.
    """
    size = path.stat().st_size
    if size == 0:
        raise UnreadableFile("The file is empty.")
    if size > max_bytes:
        raise UnreadableFile(f"The file has {size:,} bytes; at most {max_bytes:,} are allowed.")
    encoding = _encoding(path)
    with path.open(encoding=encoding, errors=UNREADABLE, newline="") as stream:
        sample = stream.read(SAMPLE_BYTES)
    if "\x00" in sample:
        raise UnreadableFile("The file holds zero bytes: it is not text.")
    return Dialect(encoding, _delimiter(sample))


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        start = stream.read(SAMPLE_BYTES)
    for mark, name in BOMS:
        if start.startswith(mark):
            return name
    if _decodes(path, "utf-8"):
        return "utf-8"
    high = len(HIGH.findall(start))
    chinese = sum(len(found) for found in CHINESE.findall(start))
    return "gb18030" if chinese >= 0.8 * high and _decodes(path, "gb18030") else "latin-1"


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(SAMPLE_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(sample: str) -> str:
    lines = sample.splitlines(keepends=True)[:200]
    best, score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        try:
            widths = [len(row) for row in islice(csv.reader(lines, delimiter=delimiter), 50) if row]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        even = sum(width == widths[0] for width in widths) / len(widths)
        if (even, widths[0]) > score:
            best, score = delimiter, (even, widths[0])
    return best


def read(path: Path, dialect: Dialect) -> Iterator[FileRow]:
    """Yield every record, the header first. A record of another width than the header is yielded with its problem.

    Raises UnreadableFile when the header has more than 500 columns, or names one twice.
    """
    csv.field_size_limit(MAX_CELL)
    with path.open(encoding=dialect.encoding, errors=UNREADABLE, newline="") as stream:
        reader = csv.reader(stream, delimiter=dialect.delimiter)
        width = 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield FileRow(reader.line_num, [], "A cell is too long; a quote may have been opened and never closed.")
                continue
            if not cells or (len(cells) == 1 and not cells[0].strip()):
                continue
            if not width:
                width = len(cells)
                yield FileRow(reader.line_num, _header(cells))
            elif len(cells) != width:
                yield FileRow(reader.line_num, cells, f"The row has {len(cells)} cells, the header {width}.")
            else:
                yield FileRow(reader.line_num, cells)


def _header(cells: list[str]) -> list[str]:
    if len(cells) > MAX_COLUMNS:
        raise UnreadableFile(f"The file has {len(cells)} columns; at most {MAX_COLUMNS} are allowed.")
    names = [cell.strip().lstrip("\ufeff") or f"column {number}" for number, cell in enumerate(cells, 1)]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise UnreadableFile("The header names a column twice.")
    return names


def normal(name: str) -> str:
    """Return a header in the form in which headers are compared: lower case, words joined by underscores."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def columns(header: Sequence[str], mapping: dict[str, str], ours: Sequence[str]) -> dict[str, int]:
    """Return our column → position in the file, by the mapping (their header → our column), else by equal names.

    A header mapped to the empty word is left out. `ours` are the columns there are; a mapped name may also start with
    `attributes.`.
    Raises UnreadableFile for a mapping that names a column neither side has.
    """
    places = {normal(name): place for place, name in enumerate(header)}
    mapped = {normal(theirs) for theirs in mapping}
    found = {name: places[name] for name in ours if name in places and name not in mapped}
    for theirs, name in mapping.items():
        if normal(theirs) not in places:
            raise UnreadableFile(f"The mapping names a column the file does not have: {theirs}")
        if name and name not in ours and not name.startswith("attributes."):
            raise UnreadableFile(f"There is no column {name} to map to.")
        if name:
            found[name] = places[normal(theirs)]
    return found


class Rejects:
    """The file of rows that did not go in: the original columns, then line, column, reason. Made at the first one.

    `size` bytes of an earlier worker's file are kept, which hold the rows that `reasons` counts.
    """

    def __init__(self, path: Path, header: Sequence[str], size: int = 0, reasons: dict[str, int] | None = None) -> None:
        self.path, self.header, self.size = path, list(header), size
        self.reasons: dict[str, int] = dict(reasons or {})
        self.count = sum(self.reasons.values())
        self._stream: TextIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._stream is not None:
            self._stream.close()

    def add(self, line: int, cells: Sequence[str], column: str, reason: str) -> None:
        """Write one row back, with the line it ends on, the column at fault and why."""
        if self._stream is None:
            self._stream = self._open()
        padded = [*cells[: len(self.header)], *[""] * (len(self.header) - len(cells))]
        self._stream.writelines(csv_lines([[*padded, line, column, reason]]))
        self.count += 1
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def _open(self) -> TextIO:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.size and self.path.is_file():
            self.cut(self.size)
            stream = self.path.open("a", encoding="utf-8", newline="")
        else:
            self.size, stream = 0, self.path.open("w", encoding="utf-8-sig", newline="")
        # Rejected rows hold whatever the file held, addresses too.
        self.path.chmod(0o600)
        if not self.size:
            stream.writelines(csv_lines([[*self.header, "line", "column", "reason"]]))
        return stream

    def flush(self) -> int:
        """Bring what was written to disk, and return how long the file is; 0 while nothing was rejected."""
        if self._stream is None:
            return self.size
        self._stream.flush()
        os.fsync(self._stream.fileno())
        return self.path.stat().st_size

    def cut(self, size: int) -> None:
        """Take back what was written after the file was `size` bytes long."""
        if self._stream is not None:
            self._stream.flush()
        if self.path.is_file() and self.path.stat().st_size > size:
            os.truncate(self.path, size)
