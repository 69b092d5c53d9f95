"""What a view says of some people without an array of people x items: its best items, and its values at given cells.

In a large shop such arrays are what costs: a view speaks of a few hundred items of fifty thousand, and a list needs a
few hundred cells of those. A voice is made for a chunk of people; `best` and `at` agree with the learner's `scores`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recommendations.dataset.arrays import Bools, Csr, Floats, Ints, largest, ranges, row_lengths
from recommendations.dataset.history import History

BLOCK = 64
"""Items whose best is looked at together when the best of all items are sought."""


@dataclass(frozen=True)
class Choice:
    """Which items the people of a chunk may be given."""

    rows: History
    eligible: Bools
    """Items that may be shown at all, shape (items,)."""
    own: bool = False
    """Whether to choose among what each person has, rather than among what is new to them."""

    @cached_property
    def has(self) -> Bools:
        """What each person has, shape (people, items); a chunk is small enough for it."""
        out = np.zeros((self.rows.n_users, self.rows.n_items), bool)
        out[np.repeat(np.arange(self.rows.n_users), self.rows.lengths), self.rows.indices] = True
        return out

    def among_own(self) -> "Choice":
        """The same among what each person has."""
        return Choice(self.rows, self.eligible, own=True)

    def open(self, person: Ints, item: Ints) -> Bools:
        """Which of the cells (person, item) may be chosen; any shape."""
        return np.asarray(self.eligible[item] & (self.has[person, item] == self.own))

    @cached_property
    def closed(self) -> int:
        """At most so many items of a person are closed to them because of what they have."""
        return 0 if self.own else int(self.rows.lengths.max(initial=0))


@dataclass(frozen=True)
class Cells:
    """Cells of a pool: items of each person."""

    items: Ints
    """Positions, each item once per person, -1 where padded; shape (people, width)."""
    n_items: int

    @cached_property
    def place(self) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
        """Column of each item in its person's row, -1 for an item that is not there; flat, people x items."""
        out = np.full(len(self.items) * self.n_items, -1, np.int16)
        person, column = np.nonzero(self.items >= 0)
        out[person * self.n_items + self.items[person, column]] = column
        return out


class Voice(ABC):
    """One view about the people of one chunk."""

    @abstractmethod
    def best(self, choice: Choice, most: int) -> tuple[Ints, Ints]:
        """Person and item of each person's `most` best open items, of those the view speaks for (above 0)."""

    @abstractmethod
    def at(self, cells: Cells) -> Floats:
        """What the view says of each cell, shape (people, width); padded cells hold anything."""


@dataclass(frozen=True)
class SparseVoice(Voice):
    """A view that speaks of few items per person: the stored cells of a product, people x items, each once."""

    product: Csr

    @cached_property
    def person(self) -> Ints:
        """Row of each stored cell."""
        return np.repeat(np.arange(self.product.shape[0]), row_lengths(self.product))

    def best(self, choice: Choice, most: int) -> tuple[Ints, Ints]:
        """As Voice.best; whether a cell is open is only asked of those that can be among the best."""
        told, indptr = self.product.data, self.product.indptr.astype(np.int64)
        item: Ints = self.product.indices.astype(np.int64)
        if choice.own:
            told = np.where(choice.open(self.person, item), told, 0)
        elif not choice.eligible.all():
            told = np.where(choice.eligible[item], told, 0)
        few = largest(told, indptr, most + choice.closed)
        few = few[told[few] > 0]
        few = few[choice.open(self.person[few], item[few])]
        counts = np.bincount(self.person[few], minlength=len(indptr) - 1)
        kept = few[largest(told[few], np.r_[0, np.cumsum(counts)], most)]
        return self.person[kept], item[kept]

    def at(self, cells: Cells) -> Floats:
        """As Voice.at; 0 for what is not stored."""
        column = cells.place.take(self.person * cells.n_items + self.product.indices)
        real = np.flatnonzero(column >= 0)
        out = np.zeros(cells.items.shape, np.float32)
        out[self.person[real], column[real]] = self.product.data[real]
        return out


@dataclass(frozen=True)
class DenseVoice(Voice):
    """Scores of all items, shape (people, items): for learners that have no shorter way, in small shops."""

    scores: Floats

    def best(self, choice: Choice, most: int) -> tuple[Ints, Ints]:
        """As Voice.best."""
        told = np.where(choice.eligible & (choice.has == choice.own), self.scores, 0)
        return _best_of_rows(told, np.full(len(told), most))

    def at(self, cells: Cells) -> Floats:
        """As Voice.at."""
        return np.take_along_axis(self.scores, np.maximum(cells.items, 0), axis=1)


