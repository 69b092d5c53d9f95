"""The first stage: for each person the union of every view's best items, with what every view says about each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from recommendations.candidates.base import Candidate
from recommendations.candidates.voices import Eligible, PoolCells, Voice
from recommendations.dataset.arrays import Bools, Floats, Ints
from recommendations.dataset.history import History

PER_VIEW = 100
"""Items each view may nominate for a person."""
SPARSE_PER_VIEW = 30
"""The same in a large shop, where each further cell costs a million people's time."""
CHUNK_CELLS = 12_000_000
"""People are scored in chunks of about so many person-item cells, which bounds memory to some 50 MB a view."""


@dataclass(frozen=True)
class Pool:
    """Nominated items of some people, padded to the longest; arrays of shape (people, width)."""

    views: tuple[str, ...]
    users: Ints
    """Positions of the people, shape (people,)."""
    lengths: Ints
    """Distinct items in each person's history, shape (people,)."""
    items: Ints
    """Positions of items, -1 where padded."""
    seen: Bools
    """True where the person has the item already."""
    features: Floats
    """What each view says, shape (views, people, width)."""

    @property
    def real(self) -> Bools:
        """False where padded."""
        return np.asarray(self.items >= 0)


@dataclass(frozen=True)
class PoolRules:
    """What may be nominated."""

    eligible: Bools
    """Items that may be shown at all, shape (items,)."""
    with_seen: bool
    """Whether what people have already is nominated too, by the views that speak of it (half as many each)."""
    per_view: int = PER_VIEW
    sparse: bool = False
    """Whether the pool is made cell by cell, without arrays (people, items) per view: for large shops."""


def view_names(learners: Sequence[Candidate]) -> tuple[str, ...]:
    """All views, in the order of features."""
    return tuple(view for learner in learners for view in learner.views)


