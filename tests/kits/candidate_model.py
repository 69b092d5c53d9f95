"""What every learner must do. A new learner's test is three lines:

class TestMine(CandidateModelTests):
    learner = Mine
    floor = 0.3
"""

import json
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates.base import Candidate
from recommendations.candidates.voices import Eligible, PoolCells
from recommendations.dataset.arrays import Ints
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames
from recommendations.dataset.split import person_window
from recommendations.evaluation.metrics import per_person

DAY = 86400


def checkerboard(size: int = 20) -> Dataset:
    """People take every item of their own parity but one: what is missing is the known answer.

    Person p lacks item p, so the one right recommendation for p is p. Items of odd number are called so in words.
    """
    rows = [
        {"user": f"u{p}", "item": f"i{i}", "kind": "order", "value": 1, "timestamp": DAY * (1 + (i * 7 + p) % size)}
        for p in range(size)
        for i in range(size)
        if p % 2 == i % 2 and p != i
    ]
    names = ("even round", "odd square")
    items = [{"item": f"i{i}", "name": names[i % 2], "category": names[i % 2]} for i in range(size)]
    users = [{"user": f"u{p}", "gender": "fm"[p % 2]} for p in range(size)]
    return load_frames(pd.DataFrame(rows), pd.DataFrame(items), pd.DataFrame(users))


def planted(people: int = 300, per_taste: int = 25, seed: int = 1) -> Dataset:
    """Four tastes, each with its own words, group and popular items; people buy mostly within theirs, some again."""
    rng = np.random.default_rng(seed)
    tastes = ("tea", "wine", "garden", "music")
    rows = []
    for person in range(people):
        own = person % len(tastes)
        for _ in range(rng.integers(6, 16)):
            taste = own if rng.random() < 0.85 else rng.integers(len(tastes))
            item = int(per_taste * rng.random() ** 1.7)
            rows.append((f"u{person}", f"{tastes[taste]}{item}", "order", 1, DAY * rng.integers(1, 200)))
    items = [
        {"item": f"{t}{i}", "name": f"{t} number {i}", "category": t, "price": i}
        for t in tastes
        for i in range(per_taste)
    ]
    users = [{"user": f"u{p}", "extra": tastes[p % len(tastes)]} for p in range(people)]
    events = pd.DataFrame(rows, columns=["user", "item", "kind", "value", "timestamp"])
    return load_frames(events, pd.DataFrame(items), pd.DataFrame(users))


