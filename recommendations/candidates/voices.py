"""What a view says of some people without an array of people x items: its best items, and its values at given cells.

In a large shop such arrays are what costs: a view speaks of a few hundred items of fifty thousand, and a list needs a
few hundred cells of those. A voice is made for a chunk of people; `best` and `at` agree with the learner's `scores`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recommendations.dataset.arrays import Bools, Csr, Floats, Ints, largest, ranges, row_lengths
from recommendations.dataset.history import History

BLOCK = 64
"""Items whose best is looked at together when the best of all items are sought."""


@dataclass(frozen=True)
class Eligible:
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

    def among_own(self) -> "Eligible":
        """The same among what each person has."""
        return Eligible(self.rows, self.eligible, own=True)

    def open(self, person: Ints, item: Ints) -> Bools:
        """Which of the cells (person, item) may be chosen; any shape."""
        return np.asarray(self.eligible[item] & (self.has[person, item] == self.own))

    @cached_property
    def closed(self) -> int:
        """At most so many items of a person are closed to them because of what they have."""
        return 0 if self.own else int(self.rows.lengths.max(initial=0))


@dataclass(frozen=True)
class PoolCells:
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
    def best(self, choice: Eligible, most: int) -> tuple[Ints, Ints]:
        """Person and item of each person's `most` best open items, of those the view speaks for (above 0)."""

    @abstractmethod
    def at(self, cells: PoolCells) -> Floats:
        """What the view says of each cell, shape (people, width); padded cells hold anything."""


@dataclass(frozen=True)
class SparseVoice(Voice):
    """A view that speaks of few items per person: the stored cells of a product, people x items, each once."""

    product: Csr

    @cached_property
    def person(self) -> Ints:
        """Row of each stored cell."""
        return np.repeat(np.arange(self.product.shape[0]), row_lengths(self.product))

    def best(self, choice: Eligible, most: int) -> tuple[Ints, Ints]:
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

    def at(self, cells: PoolCells) -> Floats:
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

    def best(self, choice: Eligible, most: int) -> tuple[Ints, Ints]:
        """As Voice.best."""
        told = np.where(choice.eligible & (choice.has == choice.own), self.scores, 0)
        return _best_of_rows(told, np.full(len(told), most))

    def at(self, cells: PoolCells) -> Floats:
        """As Voice.at."""
        return np.take_along_axis(self.scores, np.maximum(cells.items, 0), axis=1)


@dataclass(frozen=True)
class SharedVoice(Voice):
    """One number per item, the same for everybody."""

    numbers: Floats
    order: Ints
    """Items by falling number, shape (items,)."""

    def best(self, choice: Eligible, most: int) -> tuple[Ints, Ints]:
        """As Voice.best: the head of one order, without what each person has."""
        order = self.order[choice.eligible[self.order] & (self.numbers[self.order] > 0)]
        head = order[: len(order) if choice.own else most + choice.closed]
        free = choice.has[:, head] == choice.own
        person, column = np.nonzero(free & (np.cumsum(free, axis=1) <= most))
        return person, head[column]

    def at(self, cells: PoolCells) -> Floats:
        """As Voice.at."""
        return self.numbers[np.maximum(cells.items, 0)]


@dataclass(frozen=True)
class HushedVoice(Voice):
    """A view that speaks to some people alone."""

    voice: Voice
    heard: Bools
    """Whom it speaks to, shape (people,)."""

    def best(self, choice: Eligible, most: int) -> tuple[Ints, Ints]:
        """As Voice.best; nothing is sought in a chunk without anybody to speak to, which most are."""
        if not self.heard.any():
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        person, item = self.voice.best(choice, most)
        kept = self.heard[person]
        return person[kept], item[kept]

    def at(self, cells: PoolCells) -> Floats:
        """As Voice.at; 0 for those it does not speak to."""
        if not self.heard.any():
            return np.zeros(cells.items.shape, np.float32)
        return np.where(self.heard[:, None], self.voice.at(cells), np.float32(0))


