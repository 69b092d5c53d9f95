"""What goes into one basket: pairs that enough people took on one day, for "often bought together"."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from recommendations.candidates.voices import links_between
from recommendations.dataset.arrays import Csr, Floats, Ints, strongest
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import DAY, History
from recommendations.ranking.policy import K_SUPPORT

LARGEST = 30
"""A basket of more items says little about any pair of them, and there would be hundreds of pairs."""
PAIRS_AT_ONCE = 2_000_000
"""Pairs are counted in pieces of about so many, which bounds memory to some 100 MB."""
MOST_PAIRS = 10_000_000
"""In a very large shop the people of the first so many pairs stand for all. A count can only be too low for it, so what
reaches K_SUPPORT still has it."""
PARTNERS = 50
"""Kept per item, those that most people took with it."""


@dataclass(frozen=True)
class Baskets:
    """Who bought what with what."""

    pairs: Csr
    """items x items: how many people took both on one day, at least K_SUPPORT; no diagonal."""

    def sources(self, rows: History, items: Ints) -> tuple[Ints, Floats]:
        """For each cell of `items` (people, k) the history item most people took with it, and how many; -1 and 0.

        Cells of -1 have none. Both of the shape of `items`.
        """
        cell, source, strength = links_between(rows, self.pairs, items)
        out, people = np.full(items.size, -1, np.int64), np.zeros(items.size, np.float32)
        first = strongest(cell, strength, 1)
        out[cell[first]], people[cell[first]] = source[first], strength[first]
        return out.reshape(items.shape), people.reshape(items.shape)


def baskets(dataset: Dataset, least: int = K_SUPPORT) -> Baskets:
    """Count, for every pair of items, the people who took both on one day (in one order, as far as a day can tell).

    Without times there are no baskets. Only what people wanted counts (Dataset.wanted), and only pairs of `least`
    people or more are kept.
    """
    n = dataset.n_items
    keep = dataset.wanted if dataset.n_events else np.zeros(0, bool)
    if not dataset.timed or not keep.any():
        return Baskets(_counts(np.zeros(0, np.int64), np.zeros(0, np.int64), n))
    user, item = dataset.user_ix[keep], dataset.item_ix[keep]
    day = np.floor(dataset.timestamp[keep] / DAY).astype(np.int64)
    order = np.lexsort((item, day, user))
    user, item, day = user[order], item[order], day[order]
    # what too few people took at all is in no pair of enough people
    common = np.bincount(dataset.history.indices, minlength=n)[item] >= least
    user, item, day = user[common], item[common], day[common]
    if not len(user):
        return Baskets(_counts(user, item, n))
    once = np.r_[True, (np.diff(user) != 0) | (np.diff(day) != 0) | (np.diff(item) != 0)]
    user, item, day = user[once], item[once], day[once]
    start = np.flatnonzero(np.r_[True, (np.diff(user) != 0) | (np.diff(day) != 0)])
    size = np.diff(np.r_[start, len(user)])
    usable = (size > 1) & (size <= LARGEST)
    return Baskets(_strongest(_people_per_pair(item, user, start[usable], size[usable], n), least))


def _people_per_pair(item: Ints, user: Ints, start: Ints, size: Ints, n: int) -> Csr:
    """How many people have both items in one of their baskets, items x items, symmetric."""
    total = _counts(np.zeros(0, np.int64), np.zeros(0, np.int64), n)
    work = np.cumsum(size * (size - 1) // 2)
    start, size = start[work <= MOST_PAIRS], size[work <= MOST_PAIRS]
    at = 0
    while at < len(start):
        end = int(np.searchsorted(work, (work[at - 1] if at else 0) + PAIRS_AT_ONCE, side="right"))
        end = max(end, at + 1)
        # a person's baskets stay in one piece, so that nobody is counted twice
        while end < len(start) and user[start[end]] == user[start[end - 1]]:
            end += 1
        one, two, who = _pairs(item, user, start[at:end], size[at:end])
        _, place = np.unique(who, return_inverse=True)
        cell = np.unique((place.astype(np.int64) * n + one) * n + two)
        total = total + _counts((cell // n) % n, cell % n, n)
        at = end
    both = (total + total.T).tocsr()
    both.sort_indices()
    return both


def _pairs(item: Ints, user: Ints, start: Ints, size: Ints) -> tuple[Ints, Ints, Ints]:
    """Every pair of items within each basket once, with the person; items are sorted within a basket."""
    square = size * size
    inside = np.arange(int(square.sum())) - np.repeat(np.cumsum(square) - square, square)
    wide = np.repeat(size, square)
    first = np.repeat(start, square)
    left, right = inside // wide, inside % wide
    keep = left < right
    return item[(first + left)[keep]], item[(first + right)[keep]], user[first[keep]]


def _counts(rows: Ints, columns: Ints, n: int) -> Csr:
    """How often each cell occurs, (n x n)."""
    return sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(n, n))


def _strongest(counts: Csr, least: int) -> Csr:
    """The PARTNERS largest of each row, of those of `least` or more; ties by position."""
    coo = counts.tocoo()
    keep = coo.data >= least
    row, column, data = coo.row[keep].astype(np.int64), coo.col[keep].astype(np.int64), coo.data[keep]
    first = strongest(row, data, PARTNERS)
    out = sp.csr_matrix((data[first], (row[first], column[first])), shape=counts.shape, dtype=np.float32)
    out.sort_indices()
    return out
