"""What is known of items and people besides behaviour, as numbers of words: one column per field, 0 for unknown."""

import numpy as np
import pandas as pd

from recommendations.dataset.arrays import Ints
from recommendations.dataset.events import Dataset

PRICE_BANDS = 10
"""Parts of equally many items that prices are cut into."""
AGE_BAND = 10
"""Years of birth that count as one word."""
PEOPLE_FIELDS = ("gender", "birth_year", "country", "extra")


def item_fields(dataset: Dataset) -> tuple[Ints, int]:
    """Words of every item: category, department, brand and price band; (items, fields) and how many words there are.

    Numbers run through all fields and start at 1. A field with nearly as many words as items is left out: it would
    only be another name of the item.
    """
    table = dataset.item_table
    category = table["category"].astype(str)
    columns = [
        category.str.strip(),
        category.str.partition(">")[0].str.strip(),
        table["brand"].astype(str),
        _bands(table["price"]),
    ]
    if (columns[0] == columns[1]).all():
        del columns[1]
    return _numbered(columns, dataset.n_items)


def people_fields(dataset: Dataset) -> tuple[Ints, int]:
    """Words of every person: gender, decade of birth, country and group; (people, fields) and how many there are."""
    table = dataset.user_table
    columns = [table[name].astype(str) for name in PEOPLE_FIELDS]
    year = pd.to_numeric(columns[1].str.extract(r"^(\d{4})", expand=False), errors="coerce")
    columns[1] = _words(year // AGE_BAND)
    return _numbered(columns, dataset.n_users)


def _bands(price: "pd.Series[float]") -> "pd.Series[str]":
    """The band of each price, empty where unknown; equal prices share a band."""
    rank = price.rank(method="average", pct=True)
    return _words((rank * PRICE_BANDS).apply(np.ceil))


def _words(numbers: "pd.Series[float]") -> "pd.Series[str]":
    return numbers.map(lambda number: "" if pd.isna(number) else str(int(number))).astype(str)


def _numbered(columns: "list[pd.Series[str]]", rows: int) -> tuple[Ints, int]:
    kept, start = [np.zeros((rows, 0), np.int64)], 1
    for column in columns:
        words = sorted(set(column) - {""})
        if not words or len(words) > max(2, rows // 3):
            continue
        number = {word: start + at for at, word in enumerate(words)}
        kept.append(np.array([[number.get(word, 0)] for word in column], np.int64).reshape(rows, 1))
        start += len(words)
    return np.concatenate(kept, axis=1), start - 1
