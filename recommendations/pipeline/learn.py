"""Learn the blend inside the training data, and measure it where it was not learned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lib.progress import Progress
from recommendations.candidates.base import Candidate
from recommendations.candidates.catalogue import learners_for
from recommendations.candidates.means import Means
from recommendations.candidates.settings import Settings, is_large
from recommendations.dataset.arrays import Doubles, Floats, Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import support
from recommendations.dataset.sample import of_people
from recommendations.dataset.split import Protocol, Window, choose_protocol, windows_for
from recommendations.evaluation.evaluate import HYBRID, POPULARITY, EvaluationReport, Exam, Marks, evaluate, marks_of
from recommendations.evaluation.metrics import interval
from recommendations.pipeline.reranking import Grower, Trial, examples_of, try_trees
from recommendations.pipeline.tuning import tuned
from recommendations.ranking.ascent import Judged, best_single, judge, ndcg, single, top_cells, trim
from recommendations.ranking.hybrid import (
    WAYS,
    Blend,
    Way,
    blended,
    learn,
    learn_ways,
    prior_blend,
    single_blend,
    with_cold_of,
)
from recommendations.ranking.pool import PER_VIEW, SPARSE_PER_VIEW, Pool, PoolRules, align, build_pool, chunks, join
from recommendations.ranking.reranker import RerankerConfig, SecondOpinion

MAX_PEOPLE = 3000
"""People per validation window. The weights are sharp with a third of them; the trees are not."""
LARGE_PEOPLE = 100_000
"""In a large shop so many people, by lot, stand for all while the blend is learned: it is tried on MAX_PEOPLE of them,
and learners fitted on more would hardly rank otherwise."""
LISTED = 20
GOALS = ("any", "new")
"""What a list is for, the shop's main goal first where people buy again."""
TREES_FOR = {"any": RerankerConfig(even=False, leaf=1.0), "new": RerankerConfig()}
"""How trees grow for each goal; not evened out, the weights of cells are smaller, and with them those of a leaf."""
LINEAR, TREES = "linear", "trees"
"""Names in a report of the two halves of the hybrid."""


@dataclass(frozen=True)
class Learned:
    """What validation decided."""

    protocol: Protocol
    settings: Settings
    fresh: Blend
    """Weights for items new to the person."""
    again: Blend | None
    """Weights for anything, bought before or not; None where people do not buy again."""
    opinions: dict[str, SecondOpinion]
    """What the trees say beside the blend, by goal (`new`, `any`); a goal is missing where they did not win."""
    curves: dict[str, list[float]]
    """NDCG@10 after each tree, by goal."""
    reports: list[EvaluationReport]
    """Honest figures, the shop's main goal first; empty where there was nobody to judge by."""
    marks: list[Marks]
    """What each person got, a report each, for figures by group."""


@dataclass(frozen=True)
class _Judgement:
    """One goal's windows and the pools behind them."""

    goal: str
    windows: list[Judged]
    known: list[Window]
    pools: list[Pool]
    views: tuple[str, ...]


@dataclass(frozen=True)
class _Settled:
    """What one goal came to."""

    blend: Blend
    trial: Trial
    report: EvaluationReport
    marks: Marks


def learn_blends(dataset: Dataset, asked: Ints | None, seed: int, means: Means, tell: Progress) -> Learned:
    """Validate on `dataset` in the way that fits the people `asked` (positions, None for the shop's own future)."""
    if is_large(dataset):
        dataset = of_people(dataset, LARGE_PEOPLE)
    protocol = choose_protocol(dataset, asked) if dataset.n_events else "random"
    windows = windows_for(dataset, protocol, seed)
    settings = tuned(dataset, windows, seed, tell)
    if not windows:
        return Learned(protocol, settings, prior_blend(("popular",)), None, {}, {}, [], [])
    # the kinds of learners follow the whole dataset, so that every window has the same ones
    timeless = {one.name: one.fit(dataset) for one in learners_for(dataset, settings, means) if one.timeless}
    pools = []
    for number, window in enumerate(windows):
        tell(number, len(windows), f"validating on window {window.name}")
        learners = [timeless.get(one.name) or one.fit(window.known) for one in learners_for(dataset, settings, means)]
        pools.append(_window_pool(dataset, window, learners, seed))
    views = tuple(dict.fromkeys(view for pool in reversed(pools) for view in pool.views))
    pools = [align(pool, views) for pool in pools]
    tell(0, 1, "learning the blend")
    settled: dict[str, _Settled] = {}
    for goal in GOALS if dataset.repeats else GOALS[-1:]:
        new = goal == "new"
        judged = [
            judge(window.name, pool, window.new if new else window.any, new_only=new)
            for window, pool in zip(windows, pools, strict=True)
        ]
        tell(len(settled), len(GOALS), f"learning the blend for {goal} items")
        settled[goal] = _settle(_Judgement(goal, judged, windows, pools, views), protocol, seed)
    return Learned(
        protocol,
        settings,
        settled["new"].blend,
        settled["any"].blend if "any" in settled else None,
        {goal: one.trial.opinion for goal, one in settled.items() if one.trial.opinion},
        {goal: one.trial.curve for goal, one in settled.items()},
        [one.report for one in settled.values()],
        [one.marks for one in settled.values()],
    )


