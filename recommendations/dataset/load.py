"""Read events, items and people from CSV files or frames into one Dataset; every bad row is named, none is dropped."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lib.interest import WEIGHTS
from recommendations.dataset.events import ITEM_COLUMNS, ITEM_KINDS, USER_COLUMNS, Dataset
from recommendations.dataset.names import Names, Read
from recommendations.dataset.order import in_order
from recommendations.dataset.weights import weight_of

SHOWN = 5
"""How many bad rows an error lists."""
PART_ROWS = 500_000
"""Rows of a file that are held as text at one time, some 200 MB."""


@dataclass(frozen=True)
class Flaw:
    """One thing wrong in one place."""

    source: str
    line: int
    """Line in the file, the header being 1."""
    column: str
    problem: str

    def __str__(self) -> str:
        return f"{self.source} line {self.line}, column {self.column}: {self.problem}"


class BadInput(Exception):
    """The input cannot be read as it is. `flaws` lists the first bad places, `count` how many there are."""

    def __init__(self, flaws: Sequence[Flaw], count: int) -> None:
        self.flaws = list(flaws)
        self.count = count
        more = f"\n... and {count - len(self.flaws)} more" if count > len(self.flaws) else ""
        super().__init__("\n".join(str(flaw) for flaw in self.flaws) + more)


def load_files(
    interactions: Path, items: Path | None = None, users: Path | None = None, asked: Iterable[str] = ()
) -> Dataset:
    """The dataset in CSV files; ids are text, so "NA" and "007" stay what they are.

    `interactions` has user,item,kind,value,timestamp (the last three may be missing or empty: purchase, 1, no time);
    `items` has item and any of ITEM_COLUMNS; `users` has user and any of USER_COLUMNS. `asked` names people who get a
    place in the dataset even if no file knows them. Raises BadInput, naming lines and columns.
    """
    tables = _read(items) if items else None, _read(users) if users else None
    return load_parts(_read_parts(interactions), *tables, asked=asked)


def load_frames(
    interactions: pd.DataFrame,
    items: pd.DataFrame | None = None,
    users: pd.DataFrame | None = None,
    *,
    asked: Iterable[str] = (),
    weights: Mapping[str, float] = WEIGHTS,
) -> Dataset:
    """The dataset in frames with the columns that load_files() describes; cells may be text or numbers, NaN is empty.

    `weights` says how much each kind of event counts. Raises BadInput, naming lines (the first row is line 2).
    """
    return load_parts([interactions], items, users, asked=asked, weights=weights)


def load_parts(
    interactions: Iterable[pd.DataFrame],
    items: pd.DataFrame | None = None,
    users: pd.DataFrame | None = None,
    *,
    asked: Iterable[str] = (),
    weights: Mapping[str, float] = WEIGHTS,
) -> Dataset:
    """As load_frames(), the interactions coming part by part, so that their text is never held as a whole."""
    item_table = _columns(items, "items", ["item"], list(ITEM_COLUMNS))
    user_table = _columns(users, "users", ["user"], list(USER_COLUMNS))
    check = _Check()
    people, things, kinds = Names(user_table["user"]), Names(item_table["item"]), Names()
    read = Read()
    for part in interactions:
        events = _columns(part, "interactions", ["user", "item"], ["kind", "value", "timestamp"])
        for key in ("user", "item"):
            check.note("interactions", key, (events[key] == "").to_numpy(), "is empty", read.rows)
        value = check.numbers("interactions", "value", events["value"], read.rows).fillna(1.0)
        timestamp = check.times("interactions", "timestamp", events["timestamp"], read.rows)
        read.add(
            people.codes(events["user"]),
            things.codes(events["item"]),
            kinds.codes(events["kind"].replace("", "purchase")),
            value.to_numpy(np.float32),
            timestamp.to_numpy(np.float64),
        )
    for name, table, key in (("items", item_table, "item"), ("users", user_table, "user")):
        check.note(name, key, (table[key] == "").to_numpy(), "is empty")
        check.note(name, key, table[key].duplicated().to_numpy(), "appears a second time")
    odd = ~item_table["kind"].isin(["", *ITEM_KINDS]).to_numpy()
    check.note("items", "kind", odd, f"is none of {', '.join(ITEM_KINDS)}")
    price = check.numbers("items", "price", item_table["price"])
    check.done()
    people.codes(pd.Series(list(asked), dtype=object))
    user_ix, item_ix, kind_ix, values, times = read.arrays()
    kind = kinds.categorical(kind_ix)
    by_kind = np.array([weight_of(str(k), weights) for k in kind.categories], np.float32)
    item_table = item_table.assign(price=price).set_index("item")
    who, what = user_ix.astype(np.int64), item_ix.astype(np.int64)
    return Dataset(
        users=people.index,
        items=things.index,
        user_ix=who,
        item_ix=what,
        kind=kind,
        value=values,
        timestamp=times,
        weight=by_kind[kind.codes] if len(kind) else np.zeros(0, np.float32),
        item_table=_aligned(item_table, things.index),
        user_table=_aligned(user_table.set_index("user"), people.index),
        in_order=not np.isfinite(times).all() and in_order(who, what, values),
    )


def read_ids(path: Path) -> list[str]:
    """The ids in a text file, one per line, in order, each once; blank lines are skipped."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines())
    return list(dict.fromkeys(line for line in lines if line))


