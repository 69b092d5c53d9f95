"""The large shop's way, taken by a small one: the same promises, nearly the same lists."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lib import signing
from recommendations.candidates import settings
from recommendations.dataset.events import Dataset
from recommendations.dataset.split import Window, time_window
from recommendations.evaluation.metrics import per_person
from recommendations.pipeline.asked import Question, answer
from recommendations.pipeline.fit import fit_hybrid
from recommendations.pipeline.fitted import FittedHybrid, Wish
from recommendations.ranking.policy import Policy
from tests.kits.candidate_model import planted


@pytest.fixture(scope="module")
def window() -> Window:
    """Everything a shop knows by a day, and what came after it."""
    return time_window(planted(people=400, per_taste=40), 0.8)


@pytest.fixture(scope="module")
def data(window: Window) -> Dataset:
    return window.known


@pytest.fixture(scope="module")
def large(data: Dataset) -> FittedHybrid:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "LARGE", 1)
        return fit_hybrid(data)


def test_lists_are_whole_new_to_the_person_and_in_the_order_asked(large: FittedHybrid, data: Dataset) -> None:
    users = np.r_[np.random.default_rng(0).permutation(data.n_users), -1]
    told: list[int] = []
    lists = large.recommend(users, Wish(k=20), told.append)
    assert large.large
    assert told[-1] == len(users)
    assert (lists.items >= 0).all()
    assert all(len(set(row)) == 20 for row in lists.items.tolist())
    assert (np.diff(lists.scores, axis=1) <= 0).all()
    for place in (0, 7, 300, data.n_users):
        alone = large.recommend(users[[place]], Wish(k=20))
        assert alone.items[0].tolist() == lists.items[place].tolist()
        assert alone.reasons[0].tolist() == lists.reasons[place].tolist()
    if large.again is None:
        has = data.history.take(users).holds(lists.items)
        assert not has.any()


def test_no_list_holds_what_the_shop_blocks_and_a_short_one_is_filled(large: FittedHybrid, data: Dataset) -> None:
    blocked = np.arange(data.n_items) >= 25
    policy = Policy(blocked=blocked, repeatable=np.zeros(data.n_items, bool))
    lists = large.recommend(np.arange(50), Wish(k=20, policy=policy))
    shown = lists.items[lists.items >= 0]
    assert (shown < 25).all()
    owned = data.history.pairs[:50].toarray()[:, :25] > 0
    assert ((lists.items >= 0).sum(axis=1) == np.minimum(20, (~owned).sum(axis=1))).all()


def test_a_question_is_answered_as_from_whole_arrays(large: FittedHybrid, data: Dataset) -> None:
    users = np.r_[np.arange(30), -1]
    sparse = answer(large, users, Question("tea", k=10))
    dense = answer(replace(large, facts=large.facts | {"large": False}), users, Question("tea", k=10))
    assert (sparse.items >= 0).all()
    np.testing.assert_allclose(sparse.scores, dense.scores, atol=1e-4)
    np.testing.assert_allclose(sparse.shares, dense.shares, atol=1e-2)


def test_a_saved_model_remembers_that_its_shop_is_large(large: FittedHybrid, tmp_path: Path) -> None:
    large.save(tmp_path / "model", tmp_path / "key")
    back = FittedHybrid.load(tmp_path / "model", signing.public_bytes(signing.signing_key(tmp_path / "key")))
    assert back.large
    users = np.arange(60)
    np.testing.assert_array_equal(back.recommend(users).items, large.recommend(users).items)


def test_the_large_way_finds_what_the_small_one_finds(large: FittedHybrid, window: Window) -> None:
    users = np.flatnonzero(np.asarray(window.new.sum(axis=1)).ravel() > 0)
    small = fit_hybrid(window.known)
    assert large.large and not small.large
    lists = [model.recommend(users, Wish(k=20)).items for model in (small, large)]
    by_small, by_large = (per_person(items, window.new[users]).ndcg10.mean() for items in lists)
    assert by_large > 0.9 * by_small
