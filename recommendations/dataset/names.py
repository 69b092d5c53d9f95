"""Texts as numbers, part by part: twenty million rows of ids are held as four bytes each, every name once."""

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from recommendations.dataset.arrays import Doubles, Floats

Codes: TypeAlias = npt.NDArray[np.int32]


class Names:
    """Numbers texts from 0 in the order in which they are first met."""

    def __init__(self, first: Iterable[str] = ()) -> None:
        self._place = {name: at for at, name in enumerate(dict.fromkeys(first))}

    def codes(self, column: pd.Series) -> Codes:
        """The number of each text of `column`, new ones numbered on, shape of `column`."""
        local, found = pd.factorize(column.to_numpy(object))
        place = self._place
        known = np.array([place.setdefault(name, len(place)) for name in found.tolist()], np.int32)
        return known[local] if len(known) else np.zeros(0, np.int32)

    @property
    def index(self) -> pd.Index:
        """The texts by number."""
        return pd.Index(list(self._place), dtype=object)

    def categorical(self, codes: Codes) -> "pd.Categorical[Any]":
        """`codes` as a categorical whose categories are sorted."""
        names = list(self._place)
        order = sorted(range(len(names)), key=names.__getitem__)
        rank = np.empty(len(names), np.int64)
        rank[order] = np.arange(len(names))
        categories = pd.Index([names[at] for at in order], dtype=object)
        return pd.Categorical.from_codes(rank[codes], categories)


class Read:
    """The columns of what has been read so far."""

    def __init__(self) -> None:
        self.rows = 0
        self._parts: list[tuple[Codes, Codes, Codes, Floats, Doubles]] = []

    def add(self, users: Codes, items: Codes, kinds: Codes, values: Floats, times: Doubles) -> None:
        """Append the columns of a part, each of shape (rows,)."""
        self.rows += len(users)
        self._parts.append((users, items, kinds, values, times))

    def arrays(self) -> tuple[Codes, Codes, Codes, Floats, Doubles]:
        """Users, items, kinds, values and times of all parts; the parts are given up."""
        empty = tuple(np.zeros(0, kind) for kind in (np.int32, np.int32, np.int32, np.float32, np.float64))
        parts, self._parts = [empty, *self._parts], []
        users, items, kinds, values, times = (np.concatenate(column) for column in zip(*parts, strict=True))
        return users, items, kinds, values, times
