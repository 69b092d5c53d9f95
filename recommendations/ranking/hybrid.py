"""The second stage: a linear blend of all views, its weights learned inside the training data, per length of history.

Weights learned on few people are pulled towards what more people say: each bucket towards the whole, the whole towards
a prior. A blend that does not beat the best single view where it was not learned is not used (recommenders.md, 8.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np

from recommendations.dataset.arrays import Bools, Doubles, Floats, Ints
from recommendations.ranking.ascent import Judged, Search, ascend, best_single, blend, masked, ndcg, single, unit
from recommendations.ranking.listwise import most_likely

Way = Literal["ascent", "likely", "both", "mean"]
SEARCHES: tuple[Way, ...] = ("ascent", "likely", "both")
WAYS: tuple[Way, ...] = (*SEARCHES, "mean")
"""How weights are looked for: by ascent on NDCG, by likelihood, by ascent from the likeliest, or as the mean of the
three, which err in different places. No way wins everywhere: the first is used unless validation is sure of another."""

BUCKETS: tuple[tuple[str, int], ...] = (("cold", 0), ("short", 3), ("warm", 20), ("hot", 1 << 62))
"""Buckets of history length: name and largest length."""
PRIOR_PEOPLE = 100
"""The prior weighs as much as so many validation people."""
WHOLE_PEOPLE = 300
"""The weights of all weigh as much in a bucket as so many of its people."""
MIN_BUCKET = 30
"""A bucket with fewer people takes the weights of all."""
TRACE = 1e-4
"""So much of the prior is added to weights that serve."""

PRIOR: dict[str, float] = {
    "ease": 0.6,
    "ease_recent_0.3": 0.6,
    "ease_even": 0.3,
    "ease_even_recent_0.3": 0.3,
    "knn": 0.15,
    "knn_recent": 0.15,
    "walk": 0.1,
    "people": 0.3,
    "content": 0.1,
    "popular_3d": 0.1,
    "popular_7d": 0.15,
    "popular_30d": 0.15,
    "popular_90d": 0.1,
    "popular": 0.05,
    "begin_7d": 0.3,
    "begin_30d": 0.3,
    "group_popular": 0.1,
    "again_baskets": 0.6,
    "again_item": 0.3,
    "again_last": 0.2,
}
"""What is usually right (recommenders.md, section 8); views not named start at 0."""


def bucket_of(lengths: Ints) -> Ints:
    """The bucket of each history length, shape of `lengths`."""
    return np.searchsorted([limit for _, limit in BUCKETS], lengths).astype(np.int64)


def prior(views: Sequence[str]) -> Floats:
    """Prior weights (views,), absolute values summing to 1; equal ones when no view is known."""
    weights = np.array([PRIOR.get(view, 0.0) for view in views], np.float32)
    return unit(weights if weights.any() else np.ones(len(views), np.float32))


@dataclass(frozen=True)
class Blend:
    """Weights of each view for each bucket."""

    views: tuple[str, ...]
    weights: Floats
    """Shape (buckets, views)."""
    learned: bool
    """False when the prior or the best single view stands in."""
    note: str
    """Why these weights: learned, single:<view>, or prior."""

    def for_lengths(self, lengths: Ints) -> Floats:
        """One row of weights per person, shape (people, views)."""
        return self.weights[bucket_of(lengths)]

    def on(self, views: tuple[str, ...]) -> "Blend":
        """The same weights in the order of `views`; a view that was not there to learn about gets 0."""
        weights = np.zeros((len(self.weights), len(views)), np.float32)
        for at, view in enumerate(views):
            if view in self.views:
                weights[:, at] = self.weights[:, self.views.index(view)]
        return replace(self, views=views, weights=weights)

    def traced(self) -> "Blend":
        """The same weights with a trace of the prior, which orders what they leave equal.

        Weights are learned on what somebody has taken. Where they give content nothing, everything nobody has taken yet
        would be equal, and a page of news in the order of the catalogue.
        """
        return replace(self, weights=unit_rows(self.weights + TRACE * prior(self.views)))

    def as_values(self) -> dict[str, Any]:
        """Plain JSON values."""
        weights = {
            name: {view: float(x) for view, x in zip(self.views, row, strict=True)}
            for (name, _), row in zip(BUCKETS, self.weights, strict=True)
        }
        return {"views": list(self.views), "weights": weights, "learned": self.learned, "note": self.note}

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Self:
        """The blend that as_values() described."""
        views = tuple(values["views"])
        rows = [[values["weights"][name][view] for view in views] for name, _ in BUCKETS]
        return cls(views, np.array(rows, np.float32), values["learned"], values["note"])


def prior_blend(views: tuple[str, ...]) -> Blend:
    """The blend of those who have nothing to learn from."""
    return Blend(views, np.tile(prior(views), (len(BUCKETS), 1)), learned=False, note="prior")


def single_blend(views: tuple[str, ...], view: int) -> Blend:
    """One view alone for people with history; cold people, whom it may not know, keep the prior."""
    weights = np.tile(prior(views), (len(BUCKETS), 1))
    weights[1:] = np.eye(len(views), dtype=np.float32)[view]
    return Blend(views, weights, learned=False, note=f"single:{views[view]}").traced()


def with_cold_of(blend: Blend, other: Blend) -> Blend:
    """`blend` with the weights that `other` (of the same views) has for people without history."""
    return replace(blend, weights=np.concatenate([other.weights[:1], blend.weights[1:]]))


def unit_rows(weights: Floats) -> Floats:
    """Each row scaled to absolute weights summing to 1."""
    return np.stack([unit(row) for row in weights])


def learn_ways(views: tuple[str, ...], windows: Sequence[Judged]) -> dict[Way, Blend]:
    """What learn() finds by each of WAYS."""
    out = {way: learn(views, windows, way) for way in SEARCHES}
    return out | {"mean": _mean(list(out.values()))}


def _mean(blends: Sequence[Blend]) -> Blend:
    """Blends of the same views as one; the prior where they are it."""
    weights = unit_rows(np.mean([one.weights for one in blends], axis=0, dtype=np.float32))
    return replace(blends[0], weights=weights, note="learned:mean" if blends[0].learned else blends[0].note)


def learn(views: tuple[str, ...], windows: Sequence[Judged], way: Way = "ascent") -> Blend:
    """The blend that ranks the right answers of `windows` best; the prior where there is nobody to learn from.

    `way` is for people with history; those without have too little to be likely by, and always get the ascent.
    """
    if way == "mean":
        return learn_ways(views, windows)["mean"]
    known = [window.pick(window.lengths > 0) for window in windows]
    if not sum(len(window.users) for window in known):
        return prior_blend(views)
    signed = np.array([view == "popular" for view in views])
    found = _search(known, signed, _audible(prior(views), known), way)
    whole = _toward(found, PRIOR_PEOPLE)
    rows = []
    for number, _ in enumerate(BUCKETS):
        members = [window.pick(bucket_of(window.lengths) == number) for window in windows]
        n_people = sum(len(window.users) for window in members)
        centre = whole if number else _audible(prior(views), members)
        if n_people < MIN_BUCKET:
            rows.append(centre)
            continue
        found = _search(members, signed, centre, way if number else "cold")
        rows.append(_toward(replace(found, start=centre), WHOLE_PEOPLE) if number else _toward(found, PRIOR_PEOPLE))
    return Blend(views, np.stack(rows), learned=True, note=f"learned:{way}")


def _audible(weights: Floats, windows: Sequence[Judged]) -> Floats:
    """`weights` without those of views that say the same of everything to everybody in `windows`.

    They order nothing, but steps of the ascent are measured by the largest weight. Unchanged where all are silent.
    """
    heard = np.any([window.features.any(axis=(1, 2)) for window in windows], axis=0)
    return unit(weights * heard) if (weights * heard).any() else weights


@dataclass(frozen=True)
class _Found:
    """One search's result."""

    start: Floats
    """Where it began: the given weights or the best single view, whichever ranked better."""
    weights: Floats
    people: int


