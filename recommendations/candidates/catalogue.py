"""Which learners a dataset calls for, and how a model folder finds them again."""

import os
from dataclasses import replace

from recommendations.candidates.als import Als, AlsConfig
from recommendations.candidates.base import Candidate
from recommendations.candidates.bpr import Bpr
from recommendations.candidates.content import Content, ContentConfig, has_text
from recommendations.candidates.ease import Ease, EaseConfig, EvenEase
from recommendations.candidates.implicit_library import available
from recommendations.candidates.item_knn import ItemKnn, ItemKnnConfig
from recommendations.candidates.means import Means
from recommendations.candidates.people_knn import PeopleKnn, PeopleKnnConfig
from recommendations.candidates.popularity import GroupPopularity, Popularity, has_groups
from recommendations.candidates.repeat import Repeat
from recommendations.candidates.rhythm import Rhythm
from recommendations.candidates.rules import Rules
from recommendations.candidates.spark.als import SparkAls
from recommendations.candidates.spark.item_knn import SparkItemKnn
from recommendations.candidates.transitions import Transitions, TransitionsConfig
from recommendations.candidates.two_tower import TwoTower
from recommendations.dataset.events import Dataset

LEARNERS: dict[str, type[Candidate]] = {
    learner.name: learner
    for learner in (
        Popularity,
        GroupPopularity,
        ItemKnn,
        PeopleKnn,
        Ease,
        EvenEase,
        Content,
        Repeat,
        Als,
        Bpr,
        Transitions,
        Rules,
        Rhythm,
        TwoTower,
    )
}


LARGE = 3_000_000_000
"""From so many cells of people x items a shop is large: no array of that shape is formed for it, nor a matrix of people
x people, and what is as sharp when counted over some of the people is counted over some."""
LINKS = 60
"""Other items that one item speaks for in a large shop."""
HEAD = 6_000
"""Most taken items of a large shop that the regression learns: its time grows with their third power."""
ENOUGH = 100_000
"""People that links in time and factors are learned from in a large shop."""
COMMON = 0.02
"""Words on more than this share of a large shop's items say nothing."""


def is_large(dataset: Dataset) -> bool:
    """True when a dataset is too large for arrays of people x items."""
    return dataset.n_users * dataset.n_items >= LARGE


def learners_of_large(dataset: Dataset, ease: EaseConfig | None = None, means: Means | None = None) -> list[Candidate]:
    """As learners_for(), for a large shop: all of them sparse, those that go by the square given some of the people."""
    means = means or Means()
    plain = replace(ease or EaseConfig(), recency=(0.3,), largest=HEAD, head=HEAD, links=LINKS)
    out: list[Candidate] = [
        Popularity(),
        _item_knn(means, ItemKnnConfig(neighbours=LINKS)),
        PeopleKnn(PeopleKnnConfig(neighbours=LINKS, speakers=20_000)),
        Ease(plain),
    ]
    if has_groups(dataset).any():
        out.append(GroupPopularity())
    if has_text(dataset):
        out.append(Content(ContentConfig(commonest=COMMON, links=LINKS)))
    if dataset.repeats:
        out.append(Repeat())
    if dataset.timed:
        out.append(Transitions(TransitionsConfig(neighbours=LINKS, people=ENOUGH)))
    if dataset.repeats and dataset.timed:
        out.append(Rhythm())
    factors = AlsConfig(people=ENOUGH, head=2 * HEAD, threads=os.cpu_count() or 1)
    if means.on_spark:
        out.append(SparkAls(factors, means.spark))
    elif Als.name not in left_out():
        out.append(Als(factors))
    if means.neural:
        out.append(TwoTower())
    return out


def learners_for(dataset: Dataset, ease: EaseConfig | None = None, means: Means | None = None) -> list[Candidate]:
    """Unfitted learners that have something to learn from `dataset`, in a fixed order.

    LEARNERS holds more than are fitted here: a learner joins a blend only where it was measured to be worth its time.
    One whose library cannot be loaded is not among them; `left_out` names it. One that `means` asks for always is. What
    Spark fits has the name and the arrays of its local twin, so LEARNERS knows it already.
    """
    if is_large(dataset):
        return learners_of_large(dataset, ease, means)
    means = means or Means()
    plain = ease or EaseConfig()
    out: list[Candidate] = [Popularity(), _item_knn(means), PeopleKnn(), Ease(plain)]
    if min(dataset.shape) <= plain.direct:
        out.append(EvenEase(replace(plain, evenness=0.5, recency=plain.recency[:1])))
    if has_groups(dataset).any():
        out.append(GroupPopularity())
    if has_text(dataset):
        out.append(Content())
    if dataset.repeats:
        out.append(Repeat())
    if dataset.timed:
        out.append(Transitions())
    if dataset.repeats and dataset.timed:
        out.append(Rhythm())
    if means.on_spark:
        out.append(SparkAls(spark=means.spark))
    elif Als.name not in left_out():
        out.append(Als())
    if means.neural:
        out.append(TwoTower())
    return out


def _item_knn(means: Means, config: ItemKnnConfig | None = None) -> ItemKnn:
    return SparkItemKnn(config, means.spark) if means.on_spark else ItemKnn(config)


def left_out(means: Means | None = None) -> dict[str, str]:
    """Names of learners that a blend would have and this machine cannot fit, each with the reason in words."""
    # Spark brings its own alternating least squares
    reason = None if means and means.on_spark else available()
    return {Als.name: reason} if reason else {}