class Heads:
    """For each kind of person the order of its best items, worked out when it is first asked for and then kept."""

    def __init__(self, numbers: Callable[[Ints], Floats]) -> None:
        """`numbers` gives the numbers of all items for each of some kinds (rows of attributes), (kinds, items)."""
        self._numbers = numbers
        self._kept: dict[bytes, tuple[Ints, np.float32]] = {}

    def of(self, kinds: Ints, depth: int) -> tuple[Ints, Floats]:
        """The `depth` best items of each of `kinds` (kinds, attributes), best first, and each kind's lowest number."""
        keys = [kind.tobytes() for kind in kinds]
        for key, kind in zip(keys, kinds, strict=True):
            if key not in self._kept or len(self._kept[key][0]) < depth:
                self._kept[key] = self._head(kind, depth)
        found = [self._kept[key] for key in keys]
        return np.stack([head[:depth] for head, _ in found]), np.array([low for _, low in found], np.float32)

    def _head(self, kind: Ints, depth: int) -> tuple[Ints, np.float32]:
        """Twice as deep as asked, because the next chunk may have longer histories."""
        numbers = self._numbers(kind[None])[0]
        deep = min(max(2 * depth, 500), len(numbers))
        top = np.sort(np.argpartition(-numbers, deep - 1)[:deep]) if deep < len(numbers) else np.arange(deep)
        return top[np.argsort(-numbers[top], kind="stable")], numbers.min(initial=np.inf)


@dataclass(frozen=True)
class GroupedVoice(Voice):
    """Sums over a person's groups of one number per item, counted from the lowest of the sums."""

    tables: Floats
    """Shape (groups, items)."""
    share: Floats
    """What is added for everybody, shape (items,)."""
    kinds: Ints
    """The different sets of groups, shape (kinds, attributes)."""
    kind: Ints
    """Row of `kinds` of each person, shape (people,)."""
    heads: Heads

    def best(self, choice: Eligible, most: int) -> tuple[Ints, Ints]:
        """As Voice.best: down each kind's order, as deep as needed past what is closed."""
        n = len(self.share)
        depth = n if choice.own else min(most + choice.closed, n)
        while True:
            heads, low = self.heads.of(self.kinds, depth)
            told = self._raw(np.repeat(np.arange(len(self.kinds)), depth), heads.ravel()).reshape(heads.shape)
            mine = heads[self.kind]
            free = (told > low[:, None])[self.kind] & choice.open(np.arange(len(mine))[:, None], mine)
            if depth == n or (free.sum(axis=1) >= most).all():
                person, column = np.nonzero(free & (np.cumsum(free, axis=1) <= most))
                return person, mine[person, column]
            depth = min(4 * depth, n)

    def at(self, cells: PoolCells) -> Floats:
        """As Voice.at."""
        _, low = self.heads.of(self.kinds, 1)
        items = np.maximum(cells.items, 0)
        kind = np.repeat(self.kind, items.shape[1])
        return np.asarray(self._raw(kind, items.ravel()).reshape(items.shape) - low[self.kind][:, None])

    def _raw(self, kind: Ints, item: Ints) -> Floats:
        """The sum for each pair of kind and item, not yet counted from the lowest."""
        out = self.share[item]
        for group in self.kinds.T:
            out = out + self.tables[group[kind], item]
        return out


@dataclass(frozen=True)
class FactorVoice(Voice):
    """Products of people's factors with those of the items that have any."""

    people: Floats
    """Shape (people, factors)."""
    items: Floats
    """Shape (items, factors), 0 for an item without factors."""
    factors: Floats
    """The rows of `items` that are not 0, shape (known, factors)."""
    known: Ints
    """Positions of those items, shape (known,)."""

    def best(self, choice: Eligible, most: int) -> tuple[Ints, Ints]:
        """As Voice.best. The k best items lie in the k blocks with the best bests, so only those are looked through."""
        n = len(self.known)
        blocks = -(-n // BLOCK)
        if choice.own or not n:
            whole = np.zeros((len(self.people), choice.rows.n_items), np.float32)
            whole[:, self.known] = self.people @ self.factors.T
            return DenseVoice(whole).best(choice, most)
        scores = np.zeros((len(self.people), blocks * BLOCK), np.float32)
        scores[:, :n] = self.people @ self.factors.T
        if not choice.eligible.all():
            scores[:, :n][:, ~choice.eligible[self.known]] = 0
        k = min(most + choice.closed, blocks)
        by_block = scores.reshape(len(scores), blocks, BLOCK)
        highest = by_block.max(axis=2)
        top = np.sort(np.argpartition(highest, blocks - k, axis=1)[:, blocks - k :], axis=1)
        inside = np.take_along_axis(by_block, top[:, :, None], axis=1).reshape(len(scores), -1)
        person, at = _best_of_rows(inside, most + choice.rows.lengths)
        item = self.known[top[person, at // BLOCK] * BLOCK + at % BLOCK]
        free = choice.open(person, item)
        person, item, told = person[free], item[free], inside[person, at][free]
        counts = np.bincount(person, minlength=len(scores))
        kept = largest(told, np.r_[0, np.cumsum(counts)], most)
        return person[kept], item[kept]

    def at(self, cells: PoolCells) -> Floats:
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
    column = PoolCells(items, n).place.take(person * n + links.indices[at])
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