def _search(windows: Sequence[Judged], signed: Bools, given: Floats, way: Way | Literal["cold"]) -> _Found:
    """The best weights by ascent from `given` or from the best single view, or by one of the other ways.

    Cold people start from `given`: their best single view is a bet on one half-life, which the next weeks may lose.
    """
    people = sum(len(window.users) for window in windows)
    # whoever has no right answer in the pool adds 0 to every order, and the search compares orders
    windows = [window.pick(np.unique(window.right[0])) for window in windows if window.hits.any()]
    if not windows:
        return _Found(unit(given), unit(given), people)
    if way == "likely":
        return _Found(unit(given), unit(most_likely(windows, signed)), people)
    view, table = best_single(windows)
    search = Search(windows, np.maximum(table.max(axis=0), 1e-6), signed)
    start = given
    if way == "both":
        start = unit(most_likely(windows, signed))
    elif way == "ascent":
        best = np.eye(len(given), dtype=np.float32)[view]
        at_given = search.value([masked(window, blend(window.features, given)) for window in windows])
        at_best = search.value([masked(window, single(window, view)) for window in windows])
        start = best if at_best > at_given else given
    weights, _ = ascend(search, start)
    return _Found(unit(given if way == "both" else start), unit(weights), people)


def _toward(found: _Found, strength: int) -> Floats:
    """Weights pulled towards their start, which weighs as much as `strength` people: few people prove little."""
    mixed = (found.people * found.weights + strength * unit(found.start)) / (found.people + strength)
    return unit(mixed.astype(np.float32))


def blended(judged: Judged, mix: Blend) -> Floats:
    """Scores of the blend on a judged pool, shape (people, width)."""
    return blend(judged.features, mix.for_lengths(judged.lengths))


def value_of(judged: Judged, mix: Blend) -> Doubles:
    """NDCG@10 per person of the blend."""
    return ndcg(judged, blended(judged, mix))
