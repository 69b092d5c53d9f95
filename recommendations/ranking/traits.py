"""What the re-ranker knows besides the views: traits of the item, of the person, and of the two together.

Item traits are worked out once per training from a dataset (`ItemFeatures.of`); a person's are read off the history
handed in at scoring time, so that what happened since the training counts at once.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from recommendations.dataset.arrays import Bools, Csr, Doubles, Floats, Ints, csr, find
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import DAY, History

Arrays = dict[str, npt.NDArray[Any]]

HALF_LIVES = (3.0, 7.0, 30.0, 90.0)
TRENDS = ((3.0, 30.0), (7.0, 30.0), (7.0, 90.0), (30.0, 90.0))
"""Pairs of half-lives in days; the log ratio of their rates says whether an item rises or falls."""
QUIET = 0.01
"""Events a day added to both rates of a trend: an item nobody takes has none."""
LATELY = 0.1
"""Share of the history within which the weight of a person's recent acts falls to 1/e."""
SMOOTH = 5.0
"""So many average acts are added to a person's before his share of a category is believed."""
SPREAD = 0.3
"""Log price by which everybody's spending is taken to vary, on top of what the person's own acts show."""
PAST = ("own_since", "own_count", "own_baskets", "own_rhythm")
"""Traits of the person's own past with the item; NaN for an item that is new to him."""


@dataclass(frozen=True)
class ItemFeatures:
    """Traits of every item, each of shape (items,)."""

    traits: dict[str, Floats]
    """By name: popularity, and where there are times age, idle days and trends."""
    groups: dict[str, Ints]
    """Numbers of the item's `category` and `brand`, -1 for none; only those that tell at least two apart."""
    usual: dict[str, Doubles]
    """Share of all acts per number of each group, shape (numbers,)."""
    price: Doubles
    """Log price, NaN where unknown."""
    now: float
    """Seconds of the newest event; NaN without time."""

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """The traits that `dataset` shows."""
        history = dataset.history
        traits = {"popularity": np.log1p(np.bincount(history.indices, minlength=dataset.n_items)).astype(np.float32)}
        if dataset.timed and dataset.liked.any():
            traits |= _in_time(dataset)
        groups, usual = {}, {}
        for name in ("category", "brand"):
            numbers = _numbers(dataset.item_table[name])
            if numbers.max(initial=-1) < 1:
                continue
            taken = numbers[history.indices]
            counts = np.bincount(taken[taken >= 0], minlength=int(numbers.max()) + 1)
            groups[name] = numbers
            usual[name] = (counts + 1.0) / (counts.sum() + len(counts))
        price = dataset.item_table["price"].to_numpy(np.float64)
        return cls(traits, groups, usual, np.log(np.where(price > 0, price, np.nan)), history.now)

    def describe(self, rows: History, items: Ints, seen: Bools) -> tuple[tuple[str, ...], Floats]:
        """Names of all traits, and their values for the cells `items` (people, width), shape (traits, people, width).

        `rows` is the history of the same people; `seen` says which cells they have already. Padded cells (-1) hold
        something, which nobody may read.
        """
        at = np.maximum(items, 0)
        out = {name: values[at] for name, values in self.traits.items()}
        person = np.repeat(np.arange(rows.n_users), rows.lengths)
        out |= self._person(rows, person, out["popularity"])
        for name in self.groups:
            out |= self._group(name, rows, person, at)
        if np.isfinite(self.price).any():
            out |= self._price(rows, person, at)
        if rows.timed:
            out |= _own_past(rows, at, seen, rows.now)
        return tuple(out), np.stack([np.broadcast_to(values, items.shape) for values in out.values()]).astype(
            np.float32
        )

    def _person(self, rows: History, person: Ints, popularity: Floats) -> dict[str, Any]:
        mainstream = _mean(self.traits["popularity"][rows.indices], person, rows.n_users)[:, None]
        out = {
            "history": np.log1p(rows.lengths)[:, None],
            "mainstream": mainstream,
            "off_mainstream": popularity - mainstream,
        }
        if rows.timed:
            last = np.full(rows.n_users, np.nan)
            np.fmax.at(last, person, rows.last)
            out["person_idle"] = np.log1p((rows.now - last) / DAY)[:, None]
        return out

    def _group(self, name: str, rows: History, person: Ints, at: Ints) -> dict[str, Any]:
        """Share of the person's acts in the item's group, of the recent ones, and how far it exceeds everybody's."""
        numbers, usual = self.groups[name], self.usual[name]
        mine = numbers[at]
        inside = mine >= 0
        usual_here = usual[np.maximum(mine, 0)]
        counts = _per_group(numbers, rows.pairs, len(usual))
        taken = np.where(inside, _cells(counts, np.maximum(mine, 0)), 0)
        total = rows.lengths[:, None]
        fresh = rows.recent(LATELY)
        recent = np.where(inside, _cells(_per_group(numbers, fresh, len(usual)), np.maximum(mine, 0)), 0)
        weight = np.maximum(np.asarray(fresh.sum(axis=1)).reshape(-1, 1), 1e-9)
        return {
            f"{name}_share": taken / np.maximum(total, 1),
            f"{name}_recent": recent / weight,
            f"{name}_lift": np.log((taken + SMOOTH * usual_here) / ((total + SMOOTH) * usual_here)),
        }

    def _price(self, rows: History, person: Ints, at: Ints) -> dict[str, Any]:
        own = self.price[rows.indices]
        known = np.isfinite(own)
        usual = _mean(own[known], person[known], rows.n_users)
        apart = np.sqrt(_mean((own[known] - usual[person[known]]) ** 2, person[known], rows.n_users)) + SPREAD
        gap = self.price[at] - usual[:, None]
        return {"price": self.price[at], "price_gap": gap, "price_misfit": np.abs(gap) / apart[:, None]}

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Arrays and plain values that from_artifacts() takes back."""
        arrays: Arrays = {f"trait_{name}": values for name, values in self.traits.items()}
        arrays |= {f"group_{name}": values for name, values in self.groups.items()}
        arrays |= {f"usual_{name}": values for name, values in self.usual.items()} | {"price": self.price}
        now = None if np.isnan(self.now) else self.now
        return arrays, {"traits": list(self.traits), "groups": list(self.groups), "now": now}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The traits that artifacts() described."""
        return cls(
            {name: arrays[f"trait_{name}"] for name in values["traits"]},
            {name: arrays[f"group_{name}"] for name in values["groups"]},
            {name: arrays[f"usual_{name}"] for name in values["groups"]},
            arrays["price"],
            float("nan") if values["now"] is None else values["now"],
        )