def _read(path: Path) -> pd.DataFrame:
    return pd.concat(list(_read_parts(path)), ignore_index=True)


def _read_parts(path: Path) -> Iterator[pd.DataFrame]:
    """The rows of a CSV file as text, so many at a time; one part without rows where there are none."""
    try:
        with pd.read_csv(
            path, dtype=str, keep_default_na=False, encoding="utf-8-sig", skip_blank_lines=False, chunksize=PART_ROWS
        ) as parts:
            yield from parts
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise BadInput([Flaw(path.name, 1, "-", f"is no readable CSV: {error}")], 1) from error


def _columns(frame: pd.DataFrame | None, source: str, needed: list[str], optional: list[str]) -> pd.DataFrame:
    """A frame of exactly these columns as stripped text; missing optional ones are empty."""
    if frame is None:
        return pd.DataFrame({name: pd.Series(dtype=str) for name in needed + optional})
    if missing := [name for name in needed if name not in frame.columns]:
        raise BadInput([Flaw(source, 1, name, "is missing from the header") for name in missing], len(missing))
    out = {}
    for name in needed + optional:
        if name not in frame.columns:
            out[name] = pd.Series("", index=range(len(frame)), dtype=object)
            continue
        column = frame[name].reset_index(drop=True)
        text = column if pd.api.types.infer_dtype(column, skipna=False) == "string" else column.map(_text)
        # stripped in one call over the whole column, not cell by cell
        out[name] = text.astype("str").str.strip().fillna("").astype(object)
    return pd.DataFrame(out)


def _text(cell: object) -> str:
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    if isinstance(cell, (list, tuple, np.ndarray)):
        return ";".join(str(part) for part in cell)
    return str(cell)


def _aligned(table: pd.DataFrame, index: pd.Index) -> pd.DataFrame:
    text = [name for name in table.columns if name != "price"]
    return table.reindex(index).fillna(dict.fromkeys(text, "")).reset_index(drop=True)


class _Check:
    """Gathers flaws over all tables, so that one run tells everything."""

    def __init__(self) -> None:
        self.flaws: list[Flaw] = []
        self.count = 0

    def note(self, source: str, column: str, bad: np.ndarray, problem: str, before: int = 0) -> None:
        """Record the rows where `bad` (rows,) is true; `before` rows of the source came in earlier parts."""
        rows = np.flatnonzero(bad)
        self.count += len(rows)
        room = max(SHOWN - len(self.flaws), 0)
        self.flaws += [Flaw(source, before + int(row) + 2, column, problem) for row in rows[:room]]

    def numbers(self, source: str, column: str, cells: pd.Series, before: int = 0) -> pd.Series:
        """Cells as floats, empty ones NaN."""
        out = pd.to_numeric(cells, errors="coerce").astype(float)
        self.note(source, column, (((out.isna()) & (cells != "")) | np.isinf(out)).to_numpy(), "is no number", before)
        return out

    def times(self, source: str, column: str, cells: pd.Series, before: int = 0) -> pd.Series:
        """Cells as seconds since 1970, from numbers or ISO 8601 text; empty ones NaN."""
        out = pd.to_numeric(cells, errors="coerce").astype(float)
        text = out.isna() & (cells != "")
        if text.any():
            moments = pd.to_datetime(cells[text], errors="coerce", utc=True, format="ISO8601")
            seconds = (moments - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
            out[text] = seconds
        bad = ((out.isna()) & (cells != "")) | np.isinf(out)
        self.note(source, column, bad.to_numpy(), "is neither seconds nor an ISO 8601 time", before)
        return out

    def done(self) -> None:
        """Raise BadInput when anything was wrong."""
        if self.count:
            raise BadInput(self.flaws, self.count)