class CandidateModelTests:
    """The suite; subclasses name a learner and what it reaches."""

    learner: ClassVar[type[Candidate]]
    floor: ClassVar[float] = 0.0
    """NDCG@10 on the planted set, items new to the person."""
    solves_checkerboard: ClassVar[bool] = True
    holds_people: ClassVar[bool] = False
    """True for a learner that cannot score without who took what."""

    @pytest.fixture
    def board(self) -> Dataset:
        return checkerboard()

    def fitted(self, dataset: Dataset) -> Candidate:
        return self.learner().fit(dataset)

    def test_every_view_scores_everyone_without_nan(self, board: Dataset) -> None:
        users = np.arange(board.n_users)
        model = self.fitted(board)
        scores = model.scores(board.history.take(users), users)
        assert tuple(scores) == model.views
        for array in scores.values():
            assert array.shape == board.shape
            assert array.dtype == np.float32
            assert np.isfinite(array).all()

    def test_an_unknown_person_gets_finite_scores(self, board: Dataset) -> None:
        stranger = np.array([-1])
        for array in self.fitted(board).scores(board.history.take(stranger), stranger).values():
            assert array.shape == (1, board.n_items)
            assert np.isfinite(array).all()

    def test_an_item_nobody_took_gets_finite_scores(self) -> None:
        rows = pd.DataFrame({"user": ["a", "b", "a"], "item": ["x", "x", "y"], "timestamp": [1, 2, 3]})
        data = load_frames(rows, pd.DataFrame({"item": ["never", "x"], "name": ["red tea", "red tea"]}))
        for array in self.fitted(data).scores(data.history, np.arange(2)).values():
            assert np.isfinite(array).all()

    def test_people_without_any_event_do_not_break_it(self) -> None:
        data = load_frames(pd.DataFrame({"user": [], "item": []}), pd.DataFrame({"item": ["x"]}), asked=["a"])
        for array in self.fitted(data).scores(data.history, np.arange(1)).values():
            assert np.isfinite(array).all()

    def test_the_same_data_give_the_same_scores(self, board: Dataset) -> None:
        users = np.arange(board.n_users)
        one, two = (self.fitted(board).scores(board.history, users) for _ in range(2))
        for view, array in one.items():
            np.testing.assert_array_equal(array, two[view])

    def test_scores_do_not_depend_on_who_is_asked_beside(self, board: Dataset) -> None:
        model = self.fitted(board)
        users = np.arange(board.n_users)
        together = model.scores(board.history, users)
        alone = model.scores(board.history.take(users[3:4]), users[3:4])
        for view, array in alone.items():
            np.testing.assert_allclose(array[0], together[view][3], rtol=1e-4, atol=1e-5)

    def test_artifacts_bring_back_the_same_scores(self, board: Dataset) -> None:
        users = np.arange(board.n_users)
        model = self.fitted(board)
        arrays, values = model.artifacts()
        assert not any(array.dtype.hasobject for array in arrays.values())
        back = self.learner.from_artifacts(arrays, json.loads(json.dumps(values)))
        assert back.views == model.views
        for view, array in model.scores(board.history, users).items():
            np.testing.assert_array_equal(array, back.scores(board.history, users)[view])

    @pytest.mark.parametrize("own", [False, True])
    def test_its_voices_name_the_best_items_of_its_scores(self, own: bool) -> None:
        data = planted(120)
        users = np.r_[np.arange(data.n_users), -1]
        rows = data.history.take(users)
        eligible = np.arange(data.n_items) % 7 > 0
        model = self.fitted(data)
        scores, voices = model.scores(rows, users), model.voices(rows, users)
        assert tuple(voices) == model.views
        choice = Eligible(rows, eligible, own)
        for view, voice in voices.items():
            for most in (3, 20, data.n_items):
                is_open = eligible & (choice.has == own)
                told = np.where(is_open, np.maximum(scores[view], 0), 0)
                person, item = voice.best(choice, most)
                assert len(np.unique(person * data.n_items + item)) == len(person)
                counts = np.bincount(person, minlength=len(users))
                # a number next to 0 may be rounded to either side of it
                sure, possible = (told > 1e-5).sum(axis=1), (is_open & (scores[view] > -1e-5)).sum(axis=1)
                assert (np.minimum(sure, most) <= counts).all()
                assert (counts <= np.minimum(possible, most)).all()
                reached = np.bincount(person, told[person, item], minlength=len(users))
                np.testing.assert_allclose(reached, -np.sort(-told, axis=1)[:, :most].sum(axis=1), rtol=1e-4, atol=1e-5)

    def test_its_voices_say_at_a_cell_what_its_scores_say(self) -> None:
        data = planted(120)
        users = np.r_[np.arange(data.n_users), -1]
        rows = data.history.take(users)
        model = self.fitted(data)
        scores, voices = model.scores(rows, users), model.voices(rows, users)
        items = np.array([np.random.default_rng(at).permutation(data.n_items)[:30] for at in range(len(users))])
        items[:, 25:] = -1
        for view, voice in voices.items():
            at = voice.at(PoolCells(items, data.n_items))
            assert at.shape == items.shape
            np.testing.assert_allclose(
                at[:, :25], np.take_along_axis(scores[view], items[:, :25], axis=1), rtol=1e-4, atol=1e-4
            )

    def test_the_checkerboard_is_solved(self, board: Dataset) -> None:
        if not self.solves_checkerboard:
            pytest.skip("this learner does not compare items new to the person")
        users = np.arange(board.n_users)
        first = self.fitted(board).recommend(board.history, users, 1)[:, 0]
        expected = board.items.get_indexer(pd.Index([name.replace("u", "i") for name in board.users]))
        np.testing.assert_array_equal(first, expected)

    def test_it_reaches_its_floor_on_planted_tastes(self) -> None:
        window = person_window(planted(), last=False, seed=0)
        users: Ints = np.flatnonzero(np.asarray(window.new.sum(axis=1)).ravel() > 0)
        lists = self.fitted(window.known).recommend(window.known.history.take(users), users, 20)
        reached = per_person(lists, window.new[users]).ndcg10.mean()
        assert reached >= self.floor

    def test_it_holds_nothing_of_people_it_does_not_need(self) -> None:
        if self.holds_people:
            pytest.skip("this learner needs who took what")
        data = planted()
        arrays, _ = self.fitted(data).artifacts()
        for name, array in arrays.items():
            assert len(array) not in (len(data.history.indices), data.n_events), name

    def test_reasons_name_things_the_person_has(self, board: Dataset) -> None:
        model = self.fitted(board)
        own = set(board.history.indices[board.history.indptr[2] : board.history.indptr[3]].tolist())
        told = model.because(board.history, 2, 2)
        assert all(item in own and 0 < share <= 1 for item, share in told)
        assert sum(share for _, share in told) <= 1 + 1e-6
