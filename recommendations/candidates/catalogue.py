"""Which learners a dataset calls for, and how a model folder finds them again."""

from recommendations.candidates.als import Als
from recommendations.candidates.base import Candidate
from recommendations.candidates.beginnings import Beginnings
from recommendations.candidates.content import Content, has_text
from recommendations.candidates.ease import Ease, EvenEase
from recommendations.candidates.encoder import Encoder
from recommendations.candidates.implicit_library import available
from recommendations.candidates.item_knn import ItemKnn
from recommendations.candidates.means import Means
from recommendations.candidates.people_knn import PeopleKnn
from recommendations.candidates.popularity import FreshGroupPopularity, GroupPopularity, Popularity, has_groups
from recommendations.candidates.repeat import Repeat
from recommendations.candidates.rhythm import Rhythm
from recommendations.candidates.settings import Settings, is_large, is_middling, settings_for
from recommendations.candidates.spark.als import SparkAls
from recommendations.candidates.spark.item_knn import SparkItemKnn
from recommendations.candidates.transitions import Transitions
from recommendations.candidates.two_tower import TwoTower
from recommendations.dataset.events import Dataset

LEARNERS: dict[str, type[Candidate]] = {
    learner.name: learner
    for learner in (
        Popularity,
        Beginnings,
        GroupPopularity,
        FreshGroupPopularity,
        ItemKnn,
        PeopleKnn,
        Ease,
        EvenEase,
        Content,
        Repeat,
        Als,
        Transitions,
        Rhythm,
        Encoder,
        TwoTower,
    )
}


MONTH = 30.0
"""Days a dataset must span before its last days say something else than all of it."""


def learners_for(dataset: Dataset, settings: Settings | None = None, means: Means | None = None) -> list[Candidate]:
    """Unfitted learners that have something to learn from `dataset`, in a fixed order, set as its size asks for or as
    `settings` say.

    One whose library cannot be loaded is not among them; `left_out` names it. One that `means` asks for always is. What
    Spark fits has the name and the arrays of its local twin, so LEARNERS knows it already.
    """
    means = means or Means()
    settings = settings or settings_for(dataset)
    near = SparkItemKnn(settings.item_knn, means.spark) if means.on_spark else ItemKnn(settings.item_knn)
    out: list[Candidate] = [Popularity(), near, PeopleKnn(settings.people_knn), *_regressions(dataset, settings)]
    lasting = dataset.timed and dataset.days >= MONTH
    if lasting:
        out.append(Beginnings())
    if has_groups(dataset).any():
        out.append(GroupPopularity())
        if lasting:
            out.append(FreshGroupPopularity())
    if has_text(dataset):
        out.append(Content(settings.content))
    if dataset.repeats:
        out.append(Repeat())
    if dataset.sequenced:
        out.append(Transitions(settings.transitions))
    if dataset.repeats and dataset.timed:
        out.append(Rhythm())
    if means.on_spark:
        out.append(SparkAls(settings.als, means.spark))
    elif Als.name not in left_out():
        out.append(Als(settings.als))
    if not is_large(dataset) and not is_middling(dataset):
        out.append(Encoder())
    if means.neural:
        out.append(TwoTower())
    return out


def _regressions(dataset: Dataset, settings: Settings) -> list[Candidate]:
    """EASE, and the one that holds long histories back where the matrix is small enough to be solved twice.

    Of a middling shop the second alone: there it ranked better, and one takes a minute.
    """
    if is_middling(dataset):
        return [EvenEase(settings.even)]
    if is_large(dataset) or min(dataset.shape) > settings.ease.direct:
        return [Ease(settings.ease)]
    return [Ease(settings.ease), EvenEase(settings.even)]


def left_out(means: Means | None = None) -> dict[str, str]:
    """Names of learners that a blend would have and this machine cannot fit, each with the reason in words."""
    # Spark brings its own alternating least squares
    reason = None if means and means.on_spark else available()
    return {Als.name: reason} if reason else {}
