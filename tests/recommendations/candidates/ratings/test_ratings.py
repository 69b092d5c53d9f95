import json

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates.ratings.base import Rater, ratings_of
from recommendations.candidates.ratings.bias import Bias, BiasConfig
from recommendations.candidates.ratings.linear import Linear, LinearConfig
from recommendations.candidates.ratings.neighbours import NeighbourConfig, NeighbourRater
from recommendations.candidates.ratings.svd import Svd, SvdConfig, solve
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames

RATERS: list[type[Rater]] = [Bias, Svd, Linear, NeighbourRater]


def planted(share: float = 0.4, noise: float = 0.3) -> Dataset:
    """200 people with a bias and one of two tastes (their declared gender), 60 films with a bias and a category."""
    rng = np.random.default_rng(3)
    generous, liked = rng.normal(0, 0.4, 200), rng.normal(0, 0.4, 60)
    rows = [
        (f"u{u}", f"i{i}", "rating", 3 + generous[u] + liked[i] + (0.8 if u % 2 == i % 2 else -0.8) + noise * z)
        for u in range(200)
        for i, z in enumerate(rng.normal(0, 1, 60))
        if rng.random() < share
    ]
    users = pd.DataFrame({"user": [f"u{u}" for u in range(200)], "gender": ["fm"[u % 2] for u in range(200)]})
    items = pd.DataFrame(
        {"item": [f"i{i}" for i in range(60)], "category": ["film > " + "ab"[i % 2] for i in range(60)]}
    )
    return load_frames(pd.DataFrame(rows, columns=["user", "item", "kind", "value"]), items, users)


@pytest.fixture(scope="module")
def films() -> Dataset:
    return planted()


def off(model: Rater, data: Dataset) -> float:
    """RMSE on a fifth of the ratings that were kept from it."""
    held = np.random.default_rng(0).random(data.n_events) < 0.2
    model.fit(data.subset(~held))
    told = model.predict(data.user_ix[held], data.item_ix[held])
    return float(np.sqrt(np.mean((told - data.value[held]) ** 2)))


def test_taste_is_found_by_whoever_looks_for_it(films: Dataset) -> None:
    bias = off(Bias(), films)
    assert bias == pytest.approx(0.85, abs=0.05)
    assert off(Svd(SvdConfig(factors=4, penalty=0.05)), films) < 0.5 * bias
    assert off(Linear(), films) < 0.42 * bias
    assert off(NeighbourRater(), films) < 0.6 * bias
    assert off(NeighbourRater(NeighbourConfig("people")), films) < 0.6 * bias


@pytest.mark.parametrize("rater", RATERS)
def test_artifacts_bring_back_the_same_predictions(films: Dataset, rater: type[Rater]) -> None:
    model = rater().fit(films)
    users, items = np.arange(-1, 60), np.arange(-1, 60)[::-1]
    told = model.predict(users, items)
    assert told.dtype == np.float32
    assert np.isfinite(told).all()
    arrays, values = model.artifacts()
    assert not any(array.dtype.hasobject for array in arrays.values())
    back = rater.from_artifacts(arrays, json.loads(json.dumps(values)))
    np.testing.assert_array_equal(back.predict(users, items), told)
    np.testing.assert_array_equal(rater().fit(films).predict(users, items), told)


@pytest.mark.parametrize("rater", RATERS)
def test_people_and_things_without_ratings_get_a_sensible_one(rater: type[Rater]) -> None:
    events = pd.DataFrame({"user": ["a", "b", "b"], "item": ["x", "x", "y"], "kind": "rating", "value": [4, 5, 3]})
    data = load_frames(events, pd.DataFrame({"item": ["z"]}), asked=["c"])
    users, items = data.users.get_indexer(pd.Index(["c", "a", "c"])), data.items.get_indexer(pd.Index(["x", "z", "z"]))
    told = rater().fit(data).predict(users, items)
    assert ((told >= 3) & (told <= 5)).all()
    assert told[2] == pytest.approx(4)


@pytest.mark.parametrize("rater", RATERS)
def test_without_ratings_nobody_rates(rater: type[Rater]) -> None:
    with pytest.raises(ValueError, match="no ratings"):
        rater().fit(load_frames(pd.DataFrame({"user": ["a"], "item": ["x"]})))


def test_the_latest_rating_of_a_pair_counts_and_other_kinds_do_not() -> None:
    rows = [
        ("a", "x", "rating", 1, 20),
        ("a", "x", "rating", 5, 10),
        ("a", "y", "order", 9, 5),
        ("b", "x", "rating", 0, 1),
    ]
    found = ratings_of(load_frames(pd.DataFrame(rows, columns=["user", "item", "kind", "value", "timestamp"])))
    assert found.values.tolist() == [1, 0]
    assert found.by_person().nnz == found.by_item().nnz == 2
    assert (found.mean, found.scale) == (0.5, (0, 1))


def test_biases_are_the_damped_means_of_their_paper() -> None:
    rows = [("a", "x", "rating", 5), ("a", "y", "rating", 3), ("b", "x", "rating", 4)]
    data = load_frames(pd.DataFrame(rows, columns=["user", "item", "kind", "value"]))
    found = Bias(BiasConfig(item_damping=2, user_damping=1, rounds=1)).fit(data).biases
    assert found.mean == 4
    assert found.items.tolist() == [1 / 4, -1 / 3]
    assert found.users == pytest.approx([((1 - 1 / 4) + (-1 + 1 / 3)) / 3, (0 - 1 / 4) / 2])


def test_factors_are_the_ridge_solution_of_each_row() -> None:
    rng = np.random.default_rng(0)
    data = planted(share=0.1)
    matrix = ratings_of(data).by_person()
    other = rng.normal(size=(60, 3))
    config = SvdConfig(factors=3, penalty=0.2, block=64)
    found = solve(matrix, other, config)
    row = matrix[130]
    q = other[row.indices]
    expected = np.linalg.solve(q.T @ q + 0.2 * len(q) * np.eye(3), q.T @ row.data)
    np.testing.assert_allclose(found[130], expected, rtol=1e-9)


def test_attributes_speak_for_somebody_nobody_knows(films: Dataset) -> None:
    unseen = films.user_ix >= 180
    model = Linear().fit(films.subset(~unseen))
    told = model.predict(films.user_ix[unseen], films.item_ix[unseen])
    bias = Bias().fit(films.subset(~unseen)).predict(films.user_ix[unseen], films.item_ix[unseen])
    actual = films.value[unseen]
    assert np.mean((told - actual) ** 2) < 0.5 * np.mean((bias - actual) ** 2)


def test_the_strongest_effects_have_names(films: Dataset) -> None:
    names = [name for name, _ in Linear(LinearConfig(ridge=5, crossed_ridge=5)).fit(films).strongest(4)]
    assert set(names) == {f"gender={g} x category={c}" for g in "fm" for c in "ab"}
    plain = Linear(LinearConfig(crossed=False)).fit(films).strongest()
    assert {name for name, _ in plain} == {"gender=f", "gender=m", "category=film", "category=a", "category=b"}