def _sample(window: Window, seed: int, most: int) -> Ints:
    people = window.people
    if len(people) <= most:
        return people
    return np.sort(np.random.default_rng(seed).choice(people, most, replace=False))


def _window_pool(dataset: Dataset, window: Window, learners: Sequence[Candidate], seed: int) -> Pool:
    """The pools of the window's people, by learners fitted on what was known."""
    large = is_large(dataset)
    few = SPARSE_PER_VIEW if large else PER_VIEW
    rules = PoolRules(window.known.warm, with_seen=dataset.repeats, per_view=few, sparse=large)
    users = _sample(window, seed, MAX_PEOPLE)
    history = window.known.history
    return join([build_pool(learners, history.take(part), part, rules) for part in chunks(users, window.known.n_items)])


def _settle(judgement: _Judgement, protocol: Protocol, seed: int) -> _Settled:
    """The blend to use, the trees beside it, and the figures of how they do where they were not learned.

    Learned weights are used, by the ascent unless another way is better beyond doubt, where neither the prior is better
    nor the best single view beyond doubt.
    """
    windows, views = judgement.windows, judgement.views
    lean = [trim(window) for window in windows]
    at, _ = best_single([window.pick(window.lengths > 0) for window in windows])
    fixed = {"prior": prior_blend(views), "single": single_blend(views, at)}
    rivals: dict[str, list[Floats]] = dict(_honest_scores(windows, lean, views, protocol).items())
    rivals |= {name: [blended(window, mix) for window in windows] for name, mix in fixed.items()}
    first = WAYS[0]
    compared = (first, "prior", "single") if _beyond_doubt(windows, rivals, protocol) else (first, "prior")
    values = {name: _value(windows, rivals[name], protocol) for name in compared}
    chosen = max(values, key=lambda name: values[name])
    way = _surest(windows, rivals, protocol) if chosen == first else None
    chosen = way or chosen
    # who wins was asked of people with history, so those without keep what was learned for them
    mix = learn(views, lean, way) if way else with_cold_of(fixed[chosen], learn(views, lean))
    examples = [examples_of(*one) for one in zip(judgement.known, judgement.pools, windows, strict=True)]
    grower = Grower(views, seed, TREES_FOR[judgement.goal])
    trial = try_trees(examples, rivals[chosen], grower, protocol)
    others = {LINEAR: rivals[chosen][-1]} if trial.trees is not None else {}
    if trial.trees is not None:
        others[TREES] = trial.trees
    return _Settled(mix, trial, *_report(judgement, trial.scores, others))


def _honest_scores(
    windows: list[Judged], lean: list[Judged], views: tuple[str, ...], protocol: Protocol
) -> dict[Way, list[Floats]]:
    """By each way, each window's scores by weights that were not learned on its people (or, in time, on its days).

    `lean` are the windows trimmed to what learning needs.

    With several time windows each is judged by weights of the older ones; the oldest one's scores only fill its place.
    Else people are split in two halves and each half is judged by weights of the other.
    """
    if protocol == "time" and len(windows) > 1:
        older = [learn_ways(views, lean[:place]) for place in range(1, len(windows))]
        pairs = list(zip(windows, [older[0], *older], strict=True))
        return {way: [blended(window, mixes[way]) for window, mixes in pairs] for way in WAYS}
    out = {way: [np.zeros(window.among.shape, np.float32) for window in windows] for way in WAYS}
    for half in (0, 1):
        mixes = learn_ways(views, [window.pick(window.users % 2 != half) for window in lean])
        for way in WAYS:
            for window, scores in zip(windows, out[way], strict=True):
                inside = window.users % 2 == half
                scores[inside] = blended(window.pick(inside), mixes[way])
    return out


