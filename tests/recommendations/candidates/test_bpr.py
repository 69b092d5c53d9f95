"""Learned by pairs, served by histories."""

import numpy as np

from recommendations.candidates.bpr import Bpr, BprConfig
from recommendations.candidates.popularity import Popularity
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


def test_a_person_without_history_gets_what_most_people_take() -> None:
    data = planted()
    stranger = np.array([-1])
    rows = data.history.take(stranger)
    best = Bpr().fit(data).recommend(rows, stranger, 10)[0]
    popular = Popularity().fit(data).scores(rows, stranger)["popular"][0]
    assert popular[best].mean() > 1.5 * popular.mean()


def test_the_steps_of_a_person_do_not_depend_on_the_length_of_histories_but_on_the_bounds() -> None:
    model = Bpr(BprConfig(steps=1000, rounds=50, updates=10_000))
    assert model._rounds(people=10, pairs=400) == 25
    assert model._rounds(people=10, pairs=10) == 50
    assert model._rounds(people=10, pairs=2000) == 5
    assert model._rounds(people=10, pairs=100_000) == 1
