"""Whether the trees may have a say beside the blend, and how much: decided where neither of the two learned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recommendations.dataset.arrays import Floats
from recommendations.dataset.split import Window
from recommendations.evaluation.metrics import interval
from recommendations.ranking.ascent import Judged, ndcg
from recommendations.ranking.pool import Pool
from recommendations.ranking.reranker import Examples, Reranker, RerankerConfig, SecondOpinion, mix, said
from recommendations.ranking.traits import Shelf

SHARES = (0.25, 0.5, 0.75, 1.0)
"""How much the trees may count; a mixture is often better than either, since the two err in different places."""
LABELLED = 300
"""With fewer people to learn from, over all windows, trees learn people by heart."""

Older = Callable[[int], Sequence[Examples]]
"""For the place of a window in time, what could be learned before it begins."""


@dataclass(frozen=True)
class Trial:
    """What came of it."""

    opinion: SecondOpinion | None
    """None where the blend alone is not beaten by more than the interval of the difference."""
    scores: Floats
    """Honest scores of whoever won, on the newest window (people, width)."""
    trees: Floats | None
    """Honest scores of the trees alone there; None where there were too few people to grow any."""
    curve: list[float]
    """NDCG@10 after each tree, on people the trees did not learn from."""


def examples_of(window: Window, pool: Pool, judged: Judged) -> Examples:
    """The judged people of a pool with the traits that were known at the window's time."""
    people = np.isin(pool.users, judged.users)
    rows = window.known.history.take(judged.users)
    names, traits = Shelf.of(window.known).describe(rows, judged.items, pool.seen[people])
    return Examples(judged, traits, names)


@dataclass(frozen=True)
class Grower:
    """How trees are grown for one goal."""

    views: tuple[str, ...]
    seed: int
    config: RerankerConfig

    def grow(self, windows: Sequence[Examples], watch: Sequence[Examples] = ()) -> Reranker:
        """Trees learned from `windows`; see Reranker.fit."""
        return Reranker(self.views, self.config).fit(windows, self.seed, watch)


def try_trees(
    windows: Sequence[Examples], linear: Sequence[Floats], grower: Grower, older: Older | None = None
) -> Trial:
    """Grow trees on part of what there is, judge them beside the honest scores `linear` on the rest.

    In time, with `older`, a window judges trees grown on what was before it, where that is enough; else each half of
    the people judges trees grown on the other half. The trees get the share with the largest gain in NDCG@10 among
    those whose gain is certain: the lower end of its paired 95 % interval over people is above 0. They are then grown
    anew on everything. People without history are learned from, but keep the blend (see reranker.said).
    """
    newest = len(windows) - 1
    if _too_few(windows):
        return Trial(None, linear[newest], None, [])
    honest, curve = _in_time(windows, grower, older) if older else _by_halves(windows, grower)
    if newest not in honest:
        return Trial(None, linear[newest], None, [])
    best, gain = 0.0, 0.0
    for share in SHARES:
        differences = [
            _known(one, mix(linear[place], trees, one.judged.among, said(share, one.judged.lengths)))
            - _known(one, linear[place])
            for place, trees in honest.items()
            for one in [windows[place]]
        ]
        difference = np.concatenate(differences)
        low, _ = interval(difference)
        if low > 0 and difference.mean() > gain:
            best, gain = share, float(difference.mean())
    if not best:
        return Trial(None, linear[newest], honest[newest], curve)
    judged = windows[newest].judged
    scores = mix(linear[newest], honest[newest], judged.among, said(best, judged.lengths))
    return Trial(SecondOpinion(grower.grow(windows), best), scores, honest[newest], curve)


def _too_few(windows: Sequence[Examples]) -> bool:
    """True when trees grown on `windows` would learn people by heart, or nothing at all."""
    people = sum(len(one.judged.users) for one in windows)
    return people < LABELLED or not any(one.judged.hits.any() for one in windows)


def _known(one: Examples, scores: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """NDCG@10 of people with history."""
    inside = one.judged.lengths > 0
    return ndcg(one.judged.pick(inside), scores[inside])


def _in_time(windows: Sequence[Examples], grower: Grower, older: Older) -> tuple[dict[int, Floats], list[float]]:
    """By place, scores of the windows that enough was known before, by trees that know nothing of their days."""
    told: dict[int, Floats] = {}
    curve: list[float] = []
    for place in range(1, len(windows)):
        lessons = older(place)
        if _too_few(lessons):
            continue
        trees = grower.grow(lessons, watch=[windows[place]] if windows[place].judged.hits.any() else ())
        curve = trees.curve
        told[place] = trees.scores(windows[place].cells(grower.views))
    return told, curve


def _by_halves(judges: Sequence[Examples], grower: Grower) -> tuple[dict[int, Floats], list[float]]:
    """By place, scores of all windows by trees that did not see those people."""
    out = [np.zeros(one.judged.among.shape, np.float32) for one in judges]
    curve: list[float] = []
    for half in (0, 1):
        inside = [one.judged.users % 2 == half for one in judges]
        rest = [one.pick(~mask) for one, mask in zip(judges, inside, strict=True)]
        asked = [one.pick(mask) for one, mask in zip(judges, inside, strict=True)]
        if not any(one.judged.hits.any() for one in rest) or not any(one.judged.hits.any() for one in asked):
            continue
        trees = grower.grow(rest, watch=asked)
        curve = trees.curve
        for one, mask, scores in zip(asked, inside, out, strict=True):
            scores[mask] = trees.scores(one.cells(grower.views))
    return dict(enumerate(out)), curve