@dataclass(frozen=True)
class SharedVoice(Voice):
    """One number per item, the same for everybody."""

    numbers: Floats
    order: Ints
    """Items by falling number, shape (items,)."""

    def best(self, choice: Choice, most: int) -> tuple[Ints, Ints]:
        """As Voice.best: the head of one order, without what each person has."""
        order = self.order[choice.eligible[self.order] & (self.numbers[self.order] > 0)]
        head = order[: len(order) if choice.own else most + choice.closed]
        free = choice.has[:, head] == choice.own
        person, column = np.nonzero(free & (np.cumsum(free, axis=1) <= most))
        return person, head[column]

    def at(self, cells: Cells) -> Floats:
        """As Voice.at."""
        return self.numbers[np.maximum(cells.items, 0)]


@dataclass(frozen=True)
class GroupedVoice(Voice):
    """Numbers of all items for each kind of person."""

    numbers: Floats
    """Shape (kinds, items)."""
    kind: Ints
    """Row of `numbers` of each person, shape (people,)."""

    def best(self, choice: Choice, most: int) -> tuple[Ints, Ints]:
        """As Voice.best: the head of each kind's order, without what each person has."""
        told = np.where(choice.eligible, self.numbers, 0)
        depth = min(told.shape[1] if choice.own else most + choice.closed, told.shape[1])
        kind, item = _best_of_rows(told, np.full(len(told), depth))
        head = np.full((len(told), depth), -1, np.int64)
        order = np.lexsort((-told[kind, item], kind))
        counts = np.bincount(kind, minlength=len(told))
        head[np.arange(depth) < counts[:, None]] = item[order]
        mine = head[self.kind]
        free = (mine >= 0) & choice.open(np.arange(len(mine))[:, None], mine)
        person, column = np.nonzero(free & (np.cumsum(free, axis=1) <= most))
        return person, mine[person, column]

    def at(self, cells: Cells) -> Floats:
        """As Voice.at."""
        return self.numbers[self.kind[:, None], np.maximum(cells.items, 0)]


@dataclass(frozen=True)
class FactorVoice(Voice):
    """Products of people's factors with all items'."""

    people: Floats
    """Shape (people, factors)."""
    items: Floats
    """Shape (items, factors)."""

    def best(self, choice: Choice, most: int) -> tuple[Ints, Ints]:
        """As Voice.best. The k best items lie in the k blocks with the best bests, so only those are looked through."""
        n = len(self.items)
        blocks = -(-n // BLOCK)
        scores = np.zeros((len(self.people), blocks * BLOCK), np.float32)
        np.matmul(self.people, self.items.T, out=scores[:, :n])
        if choice.own:
            return DenseVoice(scores[:, :n]).best(choice, most)
        scores[:, :n][:, ~choice.eligible] = 0
        k = min(most + choice.closed, blocks)
        by_block = scores.reshape(len(scores), blocks, BLOCK)
        highest = by_block.max(axis=2)
        top = np.sort(np.argpartition(highest, blocks - k, axis=1)[:, blocks - k :], axis=1)
        inside = np.take_along_axis(by_block, top[:, :, None], axis=1).reshape(len(scores), -1)
        person, at = _best_of_rows(inside, most + choice.rows.lengths)
        item = top[person, at // BLOCK] * BLOCK + at % BLOCK
        free = choice.open(person, item)
        person, item, told = person[free], item[free], inside[person, at][free]
        counts = np.bincount(person, minlength=len(scores))
        kept = largest(told, np.r_[0, np.cumsum(counts)], most)
        return person[kept], item[kept]

    def at(self, cells: Cells) -> Floats:
        """As Voice.at."""
        own = self.items[np.maximum(cells.items, 0)]
        return np.asarray(np.matmul(own, self.people[:, :, None])[:, :, 0], dtype=np.float32)


def links_between(rows: History, links: Csr, items: Ints) -> tuple[Ints, Ints, Floats]:
    """Every stored link from an item a person has to an item of their list: its cell, the item had, and its strength.

    `items` (people, k) lists each item once per person, -1 for none; a cell is numbered person x k + place. Links come
    in the order of what each person has.
    """
    n = rows.n_items
    lengths = row_lengths(links)[rows.indices]
    at = ranges(links.indptr[rows.indices].astype(np.int64), lengths)
    person = np.repeat(np.repeat(np.arange(rows.n_users), rows.lengths), lengths)
    column = Cells(items, n).place.take(person * n + links.indices[at])
    real = np.flatnonzero(column >= 0)
    source = np.repeat(rows.indices, lengths)[real]
    return person[real] * items.shape[1] + column[real], source, links.data[at[real]]


def _best_of_rows(told: Floats, most: Ints) -> tuple[Ints, Ints]:
    """Row and column of the `most` (rows,) largest positive numbers of each row, rows in order."""
    width = told.shape[1]
    k = int(min(most.max(initial=0), width))
    if not told.size or not k:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    # a row's own limit is at most the largest: what lies below the largest limit's last number is out for everybody
    last = np.partition(told, width - k, axis=1)[:, width - k, None] if k < width else np.float32(0)
    row, column = np.nonzero((told >= last) & (told > 0))
    counts = np.bincount(row, minlength=len(told))
    kept = largest(told[row, column], np.r_[0, np.cumsum(counts)], most)
    return row[kept], column[kept]
