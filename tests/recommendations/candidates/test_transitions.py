"""What comes next, and what comes in one sitting."""

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates.transitions import Transitions, TransitionsConfig
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames
from tests.kits.candidate_model import DAY, CandidateModelTests


class TestTransitions(CandidateModelTests):
    learner = Transitions
    floor = 0.15


def walked(*ways: list[tuple[str, float]]) -> Dataset:
    """One person per way, each a list of (item, seconds)."""
    rows = [(f"u{n}", item, time) for n, way in enumerate(ways) for item, time in way]
    return load_frames(pd.DataFrame(rows, columns=["user", "item", "timestamp"]))


def link(data: Dataset, model: Transitions, view: str, one: str, other: str) -> float:
    a, b = data.items.get_indexer(pd.Index([one, other]))
    return float(getattr(model, view)[a, b])


def test_a_link_has_a_direction_and_decays_with_every_step() -> None:
    data = walked(*[[("a", 1.0), ("b", DAY), ("c", 2 * DAY)]] * 3)
    model = Transitions(TransitionsConfig(penalty=0.0, shrinkage=1.0, decay=0.8)).fit(data)
    # three times out of three, and one more of which nothing is known
    assert link(data, model, "next", "a", "b") == pytest.approx(3 / 4)
    assert link(data, model, "next", "a", "c") == pytest.approx(0.8 * 3 / 4)
    assert link(data, model, "next", "b", "a") == 0
    assert link(data, model, "next", "a", "a") == 0


def test_a_link_ends_at_the_reach_and_at_the_person() -> None:
    data = walked([("a", 1.0), ("b", DAY), ("c", 2 * DAY)], [("d", 3 * DAY)])
    model = Transitions(TransitionsConfig(reach=1)).fit(data)
    assert link(data, model, "next", "a", "c") == 0
    assert link(data, model, "next", "c", "d") == 0
    assert link(data, model, "next", "b", "c") > 0


def test_a_sitting_has_no_direction_and_ends_with_the_hour() -> None:
    data = walked([("a", 0.0), ("b", 600.0), ("c", 600.0), ("d", 600.0 + 7200.0)])
    model = Transitions(TransitionsConfig(sitting=3600.0)).fit(data)
    assert link(data, model, "sitting", "a", "b") > 0
    assert link(data, model, "sitting", "b", "a") > 0
    assert link(data, model, "sitting", "b", "c") > 0
    assert link(data, model, "sitting", "c", "d") == 0
    assert link(data, model, "next", "b", "c") == 0


def test_things_taken_at_one_moment_share_their_say() -> None:
    lone = walked([("a", 1.0), ("z", DAY)])
    many = walked([*((item, 1.0) for item in "abcd"), ("z", DAY)])
    config = TransitionsConfig(shrinkage=1.0, penalty=0.0)
    strong, weak = (link(data, Transitions(config).fit(data), "next", "a", "z") for data in (lone, many))
    assert 0 < weak < strong


def test_the_newest_items_count_most() -> None:
    ways = [[("a", 1.0), ("x", 2.0)], [("b", 1.0), ("y", 2.0)]] * 5
    data = walked(*ways, [("a", 10.0), ("b", 20.0)])
    person = np.array([data.n_users - 1])
    scores = Transitions().fit(data).scores(data.history.take(person), person)["next"][0]
    x, y = data.items.get_indexer(pd.Index(["x", "y"]))
    assert scores[y] > scores[x] > 0


def test_only_so_many_links_are_kept() -> None:
    data = walked([(f"i{n}", float(n * DAY)) for n in range(40)])
    model = Transitions(TransitionsConfig(neighbours=3)).fit(data)
    assert np.diff(model.next.indptr).max() == 3


def test_without_times_it_knows_nothing() -> None:
    data = load_frames(pd.DataFrame({"user": ["a", "a"], "item": ["x", "y"]}))
    for array in Transitions().fit(data).scores(data.history, np.array([0])).values():
        assert not array.any()
