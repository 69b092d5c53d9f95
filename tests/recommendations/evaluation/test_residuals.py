import json

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates.ratings.bias import Bias
from recommendations.candidates.ratings.linear import Linear
from recommendations.candidates.ratings.neighbours import NeighbourRater
from recommendations.candidates.ratings.svd import Svd
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames
from recommendations.evaluation.residuals import Residuals, judge_rater, listed, residuals
from tests.recommendations.oracles import MOVIELENS, needs_movielens


def test_errors_bars_and_steps_add_up() -> None:
    rng = np.random.default_rng(0)
    actual = rng.integers(1, 6, 500).astype(float)
    predicted = 0.5 * actual + 1.5 + rng.normal(0, 0.1, 500)
    found = residuals("half", predicted, actual, np.arange(500) // 10)
    assert (found.answers, found.people) == (500, 50)
    assert sum(bar.count for bar in found.histogram) == sum(step.count for step in found.steps) == 500
    assert found.histogram[0].start == pytest.approx(-found.histogram[-1].end)
    assert found.rmse_low < found.rmse < found.rmse_high
    assert found.mae_low < found.mae < found.mae_high
    assert found.mean == pytest.approx(np.mean(actual - predicted))
    told = [step.predicted for step in found.steps]
    assert told == sorted(told)
    # predictions shrunk to the middle: low ones are too high, high ones too low
    assert found.steps[0].actual < told[0] and found.steps[-1].actual > told[-1]
    assert found.steps[0].low <= found.steps[0].actual <= found.steps[0].high
    assert Residuals.from_values(json.loads(json.dumps(found.as_values()))) == found
    assert found.marks == [1, 2, 3, 4, 5]
    assert [sum(row) for row in found.grid] == [int((actual == mark).sum()) for mark in found.marks]
    # 1 is predicted as about 2, and 5 as about 4
    assert found.grid[0][1] == sum(found.grid[0]) and found.grid[4][3] == sum(found.grid[4])


def test_ratings_of_many_values_are_told_apart_by_eleven_marks() -> None:
    actual = np.linspace(0, 100, 301)
    found = residuals("same", actual, actual, np.arange(301))
    assert found.marks == pytest.approx(np.linspace(0, 100, 11))
    assert np.asarray(found.grid).sum() == np.trace(np.asarray(found.grid)) == 301


def test_what_older_versions_kept_of_one_rater_is_still_read() -> None:
    kept = residuals("linear", np.array([3.0]), np.array([4.0]), np.array([0])).as_values()
    older = {name: value for name, value in kept.items() if name not in ("marks", "grid")}
    assert [Residuals.from_values(one).grid for one in listed(older)] == [[]]
    assert listed(None) == []
    assert listed([kept]) == [kept]


def test_a_perfect_rater_and_an_empty_exam() -> None:
    found = residuals("perfect", np.array([3.0]), np.array([3.0]), np.array([0]))
    assert (found.rmse, found.mae, len(found.steps)) == (0, 0, 1)
    with pytest.raises(ValueError, match="no ratings"):
        residuals("none", np.zeros(0), np.zeros(0), np.zeros(0, int))


@pytest.fixture(scope="module")
def films() -> Dataset:
    events = pd.read_csv(MOVIELENS / "u.data", sep="\t", names=["user", "item", "value", "timestamp"])
    return load_frames(events.assign(kind="rating"))


@needs_movielens
def test_raters_reach_what_is_known_of_movielens(films: Dataset) -> None:
    held = np.random.default_rng(0).random(films.n_events) < 0.2
    known, rest = films.subset(~held), films.subset(held)
    reached = {
        model.name: judge_rater(model.name, model.fit(known), rest) for model in (Bias(), Svd(), NeighbourRater())
    }
    assert reached["bias"].rmse < 0.947
    assert reached["svd"].rmse < 0.925
    assert reached["neighbours"].rmse < 0.93
    assert reached["svd"].rmse_high < reached["bias"].rmse


@needs_movielens
def test_without_attributes_only_biases_are_left(films: Dataset) -> None:
    held = np.random.default_rng(0).random(films.n_events) < 0.2
    bare = judge_rater("linear", Linear().fit(films.subset(~held)), films.subset(held))
    assert bare.rmse == pytest.approx(judge_rater("bias", Bias().fit(films.subset(~held)), films.subset(held)).rmse)
