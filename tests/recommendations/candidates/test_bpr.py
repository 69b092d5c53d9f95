"""Learned by pairs, served by histories."""

import numpy as np

from recommendations.candidates.bpr import Bpr, BprConfig
from tests.kits.candidate_model import CandidateModelTests, checkerboard, planted


class TestBpr(CandidateModelTests):
    learner = Bpr
    floor = 0.2


def test_another_seed_gives_other_factors() -> None:
    data = checkerboard()
    one, other = (Bpr(BprConfig(seed=seed)).fit(data) for seed in (0, 1))
    assert not np.array_equal(one.items, other.items)


def test_no_vector_of_a_person_is_kept() -> None:
    data = planted()
    arrays, _ = Bpr().fit(data).artifacts()
    assert all(data.n_users not in array.shape for array in arrays.values())


def test_of_a_person_without_history_it_says_nothing() -> None:
    data = planted()
    scores = Bpr().fit(data).scores(data.history.take(np.array([-1, 0])), np.array([-1, 0]))
    for array in scores.values():
        assert not array[0].any()
        assert array[1].all()


def test_somebody_the_fit_never_met_is_served_by_their_history() -> None:
    data = planted()
    model = Bpr().fit(data)
    rows = data.history.take(np.array([0]))
    for view, array in model.scores(rows, np.array([0])).items():
        np.testing.assert_array_equal(array, model.scores(rows, np.array([-1]))[view])


def test_the_steps_of_a_person_do_not_depend_on_the_length_of_histories_but_on_the_bounds() -> None:
    model = Bpr(BprConfig(steps=1000, rounds=50, updates=10_000))
    assert model._rounds(people=10, pairs=400) == 25
    assert model._rounds(people=10, pairs=10) == 50
    assert model._rounds(people=10, pairs=2000) == 5
    assert model._rounds(people=10, pairs=100_000) == 1