def _in_time(dataset: Dataset) -> dict[str, Floats]:
    """Age in days since the first act, idle days since the last, and trends, all on a log scale."""
    keep = dataset.liked
    item, when = dataset.item_ix[keep], dataset.timestamp[keep]
    now, n = float(when.max()), dataset.n_items
    first, last = np.full(n, now), np.full(n, float(when.min()))
    np.minimum.at(first, item, when)
    np.maximum.at(last, item, when)
    rate = {
        half_life: np.bincount(item, np.exp2(-(now - when) / (DAY * half_life)), minlength=n) / half_life
        for half_life in HALF_LIVES
    }
    out = {"age": np.log1p((now - first) / DAY), "idle": np.log1p((now - last) / DAY)}
    for short, long in TRENDS:
        out[f"trend_{short:g}_{long:g}"] = np.log((rate[short] + QUIET) / (rate[long] + QUIET))
    return {name: values.astype(np.float32) for name, values in out.items()}


def _numbers(column: pd.Series) -> Ints:
    """A number per value, -1 for the empty one, shape of `column`."""
    text = column.astype(str)
    numbers, _ = pd.factorize(text.where(text != "", None))
    return numbers.astype(np.int64)


def _mean(values: npt.NDArray[Any], person: Ints, n: int) -> Doubles:
    """Mean of `values` per person, NaN for those without any, shape (n,)."""
    counts = np.bincount(person, minlength=n)
    total = np.bincount(person, values, minlength=n)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def _per_group(numbers: Ints, weights: Csr, n_groups: int) -> Csr:
    """Weights (people x items) summed over the items of each group, people x groups."""
    known = np.flatnonzero(numbers >= 0)
    starts = np.zeros(len(numbers) + 1, np.int64)
    starts[1:] = np.cumsum(numbers >= 0)
    member = csr(np.ones(len(known)), numbers[known], starts, (len(numbers), n_groups))
    out: Csr = (weights @ member).tocsr()
    out.sort_indices()
    return out


def _cells(matrix: Csr, columns: Ints) -> Doubles:
    """matrix[person, columns[person]] for `columns` (people, width), 0 where nothing is stored; same shape."""
    place = find(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), columns, matrix.shape[1])
    data = np.append(matrix.data, 0.0)
    return np.asarray(data[place], dtype=np.float64)


def _own_past(rows: History, at: Ints, seen: Bools, now: float) -> dict[str, Any]:
    """Days since the person's last act with the item, how often, how lately in baskets, and how due by his own rhythm.

    The rhythm is the days since the last act over the days that usually pass between two acts of the person with
    anything he takes so often: his active days divided by the times he took the item.
    """
    place = rows.find(at)
    since = (now - rows.last) / DAY
    person = np.repeat(np.arange(rows.n_users), rows.lengths)
    first = np.full(rows.n_users, np.inf)
    np.minimum.at(first, person, rows.last)
    span = np.maximum((now - first) / DAY, 1.0)[person]
    values = (since, np.log1p(rows.counts), np.log1p(rows.baskets), since * rows.counts / span)
    out = {}
    for name, value in zip(PAST, values, strict=True):
        data = np.append(value, np.nan)[place]
        out[name] = np.where(seen, data, np.nan)
    return out