def chunks(users: Ints, n_items: int) -> list[Ints]:
    """Slices of `users` small enough to score at once."""
    size = max(1, min(1024, CHUNK_CELLS // max(n_items, 1)))
    return [users[at : at + size] for at in range(0, len(users), size)]


def build_pool(learners: Sequence[Candidate], rows: History, users: Ints, rules: PoolRules) -> Pool:
    """The pool of the people `users` whose history is `rows` (in order); one chunk's worth of people."""
    if rules.sparse:
        return _sparse_pool(learners, rows, users, rules)
    views: dict[str, Floats] = {}
    own: set[str] = set()
    for learner in learners:
        views |= learner.scores(rows, users)
        own |= set(learner.views) if learner.about_own else set()
    has = np.zeros((len(users), rows.n_items), bool)
    has[rows.pairs.nonzero()] = True
    open_ = ~has & rules.eligible[None, :]
    chosen = np.zeros_like(has)
    for view, scores in views.items():
        if view not in own:
            _nominate(scores, open_, rules.per_view, chosen)
        elif rules.with_seen:
            _nominate(scores, has & rules.eligible[None, :], rules.per_view // 2, chosen)
    width = int(chosen.sum(axis=1).max(initial=0))
    person, item = np.nonzero(chosen)
    counts = chosen.sum(axis=1)
    place = np.arange(len(person)) - np.repeat(np.cumsum(counts) - counts, counts)
    items = np.full((len(users), width), -1, np.int64)
    items[person, place] = item
    features = np.zeros((len(views), len(users), width), np.float32)
    for at, scores in enumerate(views.values()):
        features[at, person, place] = scores[person, item]
    seen = np.zeros(items.shape, bool)
    seen[person, place] = has[person, item]
    return Pool(tuple(views), users, rows.lengths, items, seen, features)


def _sparse_pool(learners: Sequence[Candidate], rows: History, users: Ints, rules: PoolRules) -> Pool:
    """As build_pool(): the cells that any view nominates, and what every view says of exactly these."""
    voices: dict[str, Voice] = {}
    own: set[str] = set()
    quiet: set[str] = set()
    for learner in learners:
        voices |= learner.voices(rows, users)
        own |= set(learner.views) if learner.about_own else set()
        quiet |= set(learner.quiet) if set(learner.views) - set(learner.quiet) else set()
    new = Eligible(rows, rules.eligible)
    keys = [np.zeros(0, np.int64)]
    for view, voice in voices.items():
        if view in quiet or (view in own and not rules.with_seen):
            continue
        mine = view in own
        person, item = voice.best(new.among_own() if mine else new, rules.per_view // 2 if mine else rules.per_view)
        keys.append(person * rows.n_items + item)
    named = np.sort(np.concatenate(keys))
    person, item = np.divmod(named[np.diff(named, prepend=-1) > 0], rows.n_items)
    counts = np.bincount(person, minlength=len(users))
    place = np.arange(len(person)) - np.repeat(np.cumsum(counts) - counts, counts)
    items = np.full((len(users), int(counts.max(initial=0))), -1, np.int64)
    items[person, place] = item
    cells = PoolCells(items, rows.n_items)
    features = np.zeros((len(voices), *items.shape), np.float32)
    for at, voice in enumerate(voices.values()):
        features[at] = voice.at(cells)
    features[:, items < 0] = 0
    seen = np.zeros(items.shape, bool)
    seen[person, place] = new.has[person, item]
    return Pool(tuple(voices), users, rows.lengths, items, seen, features)


def _nominate(scores: Floats, open_: Bools, n: int, chosen: Bools) -> None:
    """Mark in `chosen` each person's `n` best open items; a score of 0 or less nominates nothing."""
    if scores.shape[1] <= n:
        chosen |= open_
        return
    if scores.strides[0] == 0:
        _nominate_alike(scores[0], open_, n, chosen)
        return
    told = open_ & (scores > 0)
    many = np.flatnonzero(told.sum(axis=1) > n)
    if len(many):
        # negated, so that the many equal cells lie beyond the cut: partitioning through equals is slow
        ranked = np.where(told[many], -scores[many], np.float32(np.inf))
        last = np.partition(ranked, n - 1, axis=1)[:, n - 1, None]
        best = ranked <= last
        for row in np.flatnonzero(best.sum(axis=1) > n):
            # more items tie for the last places than there are: the first of them take these
            best[row, np.flatnonzero(ranked[row] == last[row])[n - int((ranked[row] < last[row]).sum()) :]] = False
        told[many] = best
    chosen |= told


def _nominate_alike(scores: Floats, open_: Bools, n: int, chosen: Bools) -> None:
    """The same for `scores` (items,) that hold for everyone: walk down one order, skipping what is closed to each."""
    order = np.argsort(-scores, kind="stable")
    people = np.arange(len(open_))
    depth = 2 * n
    while len(people):
        free = open_[people][:, order[:depth]]
        done = (free.sum(axis=1) >= n) | (depth >= len(order))
        first = free[done] & (np.cumsum(free[done], axis=1) <= n)
        person, place = np.nonzero(first)
        chosen[people[done][person], order[place]] = True
        people = people[~done]
        depth *= 4


def join(pools: Sequence[Pool]) -> Pool:
    """Pools of different people as one, padded to the widest."""
    width = max(pool.items.shape[1] for pool in pools)

    def pad(array: Ints | Bools | Floats, fill: int | bool | float) -> np.ndarray:
        missing = width - array.shape[-1]
        edges = [(0, 0)] * (array.ndim - 1) + [(0, missing)]
        return np.pad(array, edges, constant_values=fill) if missing else array

    return Pool(
        views=pools[0].views,
        users=np.concatenate([pool.users for pool in pools]),
        lengths=np.concatenate([pool.lengths for pool in pools]),
        items=np.concatenate([pad(pool.items, -1) for pool in pools]),
        seen=np.concatenate([pad(pool.seen, fill=False) for pool in pools]),
        features=np.concatenate([pad(pool.features, 0.0) for pool in pools], axis=1),
    )


def align(pool: Pool, views: tuple[str, ...]) -> Pool:
    """The same pool with its features in the order of `views`; a view it does not have says 0 everywhere."""
    features = np.zeros((len(views), *pool.items.shape), np.float32)
    for at, view in enumerate(views):
        if view in pool.views:
            features[at] = pool.features[pool.views.index(view)]
    return replace(pool, views=views, features=features)


def scale_of(among: Bools, taken: Bools) -> Bools:
    """The cells of `among` that somebody has `taken`, shape (people, width); all of them where there are hardly any.

    Weights are learned on these alone, so they set the scale by which what nobody has yet is weighed beside them.
    """
    known = among & taken
    return np.where(known.sum(axis=1, keepdims=True) < 2, among, known)


def standardise(features: Floats, among: Bools, scale: Bools | None = None) -> Floats:
    """Z-scores per view and person of the cells of `among` (people, width); 0 elsewhere and where all are equal.

    Mean and spread are those of the cells `scale`, all of `among` where it is None.
    """
    by = among if scale is None else scale
    n = np.maximum(by.sum(axis=1), 1).astype(np.float32)[:, None]
    out = np.zeros(features.shape, np.float32)
    for view, column in enumerate(features):
        inside = np.where(among, column, np.float32(0))
        mean = (inside * by).sum(axis=1, keepdims=True) / n
        inside -= mean
        inside *= among
        spread = np.sqrt(np.square(inside * by).sum(axis=1, keepdims=True) / n)
        # relative to the mean, so that float32 rounding of equal numbers is not taken for a difference
        flat = spread <= 1e-5 * np.abs(mean) + 1e-12
        out[view] = np.where(flat, 0, inside / np.where(flat, 1, spread))
    return out
