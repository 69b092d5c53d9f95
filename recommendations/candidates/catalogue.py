"""Which learners a dataset calls for, and how a model folder finds them again."""

from dataclasses import replace

from recommendations.candidates.base import Candidate
from recommendations.candidates.content import Content, has_text
from recommendations.candidates.ease import Ease, EaseConfig, EvenEase
from recommendations.candidates.item_knn import ItemKnn
from recommendations.candidates.people_knn import PeopleKnn
from recommendations.candidates.popularity import GroupPopularity, Popularity, has_groups
from recommendations.candidates.repeat import Repeat
from recommendations.dataset.events import Dataset

LEARNERS: dict[str, type[Candidate]] = {
    learner.name: learner
    for learner in (Popularity, GroupPopularity, ItemKnn, PeopleKnn, Ease, EvenEase, Content, Repeat)
}


def learners_for(dataset: Dataset, ease: EaseConfig | None = None) -> list[Candidate]:
    """Unfitted learners that have something to learn from `dataset`, in a fixed order."""
    plain = ease or EaseConfig()
    out: list[Candidate] = [Popularity(), ItemKnn(), PeopleKnn(), Ease(plain)]
    if min(dataset.shape) <= plain.direct:
        out.append(EvenEase(replace(plain, evenness=0.5, recency=plain.recency[:1])))
    if has_groups(dataset).any():
        out.append(GroupPopularity())
    if has_text(dataset):
        out.append(Content())
    if dataset.repeats:
        out.append(Repeat())
    return out
