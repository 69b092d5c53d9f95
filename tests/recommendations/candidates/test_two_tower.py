"""Two towers: what they learn, that scoring needs no PyTorch, and that without it fitting says why."""

import numpy as np
import pandas as pd
import pytest

from lib import optional
from recommendations.candidates import two_tower_training
from recommendations.candidates.encoder_examples import batch_of, batches
from recommendations.candidates.fields import item_fields, people_fields
from recommendations.candidates.two_tower import TwoTower
from recommendations.candidates.two_tower_training import TwoTowerConfig
from recommendations.dataset.load import load_frames
from tests.kits.candidate_model import CandidateModelTests, checkerboard, planted
from tests.kits.optional import needs_torch


@needs_torch
class TestTwoTower(CandidateModelTests):
    learner = TwoTower
    floor = 0.25


@needs_torch
def test_the_person_of_the_training_is_the_person_of_serving() -> None:
    torch = optional.module("torch", "")
    data = planted()
    config = TwoTowerConfig(least=5, rounds=1, memory=6)
    model = TwoTower(config).fit(data)
    history = data.history
    order = np.lexsort((history.last, np.repeat(np.arange(history.n_users), history.lengths)))
    # behind the last pair of each person, as if one more were to come
    sequence, ends = np.r_[history.indices[order], 0], history.indptr[1:][:40]
    at = batch_of(sequence, ends, history.lengths[:40], np.arange(40), config)
    weights = {name: torch.tensor(array) for name, array in model.tower.items()}
    vectors = two_tower_training._people(torch, weights, torch.tensor(model.items), at, torch.tensor(model.groups))
    rows = history.take(np.arange(40))
    # equal days make a mean of their ranks in serving, and some order in training
    plain = np.array([len(set(rows.last[a:b])) == b - a for a, b in zip(rows.indptr, rows.indptr[1:], strict=False)])
    assert plain.sum() > 10
    served = model._people(rows, model.groups[:40])
    np.testing.assert_allclose(served[plain], vectors.numpy()[plain], atol=1e-5)


@needs_torch
def test_somebody_the_fit_never_met_is_served_by_their_history() -> None:
    data = planted()
    bare = load_frames(
        pd.DataFrame({"user": data.users[data.user_ix], "item": data.items[data.item_ix], "timestamp": data.timestamp})
    )
    model = TwoTower().fit(bare)
    rows = bare.history.take(np.array([0]))
    known, unknown = model.scores(rows, np.array([0])), model.scores(rows, np.array([-1]))
    np.testing.assert_array_equal(known["two_tower"], unknown["two_tower"])


@needs_torch
def test_what_is_known_of_a_person_counts_before_they_take_anything() -> None:
    data = planted()
    newcomer = load_frames(
        pd.DataFrame({"user": data.users[data.user_ix], "item": data.items[data.item_ix], "timestamp": data.timestamp}),
        None,
        pd.DataFrame({"user": [*data.users, "new"], "extra": [*data.user_table["extra"], "wine"]}),
    )
    at = newcomer.users.get_indexer(pd.Index(["new"])).astype(np.int64)
    best = TwoTower().fit(newcomer).recommend(newcomer.history.take(at), at, 5)[0]
    assert sum(str(newcomer.items[item]).startswith("wine") for item in best) >= 4


@needs_torch
def test_an_item_nobody_took_stands_where_its_words_are() -> None:
    data = planted()
    items = pd.concat(
        [data.item_table.assign(item=data.items), pd.DataFrame({"item": ["new"], "category": ["tea"]})],
        ignore_index=True,
    )
    events = pd.DataFrame(
        {"user": data.users[data.user_ix], "item": data.items[data.item_ix], "timestamp": data.timestamp}
    )
    with_new = load_frames(events, items)
    model = TwoTower().fit(with_new)
    new = with_new.items.get_loc("new")
    vectors = model.items / np.linalg.norm(model.items, axis=1, keepdims=True)
    likeness = pd.Series(vectors @ vectors[new]).groupby(with_new.item_table["category"].to_numpy()).mean()
    assert likeness.idxmax() == "tea"


@needs_torch
def test_the_fit_leaves_the_library_as_it_was() -> None:
    torch = optional.module("torch", "")
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    TwoTower(TwoTowerConfig(least=2, rounds=1)).fit(checkerboard())
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before