def _value(windows: list[Judged], scores: list[Floats], protocol: Protocol) -> float:
    """NDCG@10 of people with history: on the newest window in time, else relative to each window's best view."""

    if protocol == "time":
        return float(_known(windows[-1], scores[-1]).mean())
    parts = []
    for window, numbers in zip(windows, scores, strict=True):
        _, table = best_single([window])
        parts.append(_known(window, numbers).mean() / max(float(table.max()), 1e-9))
    return float(np.mean(parts))


def _beyond_doubt(windows: list[Judged], rivals: Mapping[str, list[Floats]], protocol: Protocol) -> bool:
    """Whether the best single view surely beats learned weights on the people that _value() asks.

    It is the best of dozens on these very people, so its mean flatters it, most where they are few. Surely means that
    the lower end of the paired 95 % interval is above 0.
    """
    asked = slice(-1, None) if protocol == "time" else slice(None)
    trios = zip(windows[asked], rivals["single"][asked], rivals[WAYS[0]][asked], strict=True)
    return interval(np.concatenate([_known(one, a) - _known(one, b) for one, a, b in trios]))[0] > 0


def _known(window: Judged, scores: Floats) -> Doubles:
    """NDCG@10 of people with history."""
    inside = window.lengths > 0
    return ndcg(window.pick(inside), scores[inside])


def _surest(windows: list[Judged], rivals: Mapping[str, list[Floats]], protocol: Protocol) -> Way:
    """The way with the largest gain over the first among those whose gain is certain; the first where there is none.

    Certain means that the lower end of the paired 95 % interval over people is above 0. In time the oldest window is
    left out, whose scores were learned on itself.
    """
    start = 1 if protocol == "time" and len(windows) > 1 else 0
    best, most = WAYS[0], 0.0
    for way in WAYS[1:]:
        trios = zip(windows[start:], rivals[way][start:], rivals[WAYS[0]][start:], strict=True)
        gain = np.concatenate([_known(window, scores) - _known(window, first) for window, scores, first in trios])
        if interval(gain)[0] > 0 and gain.mean() > most:
            best, most = way, float(gain.mean())
    return best


def _report(judgement: _Judgement, scores: Floats, others: dict[str, Floats]) -> tuple[EvaluationReport, Marks]:
    """Hybrid, what it is made of, and every single view that speaks to them, on the newest window, for people with
    history; with what each of these people got.
    """
    window, known = judgement.windows[-1], judgement.known[-1]
    inside = window.lengths > 0
    judged = window.pick(inside)
    history = known.known.history
    truth = (known.new if judgement.goal == "new" else known.any)[judged.users]
    exam = Exam(
        goal=judgement.goal,
        window=window.name,
        truth=truth,
        lengths=judged.lengths,
        buyers=support(history),
        n_people=int((history.lengths > 0).sum()),
    )
    lists = {HYBRID: _listed(judged, scores[inside])}
    lists |= {name: _listed(judged, numbers[inside]) for name, numbers in others.items()}
    # a view that tells nothing apart, as one for newcomers alone, has no order to judge; the baseline is always told
    heard = np.asarray(judged.features.any(axis=(1, 2)))
    for at, view in enumerate(judgement.views):
        if heard[at] or view == POPULARITY:
            lists[view] = _listed(judged, single(judged, at))
    return evaluate(lists, exam), marks_of(lists, exam, judged.users)


def _listed(judged: Judged, scores: Floats) -> Ints:
    """Items of the best cells (people, up to 20), -1 where fewer compete."""
    top = top_cells(scores, judged.among, LISTED)
    items = np.take_along_axis(judged.items, top, axis=1)
    return np.where(np.take_along_axis(judged.among, top, axis=1), items, -1)
