"""Set the dials of each learner where it ranks best on the newest validation windows: inside the training data.

What suits one shop harms the next: dense ratings want 16 factors, thin logs 256; office supplies are learned from
neighbours by all they share, films by what is rare. A dial is turned while the others stand still, and only where the
gain is certain (the lower end of its paired 95 % interval is above 0): few people say little, and what usually is right
should not give way to chance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lib.progress import Progress
from recommendations.candidates.als import Als
from recommendations.candidates.base import Candidate
from recommendations.candidates.catalogue import left_out
from recommendations.candidates.ease import Ease
from recommendations.candidates.item_knn import ItemKnn
from recommendations.candidates.people_knn import PeopleKnn
from recommendations.candidates.settings import Settings, is_large, settings_for
from recommendations.dataset.arrays import Doubles, Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.split import Window
from recommendations.evaluation.metrics import interval
from recommendations.ranking.ascent import judge, ndcg, single
from recommendations.ranking.pool import PoolRules, build_pool, chunks

PEOPLE = 2000
"""People a setting is tried on, of the newest window, and of older ones where that has fewer."""
WINDOWS = 3
"""At most so many windows."""
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
    """Rising, with the one it stands at; every second is tried, then the neighbours of the best."""
    view: int = 0
    """Which of the learner's views it turns."""


DIALS = (
    Dial("ease", "ridge", (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)),
    Dial("item_knn", "shrinkage", (1.0, 3.0, 10.0, 30.0, 100.0)),
    Dial("item_knn", "walk_penalty", (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9), view=1),
    Dial("item_knn", "walk_power", (0.3, 0.45, 0.6, 0.8, 1.0), view=1),
    Dial("people_knn", "rarity", (0.0, 0.25, 0.5, 0.75, 1.0)),
    Dial("people_knn", "neighbours", (40, 75, 150, 300, 600)),
    Dial("als", "factors", (16, 32, 64, 128, 256)),
)
LEARNERS: dict[str, Callable[[Settings], Candidate]] = {
    "ease": lambda settings: Ease(replace(settings.ease, recency=(), links=None, largest=WHOLE, head=WHOLE)),
    "item_knn": lambda settings: ItemKnn(settings.item_knn),
    "people_knn": lambda settings: PeopleKnn(settings.people_knn),
    "als": lambda settings: Als(replace(settings.als, lenders=0)),
}


def tuned(dataset: Dataset, windows: Sequence[Window], seed: int, tell: Progress) -> Settings:
    """The settings for `dataset`, each dial where its learner's NDCG@10 is highest for things new to people.

    Nothing is turned without a window or in a large shop, where each trial would take minutes.
    """
    settings = settings_for(dataset)
    if is_large(dataset):
        return settings
    trial = _Trial(windows, seed)
    if not trial.asked:
        return settings
    dials = [dial for dial in DIALS if dial.learner not in left_out()]
    for number, dial in enumerate(dials):
        tell(number, len(dials), f"tuning {dial.learner}: {dial.name}")
        settings = trial.turned(settings, dial)
    return settings


class _Trial:
    """People of the newest windows, to try settings on."""

    def __init__(self, windows: Sequence[Window], seed: int) -> None:
        self.asked: list[tuple[Window, Ints]] = []
        left = PEOPLE
        for window in reversed(windows[-WINDOWS:]):
            people = window.people[window.known.history.lengths[window.people] > 0]
            if len(people) > left:
                people = np.sort(np.random.default_rng(seed).choice(people, left, replace=False))
            left -= len(people)
            if len(people):
                self.asked.append((window, people))

    def turned(self, settings: Settings, dial: Dial) -> Settings:
        """`settings` with one dial at its best value, or where it stood if that is not surely better."""
        reached: dict[int, Doubles] = {}

        def value(at: int) -> float:
            if at not in reached:
                reached[at] = self.values(_set(settings, dial, at), dial)
            return float(reached[at].sum())

        at = max(range(0, len(dial.values), 2), key=value)
        best = max((place for place in (at - 1, at, at + 1) if 0 <= place < len(dial.values)), key=value)
        stood = dial.values.index(getattr(getattr(settings, dial.learner), dial.name))
        value(stood)
        gain = reached[best] - reached[stood]
        return _set(settings, dial, best) if len(gain) and interval(gain)[0] > 0 else settings

    def values(self, settings: Settings, dial: Dial) -> Doubles:
        """NDCG@10 per person of the dial's learner so set."""
        found = [np.zeros(0)]
        for window, people in self.asked:
            known = window.known
            learner = LEARNERS[dial.learner](settings).fit(known)
            rules = PoolRules(known.warm, with_seen=False, per_view=LISTED)
            for part in chunks(people, known.n_items):
                judged = judge(
                    window.name, build_pool([learner], known.history.take(part), part, rules), window.new, new_only=True
                )
                found.append(ndcg(judged, single(judged, dial.view)))
        return np.concatenate(found)


def _set(settings: Settings, dial: Dial, at: int) -> Settings:
    config = replace(getattr(settings, dial.learner), **{dial.name: dial.values[at]})
    return replace(settings, **{dial.learner: config})


def as_values(settings: Settings) -> dict[str, float]:
    """Where each dial stands, by `learner.name`."""
    return {f"{dial.learner}.{dial.name}": getattr(getattr(settings, dial.learner), dial.name) for dial in DIALS}
