"""Learn the weights of a linear blend: coordinate ascent on NDCG@10 itself (Metzler and Croft, 2007)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from recommendations.dataset.arrays import Bools, Csr, Doubles, Floats, Ints, dense
from recommendations.ranking.pool import Pool, standardise

CUT = 10
DISCOUNT = (1 / np.log2(np.arange(2, CUT + 2))).astype(np.float64)
IDEAL = np.cumsum(DISCOUNT)
REACHED = np.r_[0.0, IDEAL]
"""Gain of a list whose first 0, 1, ... CUT places are all right."""
PASSES = 3
CONTENDERS = 30
"""Best cells of each view that take part in learning."""
ENOUGH = 2e-4
"""A pass that gains less than this share ends the search."""


@dataclass(frozen=True)
class Judged:
    """A pool whose right answers are known."""

    name: str
    users: Ints
    lengths: Ints
    features: Floats
    """Standardised, shape (views, people, width)."""
    among: Bools
    """Cells that compete, shape (people, width)."""
    hits: Bools
    """Cells that are right, shape (people, width)."""
    wanted: Ints
    """How many right answers each person has, found by the pool or not, shape (people,)."""
    items: Ints
    """Positions of items, shape (people, width)."""

    @cached_property
    def right(self) -> tuple[Ints, Ints]:
        """Person and column of every right cell, people in order."""
        person, column = np.nonzero(self.hits)
        return person, column

    @cached_property
    def ideal(self) -> Doubles:
        """The gain of each person's best possible list, shape (people,)."""
        return np.asarray(IDEAL[np.minimum(self.wanted, CUT) - 1])

    def pick(self, people: Bools | Ints) -> "Judged":
        """Only the people of a mask or of positions."""
        return Judged(
            self.name,
            self.users[people],
            self.lengths[people],
            self.features[:, people],
            self.among[people],
            self.hits[people],
            self.wanted[people],
            self.items[people],
        )


def judge(name: str, pool: Pool, truth: Csr, *, new_only: bool) -> Judged:
    """Mark the cells of `pool` that `truth` (users x items) holds; people without a right answer are left out."""
    rows = truth[pool.users]
    right = dense(rows) > 0
    at = np.maximum(pool.items, 0)
    hits = np.take_along_axis(right, at, axis=1) & pool.real
    among = pool.real & ~pool.seen if new_only else pool.real
    wanted = np.asarray(right.sum(axis=1), dtype=np.int64)
    features = standardise(pool.features, among)
    judged = Judged(name, pool.users, pool.lengths, features, among, hits & among, wanted, pool.items)
    return judged.pick(wanted > 0)


def trim(judged: Judged, per_view: int = CONTENDERS) -> Judged:
    """The same people with only the cells that can matter: right ones, and the best `per_view` of any view.

    What no view puts near the top, no blend does; learning on the rest is several times faster.
    """
    keep = judged.hits.copy()
    for features in judged.features:
        np.put_along_axis(keep, top_cells(features, judged.among, per_view), values=True, axis=1)
    keep &= judged.among
    width = int(keep.sum(axis=1).max(initial=0))
    order = np.argsort(~keep, axis=1, kind="stable")[:, :width]
    return replace(
        judged,
        features=np.take_along_axis(judged.features, order[None], axis=2),
        among=np.take_along_axis(keep, order, axis=1),
        hits=np.take_along_axis(judged.hits, order, axis=1),
        items=np.take_along_axis(judged.items, order, axis=1),
    )


def blend(features: Floats, weights: Floats) -> Floats:
    """Weighted sum over views, shape (people, width); `weights` is (views,) or one row per person (people, views)."""
    if weights.ndim == 1:
        return np.asarray(np.einsum("vup,v->up", features, weights, optimize=True), dtype=np.float32)
    return np.asarray(np.einsum("vup,uv->up", features, weights, optimize=True), dtype=np.float32)


def ndcg(judged: Judged, scores: Floats) -> Doubles:
    """NDCG@10 per person of the order by `scores` (people, width), binary gain, ideal cut at 10.

    Cells that tie share the places they take: the mean over all their orders, so that what a view leaves open is
    neither luck nor merit.
    """
    return _ndcg(judged, masked(judged, scores)) if len(scores) else np.zeros(0)


def masked(judged: Judged, scores: Floats) -> Floats:
    """`scores` with everything that does not compete at minus infinity."""
    return np.where(judged.among, scores, np.float32(-np.inf))


