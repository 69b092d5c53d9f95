"""How each learner is set: by the size of a shop first, then by what validation finds (pipeline/tuning.py)."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from recommendations.candidates.als import AlsConfig
from recommendations.candidates.base import Candidate
from recommendations.candidates.content import ContentConfig
from recommendations.candidates.ease import EaseConfig
from recommendations.candidates.item_knn import ItemKnnConfig
from recommendations.candidates.people_knn import PeopleKnnConfig
from recommendations.candidates.transitions import TransitionsConfig
from recommendations.dataset.events import Dataset

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
MIDDLING_HEAD = 20_000
"""Most taken items that the regression learns where neither people nor items are few and the shop is not large."""
MIDDLING_LINKS = 300
"""Weights it then keeps of each item; with all of them it ranked no better and took ten times the room."""
EVENNESS = 0.5
"""How much the second regression holds long histories back."""


@dataclass(frozen=True)
class Settings:
    """One configuration per learner that has any; the defaults are those of a small shop."""

    ease: EaseConfig = field(default_factory=EaseConfig)
    item_knn: ItemKnnConfig = field(default_factory=ItemKnnConfig)
    people_knn: PeopleKnnConfig = field(default_factory=PeopleKnnConfig)
    content: ContentConfig = field(default_factory=ContentConfig)
    transitions: TransitionsConfig = field(default_factory=TransitionsConfig)
    als: AlsConfig = field(default_factory=AlsConfig)

    @classmethod
    def of(cls, learners: Sequence[Candidate]) -> Self:
        """How `learners` are set; what is not among them keeps its default."""
        found: dict[str, Any] = {one.name: getattr(one, "config", None) for one in learners}
        found["ease"] = found.get("ease") or found.get("ease_even")
        return cls(**{name: found[name] for name in cls.__dataclass_fields__ if found.get(name) is not None})

    @property
    def even(self) -> EaseConfig:
        """The second regression's: one recent view is enough."""
        return replace(self.ease, evenness=EVENNESS, recency=self.ease.recency[:1])


def is_large(dataset: Dataset) -> bool:
    """True when a dataset is too large for arrays of people x items."""
    return dataset.n_users * dataset.n_items >= LARGE


def is_middling(dataset: Dataset) -> bool:
    """True when a dataset is not large and neither its people nor its items are few enough to be solved whole."""
    return min(dataset.shape) > EaseConfig().largest and not is_large(dataset)


def settings_for(dataset: Dataset) -> Settings:
    """What the size of a shop asks for."""
    if is_middling(dataset):
        return Settings(ease=EaseConfig(largest=MIDDLING_HEAD, head=MIDDLING_HEAD, links=MIDDLING_LINKS))
    if not is_large(dataset):
        return Settings()
    # all sparse, and what goes by the square is learned from some of the people
    return Settings(
        EaseConfig(recency=(0.3,), largest=HEAD, head=HEAD, links=LINKS),
        ItemKnnConfig(neighbours=LINKS),
        PeopleKnnConfig(neighbours=LINKS, speakers=20_000),
        ContentConfig(commonest=COMMON, links=LINKS, recency=None),
        TransitionsConfig(neighbours=LINKS, people=ENOUGH),
        AlsConfig(people=ENOUGH, head=2 * HEAD, threads=os.cpu_count() or 1),
    )