@needs_torch
def test_another_seed_gives_another_model() -> None:
    one, two = (TwoTower(TwoTowerConfig(seed=seed, least=5)).fit(checkerboard()).items for seed in (0, 1))
    assert not np.array_equal(one, two)


def test_without_pytorch_fitting_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr("lib.optional.importlib.import_module", missing)
    with pytest.raises(optional.Missing, match=r"torch cannot be loaded.*requirements-neural\.txt"):
        TwoTower().fit(checkerboard())


def test_scoring_is_numpy_alone() -> None:
    data = checkerboard()
    n, d, h = data.n_items, 2, 3
    rng = np.random.default_rng(0)
    arrays = {
        "items": np.stack([np.ones(n), np.arange(n) % 2 * 2 - 1], axis=1).astype(np.float32),
        "bias": np.zeros(n, np.float32),
        "taken": np.ones(n, bool),
        "groups": np.zeros((data.n_users, 1), np.int64),
        "words": np.zeros((1, d), np.float32),
        "skip": np.concatenate([np.eye(d), np.zeros((2 * d, d))]).astype(np.float32),
        "inner": rng.normal(size=(3 * d, h)).astype(np.float32),
        "inner_bias": np.zeros(h, np.float32),
        "outer": np.zeros((h, d), np.float32),
        "outer_bias": np.zeros(d, np.float32),
    }
    model = TwoTower.from_artifacts(arrays, {"config": {"factors": d, "hidden": h}})
    first = model.recommend(data.history, np.arange(data.n_users), 1)[:, 0]
    expected = data.items.get_indexer(pd.Index([name.replace("u", "i") for name in data.users]))
    np.testing.assert_array_equal(first, expected)


def test_a_pair_is_told_by_what_came_before_it_and_never_by_itself() -> None:
    data = planted()
    history = data.history
    begins = dict(
        zip(zip(np.repeat(np.arange(300), history.lengths), history.indices, strict=True), history.last, strict=True)
    )
    for batch in batches(history, TwoTowerConfig(least=1, rounds=1, memory=4)):
        ends = np.r_[batch.starts[1:], len(batch.read)]
        for person, target, start, end in zip(batch.people, batch.targets, batch.starts, ends, strict=True):
            read = batch.read[start:end]
            assert len(read) <= 4
            assert target not in read
            assert all(begins[person, item] <= begins[person, target] for item in read)
            assert not len(read) or batch.recent[start:end].sum() == pytest.approx(1)
            assert (np.diff(batch.recent[start:end]) > 0).all()


def test_no_negative_is_something_the_person_has() -> None:
    data = planted()
    taken = data.history.pairs.toarray() > 0
    for batch in batches(data.history, TwoTowerConfig(least=1, rounds=1)):
        owned = two_tower_training._owned(data.history, batch)
        expected = taken[batch.people][:, batch.targets]
        np.fill_diagonal(expected, False)
        np.testing.assert_array_equal(owned, expected)


def test_words_of_items_and_people() -> None:
    items = pd.DataFrame(
        {
            "item": [f"i{n}" for n in range(12)],
            "category": ["home > tea", "home > cups", "garden"] * 4,
            "brand": [f"only {n}" for n in range(12)],
            "price": [float(n // 3) for n in range(9)] + [np.nan] * 3,
        }
    )
    people = pd.DataFrame(
        {"user": [f"u{n}" for n in range(6)], "birth_year": ["1971", "1979", "", "x", "1985", "1985"]}
    )
    data = load_frames(pd.DataFrame({"user": ["u0"], "item": ["i0"]}), items, people)
    words, count = item_fields(data)
    # category and department and three bands; as many brands as items are no field
    assert words.shape == (12, 3)
    assert count == 3 + 2 + 3
    category, department, band = words.T
    assert len(set(category)) == 3
    assert len(set(department)) == 2
    assert (band[9:] == 0).all()
    assert len(set(band[:9])) == 3
    decades = people_fields(data)[0][:, 0]
    assert decades[0] == decades[1] != decades[4]
    assert decades[4] == decades[5]
    assert decades[2] == decades[3] == 0
