"""What enters a pool: the best of each view, never what the view says nothing of."""

from dataclasses import replace

import numpy as np
import pytest

from recommendations.candidates.base import Candidate
from recommendations.candidates.catalogue import learners_for
from recommendations.candidates.ease import Ease
from recommendations.candidates.item_knn import ItemKnn
from recommendations.candidates.popularity import Popularity
from recommendations.candidates.repeat import Repeat
from recommendations.ranking.pool import PoolRules, build_pool, scale_of, standardise
from tests.kits.candidate_model import planted


@pytest.mark.parametrize("per_view", [1, 4, 9])
@pytest.mark.parametrize("learner", [Popularity(), ItemKnn(), Ease()], ids=lambda one: one.name)
def test_a_pool_is_the_union_of_the_best_new_items_of_each_view(learner: Candidate, per_view: int) -> None:
    data = planted()
    learner.fit(data)
    users = np.arange(data.n_users)
    rules = PoolRules(data.warm, with_seen=False, per_view=per_view)
    pool = build_pool([learner], data.history, users, rules)
    has = data.history.pairs.toarray() > 0
    views = learner.scores(data.history, users)
    for person in users:
        entered = set(pool.items[person][pool.items[person] >= 0].tolist())
        fits = set()
        for scores in views.values():
            told = np.where(~has[person] & data.warm & (scores[person] > 0), scores[person], -np.inf)
            told = told[np.isfinite(told)]
            # items that tie for the last place may or may not be among the entered
            last = np.sort(told)[::-1][:per_view].min() if len(told) else np.inf
            best = ~has[person] & data.warm & (scores[person] > 0)
            assert set(np.flatnonzero(best & (scores[person] > last)).tolist()) <= entered
            fits |= set(np.flatnonzero(best & (scores[person] >= last)).tolist())
        assert entered <= fits
        assert len(entered) <= per_view * len(views)


def test_a_pool_made_cell_by_cell_holds_the_same_cells_and_numbers() -> None:
    data = planted()
    learners = [learner.fit(data) for learner in learners_for(data)]
    users = np.r_[np.arange(data.n_users), -1]
    rows = data.history.take(users)
    # as many as there are, so that no tie decides who enters
    for with_seen in (False, True):
        rules = PoolRules(np.arange(data.n_items) % 9 > 0, with_seen=with_seen, per_view=2 * data.n_items)
        one, two = (build_pool(learners, rows, users, replace(rules, sparse=sparse)) for sparse in (False, True))
        for person in range(len(users)):
            here, there = (pool.items[person][pool.real[person]] for pool in (one, two))
            # where a view may name all, the dense way takes also what no view speaks for
            assert set(there) <= set(here)
            at = np.searchsorted(here, there)
            np.testing.assert_allclose(
                one.features[:, person][:, at], two.features[:, person][:, : len(at)], rtol=1e-4, atol=1e-5
            )
            np.testing.assert_array_equal(one.seen[person, at], two.seen[person, : len(at)])
        assert (two.real.sum(axis=1)[:-1] > data.n_items / 2).all()
        assert (two.features[:, ~two.real] == 0).all()


def test_what_a_person_has_is_nominated_by_views_about_it_alone_and_only_on_demand() -> None:
    data = planted()
    learner = Repeat().fit(data)
    users = np.arange(data.n_users)
    without = build_pool([learner], data.history, users, PoolRules(data.warm, with_seen=False, per_view=6))
    assert without.items.shape[1] == 0
    pool = build_pool([learner], data.history, users, PoolRules(data.warm, with_seen=True, per_view=6))
    assert pool.seen[pool.items >= 0].all()
    assert (pool.real.sum(axis=1) <= 3 * len(learner.views)).all()
    assert (pool.real.sum(axis=1)[pool.lengths > 0] > 0).all()


def test_what_nobody_has_yet_does_not_move_the_scale_of_what_somebody_has() -> None:
    features = np.array([[[1.0, 2.0, 3.0, 9.0, 0.0]]], np.float32)
    among = np.array([[True, True, True, True, False]])
    taken = np.array([[True, True, True, False, True]])
    scale = scale_of(among, taken)
    assert scale.tolist() == [[True, True, True, False, False]]
    scaled = standardise(features, among, scale)[0, 0]
    np.testing.assert_allclose(scaled[:3], standardise(features, scale)[0, 0, :3])
    # what is new is measured with the same rule: mean 2, spread sqrt(2 / 3)
    np.testing.assert_allclose(scaled[3], 7 / np.sqrt(2 / 3), rtol=1e-5)
    assert scaled[4] == 0


def test_where_hardly_anything_is_known_all_that_competes_sets_the_scale() -> None:
    among = np.ones((2, 4), bool)
    taken = np.array([[False] * 4, [True, True, False, False]])
    assert scale_of(among, taken).tolist() == [[True] * 4, [True, True, False, False]]
