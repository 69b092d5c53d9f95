"""Which learners a dataset calls for, and how a model folder finds them again."""

from dataclasses import replace

from recommendations.candidates.als import Als
from recommendations.candidates.base import Candidate
from recommendations.candidates.bpr import Bpr
from recommendations.candidates.content import Content, has_text
from recommendations.candidates.ease import Ease, EaseConfig, EvenEase
from recommendations.candidates.implicit_library import available
from recommendations.candidates.item_knn import ItemKnn
from recommendations.candidates.means import Means
from recommendations.candidates.people_knn import PeopleKnn
from recommendations.candidates.popularity import GroupPopularity, Popularity, has_groups
from recommendations.candidates.repeat import Repeat
from recommendations.candidates.rhythm import Rhythm
from recommendations.candidates.rules import Rules
from recommendations.candidates.spark.als import SparkAls
from recommendations.candidates.spark.item_knn import SparkItemKnn
from recommendations.candidates.transitions import Transitions
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


def learners_for(dataset: Dataset, ease: EaseConfig | None = None, means: Means | None = None) -> list[Candidate]:
    """Unfitted learners that have something to learn from `dataset`, in a fixed order.

    LEARNERS holds more than are fitted here: a learner joins a blend only where it was measured to be worth its time.
    One whose library cannot be loaded is not among them; `left_out` names it. One that `means` asks for always is. What
    Spark fits has the name and the arrays of its local twin, so LEARNERS knows it already.
    """
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


def _item_knn(means: Means) -> ItemKnn:
    return SparkItemKnn(spark=means.spark) if means.on_spark else ItemKnn()


def left_out(means: Means | None = None) -> dict[str, str]:
    """Names of learners that a blend would have and this machine cannot fit, each with the reason in words."""
    # Spark brings its own alternating least squares
    reason = None if means and means.on_spark else available()
    return {Als.name: reason} if reason else {}
