"""Whether the rows of a file without times stand in the order in which things happened.

An export of a log keeps its order even where the column of times is lost; a file sorted by article number or by rating
has an order too, which says nothing. Three signs tell them apart, each asked of some people with enough rows: nobody's
rows are sorted by value; people disagree about which of two things comes first, as they would not under any sorting by
what the things are; and what stands side by side is more alike than what stands far apart.
"""

import numpy as np
import scipy.sparse as sp

from recommendations.dataset.arrays import Bools, Csr, Doubles, Floats, Ints, from_pairs

ROWS = 10
"""Fewer different things of a person tell nothing."""
AT_MOST = 60
"""So many of a person are looked at."""
PEOPLE = 1000
"""So many people are asked, the first that have enough; with fewer than FEWEST nothing is known."""
FEWEST = 50
SORTED = 0.95
"""Share of steps in one direction from which values are sorted."""
AGREED = 0.8
"""From this chance that two people have the same two things in the same order, some sorting is at work: .5 where there
is none, 1 where all rows are sorted by what things are."""
COMMON = 30
"""Pairs of things that several people have, without which nothing can be said of their agreement."""
CLOSER = 1.1
"""How much more alike side by side must be than anywhere, beyond doubt."""
SHRINKAGE = 10.0
"""Added to how often each thing was taken: alikeness of two rare things is chance."""


def in_order(users: Ints, items: Ints, values: Floats) -> bool:
    """True when rows (users, items, values; shape (rows,)) tell by their place what came before what."""
    if not len(users):
        return False
    shape = int(users.max()) + 1, int(items.max()) + 1
    _, first = np.unique(users * shape[1] + items, return_index=True)
    first.sort()
    rows = first[np.argsort(users[first], kind="stable")]
    counts = np.bincount(users[rows], minlength=shape[0])
    asked = np.flatnonzero(counts >= ROWS)[:PEOPLE]
    if len(asked) < FEWEST:
        return False
    starts = (np.cumsum(counts) - counts)[asked]
    own = [rows[start : start + min(int(count), AT_MOST)] for start, count in zip(starts, counts[asked], strict=True)]
    if _sorted_by_value([values[one] for one in own]):
        return False
    lists = [items[one] for one in own]
    return _agreement(lists, shape[1]) < AGREED and _closer(lists, from_pairs(users, items, shape))


def _sorted_by_value(told: list[Floats]) -> bool:
    """Whether whoever's values differ has them falling, or rising."""
    steps = np.concatenate([np.diff(one) for one in told if np.ptp(one) > 0] or [np.zeros(0, np.float32)])
    return len(steps) > 0 and max(float((steps <= 0).mean()), float((steps >= 0).mean())) >= SORTED


def _agreement(lists: list[Ints], n_items: int) -> float:
    """Chance that two people who have the same two things have them in the same order; 1 where hardly two do."""
    keys, forth = [], []
    for one in lists:
        before, after = (one[place] for place in np.triu_indices(len(one), 1))
        keys.append(np.minimum(before, after) * n_items + np.maximum(before, after))
        forth.append(before < after)
    _, pair = np.unique(np.concatenate(keys), return_inverse=True)
    total = np.bincount(pair).astype(np.float64)
    ahead = np.bincount(pair, np.concatenate(forth))
    several = total >= 2
    if several.sum() < COMMON:
        return 1.0
    n, a = total[several], ahead[several]
    same = a * (a - 1) + (n - a) * (n - a - 1)
    return float(same.sum() / (n * (n - 1)).sum())


def _closer(lists: list[Ints], pairs: Csr) -> bool:
    """Whether neighbours in a list are more alike than any two of it, by how many people took both."""
    taken = np.asarray(pairs.sum(axis=0)).ravel()
    scaled = (pairs @ sp.diags(1 / np.sqrt(taken + SHRINKAGE))).T.tocsr()
    near: Doubles = np.zeros(len(lists))
    anywhere: Doubles = np.zeros(len(lists))
    for number, one in enumerate(lists):
        alike = (scaled[one] @ scaled[one].T).toarray()
        near[number] = np.diag(alike, 1).mean()
        apart: Bools = ~np.eye(len(one), dtype=bool)
        anywhere[number] = alike[apart].mean()
    gain = near - CLOSER * anywhere
    return bool(gain.mean() > 2 * gain.std(ddof=1) / np.sqrt(len(gain)))
