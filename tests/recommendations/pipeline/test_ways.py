"""Another way of finding weights is taken only where it is better beyond doubt, on days that nobody learned from."""

import numpy as np

from recommendations.candidates.popularity import Popularity
from recommendations.dataset.arrays import Floats
from recommendations.dataset.split import windows_for
from recommendations.pipeline.learn import _Judgement, _older, _surest, _window_pool
from recommendations.pipeline.reranking import examples_of
from recommendations.ranking.ascent import Judged, judge
from recommendations.ranking.hybrid import WAYS
from tests.kits.candidate_model import planted
from tests.recommendations.ranking.test_listwise import window


def right(one: Judged, people: int) -> Floats:
    """Scores that put every right answer first for the first `people`, and say nothing to the others."""
    scores = np.zeros(one.hits.shape, np.float32)
    scores[:people] = one.hits[:people]
    return scores


def test_a_way_that_is_better_for_nearly_everybody_is_taken() -> None:
    one = window(people=200)
    rivals = dict(zip(WAYS, ([right(one, people)] for people in (0, 150, 190, 170)), strict=True))
    assert _surest([one], rivals, "random") == "both"


def test_a_way_that_is_better_by_chance_is_not() -> None:
    one = window(people=200)
    rivals = dict(zip(WAYS, ([right(one, people)] for people in (100, 101, 100, 101)), strict=True))
    assert _surest([one], rivals, "random") == "ascent"


def test_in_time_the_window_that_was_learned_on_is_not_asked() -> None:
    older, newer = window(people=200, seed=1), window(people=200, seed=2)
    rivals = {
        "ascent": [right(older, 0), right(newer, 100)],
        "likely": [right(older, 200), right(newer, 50)],
        "both": [right(older, 200), right(newer, 100)],
        "mean": [right(older, 200), right(newer, 50)],
    }
    assert _surest([older, newer], rivals, "time") == "ascent"


def test_what_a_window_in_time_is_judged_by_happened_before_it_begins() -> None:
    data = planted()
    windows = windows_for(data, "time", 0)
    learners = [Popularity().fit(data)]
    pools = [_window_pool(data, one, learners, 0) for one in windows]
    judged = [judge(one.name, pool, one.any, new_only=False) for one, pool in zip(windows, pools, strict=True)]
    examples = [examples_of(*one) for one in zip(windows, pools, judged, strict=True)]
    lessons = _older(_Judgement("any", judged, windows, pools, pools[0].views), examples, len(windows) - 1)
    assert len(lessons) == len(windows) - 1
    begins = windows[-1].known.timestamp.max()
    before = data.subset(data.timestamp <= begins).history.pairs
    for lesson, whole in zip(lessons, judged[:-1], strict=True):
        person, column = lesson.judged.right
        assert 0 < len(person) <= len(whole.right[0])
        assert (before[lesson.judged.users[person], lesson.judged.items[person, column]] > 0).all()
        assert lesson.traits.shape[1] == len(lesson.judged.users)
        assert (lesson.judged.wanted > 0).all()
    assert len(lessons[-1].judged.right[0]) < len(judged[-2].right[0])
