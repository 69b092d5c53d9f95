"""Set the dials of each learner where it ranks best, on the newest validation window: inside the training data.

What suits one shop harms the next: dense ratings want 16 factors, thin logs 256; office supplies are learned from
neighbours by all they share, films by what is rare. A dial is turned while the others stand still.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from recommendations.candidates.als import Als
from recommendations.candidates.base import Candidate
from recommendations.candidates.catalogue import left_out
from recommendations.candidates.ease import Ease
from recommendations.candidates.item_knn import ItemKnn
from recommendations.candidates.people_knn import PeopleKnn
from recommendations.candidates.settings import Settings, is_large, settings_for
from recommendations.dataset.events import Dataset
from recommendations.dataset.split import Window
from recommendations.ranking.ascent import judge, ndcg, single
from recommendations.ranking.pool import PoolRules, build_pool, chunks

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

PEOPLE = 2000
"""People of the window a setting is tried on."""
LISTED = 20
WHOLE = 8_000
"""A regression above this size takes too long to be solved several times: its head is, which wants the same ridge."""


@dataclass(frozen=True)
class Dial:
    """One number of one learner's configuration."""

    learner: str
    """As a field of Settings."""
    name: str
    values: tuple[float, ...]
    """Rising; every second one is tried, then the neighbours of the best."""
    view: int = 0
    """Which of the learner's views it turns."""


DIALS = (
    Dial("ease", "ridge", (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)),
    Dial("item_knn", "shrinkage", (1.0, 3.0, 10.0, 30.0, 100.0)),
    Dial("item_knn", "walk_penalty", (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9), view=1),
    Dial("item_knn", "walk_power", (0.3, 0.45, 0.6, 0.8, 1.0), view=1),
    Dial("people_knn", "rarity", (0.0, 0.25, 0.5, 0.75, 1.0)),
    Dial("people_knn", "neighbours", (25, 50, 100, 200, 400)),
    Dial("als", "factors", (16, 32, 64, 128, 256)),
)
LEARNERS: dict[str, Callable[[Settings], Candidate]] = {
    "ease": lambda settings: Ease(replace(settings.ease, recency=(), links=None, largest=WHOLE, head=WHOLE)),
    "item_knn": lambda settings: ItemKnn(settings.item_knn),
    "people_knn": lambda settings: PeopleKnn(settings.people_knn),
    "als": lambda settings: Als(settings.als),
}


def tuned(dataset: Dataset, windows: Sequence[Window], seed: int, tell: Progress) -> Settings:
    """The settings for `dataset`, each dial where its learner's NDCG@10 is highest for things new to people.

    Nothing is turned without a window or in a large shop, where each trial would take minutes.
    """
    settings = settings_for(dataset)
    if not windows or is_large(dataset):
        return settings
    trial = _Trial(windows[-1], seed)
    dials = [dial for dial in DIALS if dial.learner not in left_out()]
    for number, dial in enumerate(dials):
        tell(f"tuning {dial.learner}: {dial.name}", number, len(dials))
        settings = trial.turned(settings, dial)
    return settings


class _Trial:
    """People of one window, to try settings on."""

    def __init__(self, window: Window, seed: int) -> None:
        self.window = window
        people = window.people[window.known.history.lengths[window.people] > 0]
        if len(people) > PEOPLE:
            people = np.sort(np.random.default_rng(seed).choice(people, PEOPLE, replace=False))
        self.people = people
        self.rules = PoolRules(window.known.warm, with_seen=False, per_view=LISTED)

    def turned(self, settings: Settings, dial: Dial) -> Settings:
        """`settings` with one dial at its best value."""
        reached: dict[int, float] = {}

        def value(at: int) -> float:
            if at not in reached:
                reached[at] = self.value(_set(settings, dial, at), dial)
            return reached[at]

        at = max(range(0, len(dial.values), 2), key=value)
        nearby = [place for place in (at - 1, at, at + 1) if 0 <= place < len(dial.values)]
        return _set(settings, dial, max(nearby, key=value))

    def value(self, settings: Settings, dial: Dial) -> float:
        """Mean NDCG@10 of the dial's learner so set; 0 where there is nobody to try it on."""
        known = self.window.known
        learner = LEARNERS[dial.learner](settings).fit(known)
        found = [0.0]
        for part in chunks(self.people, known.n_items):
            pool = build_pool([learner], known.history.take(part), part, self.rules)
            judged = judge(self.window.name, pool, self.window.new, new_only=True)
            found += ndcg(judged, single(judged, dial.view)).tolist()
        return float(np.sum(found)) / max(len(found) - 1, 1)


def _set(settings: Settings, dial: Dial, at: int) -> Settings:
    config = replace(getattr(settings, dial.learner), **{dial.name: dial.values[at]})
    return replace(settings, **{dial.learner: config})


def as_values(settings: Settings) -> dict[str, float]:
    """Where each dial stands, by `learner.name`."""
    return {f"{dial.learner}.{dial.name}": getattr(getattr(settings, dial.learner), dial.name) for dial in DIALS}
