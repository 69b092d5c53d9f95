"""Habits have a rhythm: too early, due, and given up."""

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates.rhythm import Rhythm, RhythmConfig
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames
from tests.kits.candidate_model import DAY, CandidateModelTests, planted


class TestRhythm(CandidateModelTests):
    learner = Rhythm
    solves_checkerboard = False


def habits(**days: list[int]) -> Dataset:
    """Each item is bought by the same person on its days; `now` is day 100."""
    rows = [("me", item, DAY * day) for item, bought in days.items() for day in bought]
    return load_frames(pd.DataFrame([*rows, ("other", "clock", DAY * 100)], columns=["user", "item", "timestamp"]))


def mine(data: Dataset, view: str, config: RhythmConfig | None = None) -> dict[str, float]:
    me = data.users.get_indexer(pd.Index(["me"])).astype(np.int64)
    scores = Rhythm(config).fit(data).scores(data.history.take(me), me)[view][0]
    return {str(item): float(score) for item, score in zip(data.items, scores, strict=True)}


def test_an_interval_is_the_own_mean_blended_with_the_items() -> None:
    data = habits(tea=[40, 60, 80], oil=[0, 100])
    model = Rhythm(RhythmConfig(own=2.0, typical=1.0)).fit(data)
    rows = data.history
    tea, oil, clock = data.items.get_indexer(pd.Index(["tea", "oil", "clock"]))
    # all intervals: 20, 20 and 100 days
    mean = 140 / 3
    assert model.interval[[tea, oil, clock]] == pytest.approx([(40 + mean) / 3, (100 + mean) / 2, mean])
    told = dict(zip(rows.indices.tolist(), model.intervals(rows).tolist(), strict=True))
    assert told[tea] == pytest.approx((40 + 2 * model.interval[tea]) / 4)
    assert told[clock] == pytest.approx(mean)


def test_what_is_due_stands_above_what_was_just_bought_and_what_was_given_up() -> None:
    data = habits(due=[40, 60, 80], early=[59, 79, 99], over=[0, 2, 4])
    due = mine(data, "again_due", RhythmConfig(own=0.1, typical=0.1))
    assert due["due"] > due["early"]
    assert due["due"] > due["over"]


def test_a_habit_lives_until_it_is_far_overdue() -> None:
    data = habits(late=[30, 50, 70], over=[0, 2, 4], early=[59, 79, 99])
    alive = mine(data, "again_alive", RhythmConfig(own=0.1, typical=0.1))
    assert alive["early"] > alive["late"] > 5 * alive["over"] > 0


def test_due_counts_in_intervals() -> None:
    data = habits(tea=[40, 60, 80])
    model = Rhythm(RhythmConfig(own=0.001)).fit(data)
    tea = data.items.get_indexer(pd.Index(["tea"]))[0]
    at = data.history.indices.tolist().index(tea)
    assert model.due(data.history)[at] == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("config", [RhythmConfig(own=0.0), RhythmConfig(typical=0.0)])
def test_a_thing_bought_once_has_no_interval_of_its_own(config: RhythmConfig) -> None:
    with pytest.raises(ValueError, match="lean on"):
        Rhythm(config)


def test_rhythm_scores_only_what_the_person_has() -> None:
    data = planted()
    for array in Rhythm().fit(data).scores(data.history, np.arange(data.n_users)).values():
        assert (array[data.history.pairs.toarray() == 0] == 0).all()
        assert (array[data.history.pairs.toarray() > 0] >= 0).all()


def test_without_times_it_knows_nothing() -> None:
    data = load_frames(pd.DataFrame({"user": ["a", "a"], "item": ["x", "x"]}))
    for array in Rhythm().fit(data).scores(data.history, np.array([0])).values():
        assert not array.any()
