"""Factors of items, and people folded into them."""

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates.als import Als, AlsConfig
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames
from tests.kits.candidate_model import CandidateModelTests, checkerboard, planted


class TestAls(CandidateModelTests):
    learner = Als
    floor = 0.25


def test_folding_in_solves_the_normal_equations_of_the_paper() -> None:
    data = planted()
    model = Als().fit(data)
    rows = data.history.take(np.array([4]))
    y = model.items.astype(np.float64)
    taken = np.zeros(data.n_items)
    taken[rows.indices] = 1
    confidence = 1 + (model.alpha - 1) * taken
    left = y.T @ (confidence[:, None] * y) + model.config.penalty * model.alpha * np.eye(y.shape[1])
    person = np.linalg.solve(left, y.T @ (confidence * taken))
    np.testing.assert_allclose(model.fold_in(rows.pairs)[0], person, rtol=1e-3, atol=1e-5)


def test_an_item_of_weight_zero_is_as_good_as_not_taken() -> None:
    data = planted()
    model = Als().fit(data)
    rows = data.history.take(np.array([4]))
    weights = np.ones(len(rows.indices), np.float32)
    weights[0] = 0
    without = rows.pairs.copy()
    without.data[0] = 0
    without.eliminate_zeros()
    np.testing.assert_allclose(model.fold_in(rows.matrix(weights)), model.fold_in(without), rtol=1e-4, atol=1e-6)


def test_somebody_the_fit_never_met_is_served_by_their_history() -> None:
    data = planted()
    model = Als().fit(data)
    rows = data.history.take(np.array([0]))
    known = model.scores(rows, np.array([0]))
    unknown = model.scores(rows, np.array([-1]))
    for view, array in known.items():
        np.testing.assert_array_equal(array, unknown[view])


def test_the_parts_of_a_reason_add_up_to_the_score() -> None:
    data = planted()
    model = Als().fit(data)
    rows = data.history.take(np.array([1]))
    score = model.scores(rows, np.array([1]))["als"][0]
    item = int(np.argmax(score))
    told = dict(model.because(rows, 0, item, top=1000))
    # what one item brings is what is missing without it, the confidence of all others kept
    y = model.items.astype(np.float64)
    left = y.T @ y + model.config.penalty * model.alpha * np.eye(y.shape[1])
    left += (model.alpha - 1) * y[rows.indices].T @ y[rows.indices]
    parts = model.alpha * y[rows.indices] @ np.linalg.solve(left, y[item])
    np.testing.assert_allclose(parts.sum(), score[item], rtol=1e-3)
    positive = np.maximum(parts, 0)
    assert told == pytest.approx({int(i): p / positive.sum() for i, p in zip(rows.indices, positive, strict=True) if p})


def test_the_sparser_the_data_the_more_a_pair_says() -> None:
    dense, sparse = checkerboard(), planted(people=600, per_taste=400)
    assert Als().fit(dense).alpha < Als().fit(sparse).alpha <= AlsConfig().trust[1]


def test_without_times_there_is_no_recent_view() -> None:
    data = planted()
    bare = load_frames(pd.DataFrame({"user": data.users[data.user_ix], "item": data.items[data.item_ix]}))
    assert Als().fit(bare).views == ("als",)


def with_something_new() -> Dataset:
    """The planted shop with a tea and a wine nobody has yet, and a thing of which nothing is said."""
    data = planted()
    events = pd.DataFrame(
        {"user": data.users[data.user_ix], "item": data.items[data.item_ix], "timestamp": data.timestamp}
    )
    old = pd.DataFrame({"item": data.items, "name": data.item_table["name"], "category": data.item_table["category"]})
    new = pd.DataFrame(
        {"item": ["new tea", "new wine", "mute"], "name": ["tea", "wine", ""], "category": ["tea", "wine", ""]}
    )
    return load_frames(events, pd.concat([old, new]))


def test_what_nobody_has_yet_borrows_the_factors_of_what_reads_like_it() -> None:
    data = with_something_new()
    model = Als().fit(data)
    tea, wine, mute = (int(data.items.get_loc(name)) for name in ("new tea", "new wine", "mute"))
    assert set(model.lent) == {tea, wine}
    assert not model.items[mute].any()
    users = np.arange(data.n_users)
    scores = model.scores(data.history, users)["als"]
    teas = np.array([str(name).startswith("tea") for name in data.items])
    drinkers = np.asarray(data.history.pairs[:, teas].sum(axis=1)).ravel() / data.history.lengths
    prefers = scores[:, tea] > scores[:, wine]
    assert prefers[drinkers > 0.6].mean() > 0.95
    assert prefers[drinkers == 0].mean() < 0.3
    # a loan is a mean: what is new stands behind the best of what is known
    assert (scores.max(axis=1) > scores[:, tea]).all()


def test_loans_change_nothing_for_what_people_have() -> None:
    data = with_something_new()
    lending, plain = Als().fit(data), Als(AlsConfig(lenders=0)).fit(data)
    users = np.arange(20)
    warm = data.warm
    rows = data.history.take(users)
    np.testing.assert_array_equal(
        lending.scores(rows, users)["als"][:, warm], plain.scores(rows, users)["als"][:, warm]
    )
    assert not len(plain.lent)
    arrays, values = lending.artifacts()
    back = Als.from_artifacts(arrays, values)
    np.testing.assert_array_equal(back.scores(rows, users)["als"], lending.scores(rows, users)["als"])
