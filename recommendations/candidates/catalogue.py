"""Which learners a dataset calls for, and how a model folder finds them again."""

import os
from dataclasses import dataclass, field, replace

from recommendations.candidates.als import Als, AlsConfig
from recommendations.candidates.base import Candidate
from recommendations.candidates.bpr import Bpr
from recommendations.candidates.content import Content, ContentConfig, has_text
from recommendations.candidates.ease import Ease, EaseConfig, EvenEase
from recommendations.candidates.implicit_library import available
from recommendations.candidates.item_knn import ItemKnn, ItemKnnConfig
from recommendations.candidates.means import Means
from recommendations.candidates.people_knn import PeopleKnn, PeopleKnnConfig
from recommendations.candidates.popularity import FreshGroupPopularity, GroupPopularity, Popularity, has_groups
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
        FreshGroupPopularity,
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
MONTH = 30.0
"""Days a dataset must span before its last days say something else than all of it."""
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


@dataclass(frozen=True)
class Sizes:
    """How much each learner takes in; the defaults are those of a shop that is not large."""

    item_knn: ItemKnnConfig = field(default_factory=ItemKnnConfig)
    people_knn: PeopleKnnConfig = field(default_factory=PeopleKnnConfig)
    content: ContentConfig = field(default_factory=ContentConfig)
    transitions: TransitionsConfig = field(default_factory=TransitionsConfig)
    als: AlsConfig = field(default_factory=AlsConfig)


def sizes_of_large() -> Sizes:
    """For a large shop: all sparse, and what goes by the square is learned from some of the people."""
    return Sizes(
        ItemKnnConfig(neighbours=LINKS),
        PeopleKnnConfig(neighbours=LINKS, speakers=20_000),
        ContentConfig(commonest=COMMON, links=LINKS, recency=None),
        TransitionsConfig(neighbours=LINKS, people=ENOUGH),
        AlsConfig(people=ENOUGH, head=2 * HEAD, threads=os.cpu_count() or 1),
    )


def learners_for(dataset: Dataset, ease: EaseConfig | None = None, means: Means | None = None) -> list[Candidate]:
    """Unfitted learners that have something to learn from `dataset`, in a fixed order.

    LEARNERS holds more than are fitted here: a learner joins a blend only where it was measured to be worth its time.
    One whose library cannot be loaded is not among them; `left_out` names it. One that `means` asks for always is. What
    Spark fits has the name and the arrays of its local twin, so LEARNERS knows it already.
    """
    means = means or Means()
    sizes = sizes_of_large() if is_large(dataset) else Sizes()
    near = SparkItemKnn(sizes.item_knn, means.spark) if means.on_spark else ItemKnn(sizes.item_knn)
    out: list[Candidate] = [Popularity(), near, PeopleKnn(sizes.people_knn), *_regressions(dataset, ease)]
    if has_groups(dataset).any():
        out.append(GroupPopularity())
        if dataset.timed and dataset.days >= MONTH:
            out.append(FreshGroupPopularity())
    if has_text(dataset):
        out.append(Content(sizes.content))
    if dataset.repeats:
        out.append(Repeat())
    if dataset.timed:
        out.append(Transitions(sizes.transitions))
    if dataset.repeats and dataset.timed:
        out.append(Rhythm())
    if means.on_spark:
        out.append(SparkAls(sizes.als, means.spark))
    elif Als.name not in left_out():
        out.append(Als(sizes.als))
    if means.neural:
        out.append(TwoTower())
    return out


def _regressions(dataset: Dataset, ease: EaseConfig | None) -> list[Candidate]:
    """EASE, and the one that holds long histories back where the matrix is small enough to be solved twice."""
    plain = ease or EaseConfig()
    if is_large(dataset):
        return [Ease(replace(plain, recency=(0.3,), largest=HEAD, head=HEAD, links=LINKS))]
    if min(dataset.shape) > plain.direct:
        return [Ease(plain)]
    return [Ease(plain), EvenEase(replace(plain, evenness=0.5, recency=plain.recency[:1]))]


def left_out(means: Means | None = None) -> dict[str, str]:
    """Names of learners that a blend would have and this machine cannot fit, each with the reason in words."""
    # Spark brings its own alternating least squares
    reason = None if means and means.on_spark else available()
    return {Als.name: reason} if reason else {}
