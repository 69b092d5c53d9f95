"""What was taken together, and when first."""

import numpy as np
import pandas as pd

from recommendations.dataset.history import History
from recommendations.dataset.load import load_frames
from recommendations.dataset.steps import steps
from tests.kits.candidate_model import DAY, planted

ROWS = [("a", "x", 10.0), ("a", "y", 10.0), ("a", "x", 20.0), ("b", "z", 5.0), ("a", "z", 10.0 + DAY)]
EVENTS = pd.DataFrame(ROWS, columns=["user", "item", "timestamp"])


def test_steps_are_moments_of_one_person_in_order() -> None:
    data = load_frames(EVENTS)
    taken = steps(data, by_day=False)
    assert taken.users.tolist() == [0, 0, 0, 1]
    assert taken.times.tolist() == [10.0, 20.0, 10.0 + DAY, 5.0]
    names = [sorted(data.items[row.indices]) for row in taken.items]
    assert names == [["x", "y"], ["x"], ["z"], ["z"]]
    assert taken.same_person(1).tolist() == [True, True, False]
    assert taken.same_person(9).tolist() == []


def test_a_day_is_one_step() -> None:
    taken = steps(load_frames(EVENTS), by_day=True)
    assert taken.users.tolist() == [0, 0, 1]
    assert np.diff(taken.items.indptr).tolist() == [2, 1, 1]


def test_a_return_is_no_step() -> None:
    rows = pd.DataFrame([("a", "x", "return", 5.0)], columns=["user", "item", "kind", "timestamp"])
    assert len(steps(load_frames(rows), by_day=True)) == 0


def test_without_times_there_are_no_steps() -> None:
    assert len(steps(load_frames(EVENTS[["user", "item"]]), by_day=True)) == 0


def test_a_history_knows_the_first_time_and_the_last() -> None:
    data = load_frames(EVENTS)
    own = data.history.take(np.array([0, -1]))
    told = {data.items[item]: (own.first[n], own.last[n]) for n, item in enumerate(own.indices)}
    assert told == {"x": (10.0, 20.0), "y": (10.0, 10.0), "z": (10.0 + DAY, 10.0 + DAY)}


def test_a_kept_history_comes_back_with_its_first_times() -> None:
    history = planted().history
    back = History.from_artifacts(*history.artifacts())
    np.testing.assert_array_equal(back.first, history.first)
    assert (back.first <= back.last).all()
