import json

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates.item_knn import ItemKnn, ItemKnnConfig
from recommendations.candidates.likeness import LikenessConfig, Measure
from recommendations.candidates.user_knn import UserKnn, UserKnnConfig
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames
from tests.kits.candidate_model import CandidateModelTests, checkerboard


class TestUserKnn(CandidateModelTests):
    learner = UserKnn
    holds_people = True
    floor = 0.25


@pytest.fixture
def stars() -> Dataset:
    """People of even number love even items and dislike odd ones, and the other way round; each has rated most."""
    rng = np.random.default_rng(0)
    rows = [
        (f"u{p}", f"i{i}", "rating", float(np.clip((4.5 if p % 2 == i % 2 else 1.5) + rng.normal(0, 0.3), 1, 5)))
        for p in range(20)
        for i in range(12)
        if rng.random() < 0.8
    ]
    return load_frames(pd.DataFrame(rows, columns=["user", "item", "kind", "value"]))


@pytest.mark.parametrize("measure", ["cosine", "pearson", "adjusted", "jaccard"])
def test_both_neighbourhoods_rank_by_every_likeness(stars: Dataset, measure: Measure) -> None:
    users = np.arange(stars.n_users)
    likeness = LikenessConfig(measure, neighbours=5)
    for model in (UserKnn(UserKnnConfig(likeness)), ItemKnn(ItemKnnConfig(measure=measure, neighbours=5, shared=2))):
        model.fit(stars)
        arrays, values = model.artifacts()
        back = type(model).from_artifacts(arrays, json.loads(json.dumps(values)))
        scores = model.scores(stars.history, users)
        assert (scores[model.views[0]] > 0).any()
        for view, array in scores.items():
            assert np.isfinite(array).all()
            np.testing.assert_array_equal(array, back.scores(stars.history, users)[view])


@pytest.mark.parametrize("model", [UserKnn(), ItemKnn(ItemKnnConfig(rates=True))])
def test_both_neighbourhoods_predict_ratings(stars: Dataset, model: UserKnn | ItemKnn) -> None:
    pairs = [(p, i) for p in range(20) for i in range(12)]
    users = stars.users.get_indexer(pd.Index([f"u{p}" for p, _ in pairs]))
    items = stars.items.get_indexer(pd.Index([f"i{i}" for _, i in pairs]))
    found = model.fit(stars).predict(users, items)
    suits = np.array([p % 2 == i % 2 for p, i in pairs])
    assert found[suits].min() > 3.5
    assert found[~suits].max() < 2.5
    arrays, values = model.artifacts()
    back = type(model).from_artifacts(arrays, json.loads(json.dumps(values)))
    np.testing.assert_array_equal(back.predict(users, items), found)
    strangers = model.predict(np.array([-1, 0, -1]), np.array([0, -1, -1]))
    assert np.isfinite(strangers).all()


def test_people_are_known_by_their_ratings_only_at_the_fit(stars: Dataset) -> None:
    model = UserKnn(UserKnnConfig(LikenessConfig("pearson"))).fit(stars)
    stranger = np.array([-1])
    assert (model.scores(stars.history.take(np.array([0])), stranger)["user_knn"] == 0).all()


def test_what_needs_ratings_says_so_without_them() -> None:
    orders = checkerboard()
    some = np.array([0])
    with pytest.raises(ValueError, match="without ratings"):
        UserKnn().fit(orders).predict(some, some)
    with pytest.raises(ValueError, match="rates is off"):
        ItemKnn().fit(orders).predict(some, some)
    for model in (
        UserKnn(UserKnnConfig(LikenessConfig("pearson"))),
        ItemKnn(ItemKnnConfig(measure="adjusted")),
        ItemKnn(ItemKnnConfig(rates=True)),
    ):
        with pytest.raises(ValueError, match="no ratings"):
            model.fit(orders)


def test_a_reason_of_another_likeness_needs_enough_people_too() -> None:
    data = checkerboard(12)
    # each person lacks one item, so any two items of a parity share four people
    assert ItemKnn(ItemKnnConfig(measure="jaccard", support=5)).fit(data).because(data.history, 0, 0) == []
    assert ItemKnn(ItemKnnConfig(measure="jaccard", support=4)).fit(data).because(data.history, 0, 0)