def _ndcg(judged: Judged, scores: Floats) -> Doubles:
    """NDCG@10 of masked scores, from the places of the right cells alone."""
    person, column = judged.right
    own = scores[person, column]
    width = scores.shape[1]
    best = np.partition(scores, width - CUT, axis=1)[:, width - CUT :] if width > CUT else scores
    lowest = best.min(axis=1, initial=np.inf)[person]
    inside = np.flatnonzero(own >= lowest)
    person, own = person[inside], own[inside]
    rivals = best[person]
    before = (rivals > own[:, None]).sum(axis=1)
    alike = (rivals == own[:, None]).sum(axis=1)
    # at the edge of the list more cells may tie than it has room for
    edge = np.flatnonzero(own == lowest[inside])
    alike[edge] = (scores[person[edge]] == own[edge, None]).sum(axis=1)
    gain = (REACHED[np.minimum(before + alike, CUT)] - REACHED[np.minimum(before, CUT)]) / alike
    return np.asarray(np.bincount(person, gain, minlength=len(scores)) / judged.ideal)


def top_cells(scores: Floats, among: Bools, k: int) -> Ints:
    """Columns of the `k` best competing cells per person, best first, shape (people, min(k, width))."""
    open_ = np.where(among, scores, np.float32(-np.inf))
    width = open_.shape[1]
    k = min(k, width)
    if k < width:
        top = np.argpartition(open_, width - k, axis=1)[:, width - k :]
    else:
        top = np.tile(np.arange(k), (len(open_), 1))
    order = np.argsort(-np.take_along_axis(open_, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1)


def single(judged: Judged, view: int) -> Floats:
    """The scores of one view alone."""
    return np.asarray(judged.features[view])


def best_single(windows: Sequence[Judged]) -> tuple[int, Doubles]:
    """The view with the best mean over windows, and every view's NDCG per window, shape (views, windows).

    Windows count relative to their own best view, so that an easy window does not outvote a hard one.
    """
    n_views = windows[0].features.shape[0]
    table = np.array([[ndcg(w, single(w, v)).mean() if len(w.users) else 0.0 for w in windows] for v in range(n_views)])
    relative = table / np.maximum(table.max(axis=0, keepdims=True), 1e-9)
    return int(relative.mean(axis=1).argmax()), table


@dataclass(frozen=True)
class Search:
    """One search: the windows, what a window's NDCG is divided by, and which views may count against an item."""

    windows: Sequence[Judged]
    scale: Doubles
    signed: Bools
    """Views whose weight may be negative, shape (views,): only bias corrections."""

    def value(self, scores: Sequence[Floats]) -> float:
        """Mean over windows of NDCG relative to the window's scale; `scores` are masked."""
        pairs = zip(self.windows, scores, self.scale, strict=True)
        parts = [_ndcg(window, s).mean() / c for window, s, c in pairs if len(window.users)]
        return float(np.mean(parts)) if parts else 0.0


def ascend(search: Search, start: Floats) -> tuple[Floats, float]:
    """Weights (views,) that no single step of the grid improves, with their value; starts from `start`."""
    weights = start.astype(np.float64).copy()
    scores = [masked(w, blend(w.features, weights.astype(np.float32))) for w in search.windows]
    best = search.value(scores)
    for _ in range(PASSES):
        before = best
        for view in range(len(weights)):
            base = weights[view]
            for value in _steps(base, float(np.abs(weights).max()), signed=bool(search.signed[view])):
                reached = search.value(_moved(scores, search.windows, view, value - base))
                if reached > best:
                    best, weights[view] = reached, value
            if weights[view] != base:
                scores = _moved(scores, search.windows, view, weights[view] - base)
        if best - before < ENOUGH * max(before, 1e-9):
            break
    return weights.astype(np.float32), best


def _moved(scores: Sequence[Floats], windows: Sequence[Judged], view: int, step: float) -> list[Floats]:
    """The scores after the weight of `view` has changed by `step`."""
    return [s + np.float32(step) * single(window, view) for s, window in zip(scores, windows, strict=True)]


def _steps(base: float, scale: float, *, signed: bool) -> list[float]:
    """Values to try for a weight that is `base` while the largest is `scale`."""
    if base > 0:
        tries = [0.0, base * 0.5, base * 0.8, base * 1.25, base * 2.0]
    elif base < 0:
        tries = [0.0, base * 0.5, base * 1.5]
    else:
        tries = [0.05 * scale, 0.15 * scale, 0.4 * scale]
        tries += [-0.05 * scale, -0.15 * scale] if signed else []
    return tries


def unit(weights: Floats) -> Floats:
    """The same direction with absolute weights summing to 1; zeros stay zeros."""
    total = float(np.abs(weights).sum())
    return (weights / total).astype(np.float32) if total > 0 else weights.astype(np.float32)
