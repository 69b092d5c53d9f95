"""Whether the trees may have a say beside the blend, and how much: decided where neither of the two learned."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommendations.dataset.arrays import Floats
from recommendations.dataset.split import Protocol, Window
from recommendations.evaluation.metrics import interval
from recommendations.ranking.ascent import Judged, ndcg
from recommendations.ranking.pool import Pool
from recommendations.ranking.reranker import LabelledPool, Reranker, RerankerConfig, SecondOpinion, mix, said
from recommendations.ranking.traits import ItemFeatures

SHARES = (0.25, 0.5, 0.75, 1.0)
"""How much the trees may count; a mixture is often better than either, since the two err in different places."""
LABELLED = 600
"""With fewer people to learn from, over all windows, trees learn people by heart."""


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


def examples_of(window: Window, pool: Pool, judged: Judged) -> LabelledPool:
    """The judged people of a pool with the traits that were known at the window's time."""
    people = np.isin(pool.users, judged.users)
    rows = window.known.history.take(judged.users)
    names, traits = ItemFeatures.of(window.known).describe(rows, judged.items, pool.seen[people])
    return LabelledPool(judged, traits, names)


@dataclass(frozen=True)
class Grower:
    """How trees are grown for one goal."""

    views: tuple[str, ...]
    seed: int
    config: RerankerConfig

    def grow(self, windows: Sequence[LabelledPool], watch: Sequence[LabelledPool] = ()) -> Reranker:
        """Trees learned from `windows`; see Reranker.fit."""
        return Reranker(self.views, self.config).fit(windows, self.seed, watch)


def try_trees(windows: Sequence[LabelledPool], linear: Sequence[Floats], grower: Grower, protocol: Protocol) -> Trial:
    """Grow trees on part of what there is, judge them beside the honest scores `linear` on the rest.

    In time each window judges trees grown on the older ones; else each half of the people judges trees grown on the
    other half. The trees get the share with the largest gain in NDCG@10 among those whose gain is certain: the lower
    end of its paired 95 % interval over people is above 0. They are then grown anew on everything. People without
    history are learned from, but keep the blend (see reranker.said).
    """
    if sum(len(one.judged.users) for one in windows) < LABELLED or not any(one.judged.hits.any() for one in windows):
        return Trial(None, linear[-1], None, [])
    judges = list(windows[1:] if protocol == "time" and len(windows) > 1 else windows)
    blends = list(linear[-len(judges) :])
    honest, curve = _honest(windows, judges, grower)
    best, gain = 0.0, 0.0
    for share in SHARES:
        differences = [
            _known(one, mix(blend, trees, one.judged.among, said(share, one.judged.lengths))) - _known(one, blend)
            for one, trees, blend in zip(judges, honest, blends, strict=True)
        ]
        difference = np.concatenate(differences)
        low, _ = interval(difference)
        if low > 0 and difference.mean() > gain:
            best, gain = share, float(difference.mean())
    if not best:
        return Trial(None, linear[-1], honest[-1], curve)
    newest = windows[-1].judged
    scores = mix(blends[-1], honest[-1], newest.among, said(best, newest.lengths))
    return Trial(SecondOpinion(grower.grow(windows), best), scores, honest[-1], curve)


def _known(one: LabelledPool, scores: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """NDCG@10 of people with history."""
    inside = one.judged.lengths > 0
    return ndcg(one.judged.pick(inside), scores[inside])


def _honest(
    windows: Sequence[LabelledPool], judges: Sequence[LabelledPool], grower: Grower
) -> tuple[list[Floats], list[float]]:
    """Scores of the judging windows by trees that did not see those people (or, in time, those days)."""
    if len(judges) < len(windows):
        told = []
        for place, one in enumerate(judges, 1):
            trees = grower.grow(windows[:place], watch=[one])
            told.append(trees.scores(one.cells(grower.views)))
        return told, trees.curve
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
    return out, curve
