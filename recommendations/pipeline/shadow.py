"""Two models beside the real one, each without some people, to try whether its lists tell whom it learned from.

Shadow models (Shokri et al., 2017): the same learners, weights and trees, fitted once without one sample of people and
once without another; everybody else is in both. So each person of the two samples is asked of a model that learned
from them and of one that did not, and nothing else differs between the two answers' making. The weights and the trees
are the real model's: what those few numbers may know of single people is not measured.

Learners that score a person by links between items leave out the person's own part in them (item_knn.py, ease.py).
Before they did, an attack on a shop of 200 customers had an AUC of .77 (.74 to .81); since, .53 (.52 to .55).
"""

from dataclasses import dataclass, replace

import numpy as np

from lib.progress import Progress
from recommendations.candidates.catalogue import learners_for
from recommendations.candidates.item_knn import ItemKnn
from recommendations.candidates.means import Means
from recommendations.candidates.settings import Settings
from recommendations.dataset.arrays import Csr, Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import support
from recommendations.evaluation.membership import LIST, Knowledge, MembershipAttack, Seen, attack, signals
from recommendations.pipeline.fitted import FittedHybrid, Wish
from recommendations.ranking.traits import ItemFeatures

MOST = 500
"""People in each of the two samples."""
FEWEST = 20
"""With smaller samples nothing could be told."""
SHARE = 3
"""A sample is at most one person in so many: what is left must still be the shop."""
BESIDE = 20_000
"""Of everybody else so many are in both models; the fewer they are, the more a single person shows, so a larger shop is
judged more strictly than it need be, in bounded time."""


@dataclass(frozen=True)
class _Samples:
    """Who is left out of what, as positions of people."""

    first: Ints
    second: Ints
    beside: Ints
    """In both models."""


def try_membership(
    dataset: Dataset, fitted: FittedHybrid, wish: Wish, tell: Progress, means: Means | None = None
) -> MembershipAttack | None:
    """Attack the lists that `fitted`, which learned from `dataset` by `means`, would serve by `wish`.

    None where too few people have a history to leave any out.
    """
    seed = int(fitted.facts["seed"])
    samples = _samples(dataset, seed)
    if samples is None:
        return None
    known = _without(dataset, samples.beside)
    alike, buyers = ItemKnn().fit(known).cosine, support(known.history)
    inside: dict[str, list[np.ndarray]] = {}
    outside: dict[str, list[np.ndarray]] = {}
    parts = ((samples.first, samples.second), (samples.second, samples.first))
    for number, (members, others) in enumerate(parts):
        tell(number, len(parts), "attacking the lists")
        shadow = _shadow(dataset, fitted, np.r_[samples.beside, members], means)
        # in the order of the people, not of the models
        for people, into in ((members, inside), (others, outside)):
            past: Csr = dataset.history.take(people).pairs
            knowledge = Knowledge(past, alike, buyers, fitted.categories)
            for name, values in signals(_asked(shadow, people, wish), knowledge).items():
                into.setdefault(name, []).append(values)
    return attack(
        {name: np.concatenate(values) for name, values in inside.items()},
        # the other way round: the second sample was asked first
        {name: np.concatenate(values[::-1]) for name, values in outside.items()},
        seed,
    )


def _samples(dataset: Dataset, seed: int) -> _Samples | None:
    people = np.random.default_rng(seed).permutation(np.flatnonzero(dataset.history.lengths > 0))
    size = min(MOST, len(people) // SHARE)
    if size < FEWEST:
        return None
    return _Samples(np.sort(people[:size]), np.sort(people[size : 2 * size]), people[2 * size :][:BESIDE])


def _without(dataset: Dataset, people: Ints) -> Dataset:
    """The dataset with only what `people` did; everybody keeps their position."""
    inside = np.zeros(dataset.n_users, bool)
    inside[people] = True
    return dataset.subset(inside[dataset.user_ix])


def _shadow(dataset: Dataset, fitted: FittedHybrid, people: Ints, means: Means | None) -> FittedHybrid:
    """The same recommender learned from `people` alone, and asked with everybody's whole history."""
    part = _without(dataset, people)
    timeless = {one.name: one for one in fitted.learners if one.timeless}
    settings = Settings.of(fitted.learners)
    # the kinds of learners follow the whole dataset, as in validation
    learners = [timeless.get(one.name) or one.fit(part) for one in learners_for(dataset, settings, means)]
    return replace(
        fitted, learners=learners, history=dataset.history, buyers=support(part.history), shelf=ItemFeatures.of(part)
    )


def _asked(shadow: FittedHybrid, people: Ints, wish: Wish) -> Seen:
    lists = shadow.recommend(people, replace(wish, k=LIST))
    return Seen(lists.items, lists.scores)
