"""Every learner passes the same kit; what only one of them promises stands below it."""

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates import settings
from recommendations.candidates.base import Candidate
from recommendations.candidates.beginnings import Beginnings
from recommendations.candidates.catalogue import LEARNERS, learners_for
from recommendations.candidates.content import Content, ContentConfig, words
from recommendations.candidates.ease import Ease, EaseConfig, EvenEase, inverse
from recommendations.candidates.item_knn import ItemKnn, ItemKnnConfig
from recommendations.candidates.people_knn import PeopleKnn, PeopleKnnConfig
from recommendations.candidates.popularity import FreshGroupPopularity, GroupPopularity, Popularity
from recommendations.candidates.repeat import Repeat
from recommendations.candidates.voices import DenseVoice
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames
from tests.kits.candidate_model import DAY, CandidateModelTests, checkerboard, planted


class TestPopularity(CandidateModelTests):
    learner = Popularity
    solves_checkerboard = False
    floor = 0.12


class TestBeginnings(CandidateModelTests):
    """It says nothing to people with history, whom the kit asks about most."""

    learner = Beginnings
    solves_checkerboard = False


class TestGroupPopularity(CandidateModelTests):
    learner = GroupPopularity
    floor = 0.12


class TestFreshGroupPopularity(CandidateModelTests):
    learner = FreshGroupPopularity
    floor = 0.12


class TestItemKnn(CandidateModelTests):
    learner = ItemKnn
    floor = 0.25


class TestPeopleKnn(CandidateModelTests):
    learner = PeopleKnn
    holds_people = True
    floor = 0.25


class TestEase(CandidateModelTests):
    learner = Ease
    floor = 0.25


class TestEvenEase(CandidateModelTests):
    learner = EvenEase
    floor = 0.25


class TestContent(CandidateModelTests):
    learner = Content
    floor = 0.15


class TestRepeat(CandidateModelTests):
    learner = Repeat
    solves_checkerboard = False


class TestPeopleKnnOfSpeakers(CandidateModelTests):
    learner = PeopleKnn
    holds_people = True
    floor = 0.2

    def fitted(self, dataset: Dataset) -> Candidate:
        return PeopleKnn(PeopleKnnConfig(speakers=150)).fit(dataset)


class TestEaseOfLinks(CandidateModelTests):
    learner = Ease
    floor = 0.25

    def fitted(self, dataset: Dataset) -> Candidate:
        return Ease(EaseConfig(links=40)).fit(dataset)


class TestContentOfLinks(CandidateModelTests):
    learner = Content
    solves_checkerboard = False
    floor = 0.1

    def fitted(self, dataset: Dataset) -> Candidate:
        return Content(ContentConfig(links=15)).fit(dataset)


def test_only_so_many_people_speak_and_only_so_many_links_are_kept() -> None:
    data = planted()
    people = PeopleKnn(PeopleKnnConfig(speakers=50)).fit(data)
    assert people.taken.shape == people.likeness.shape == (50, data.n_items)
    # the speaker who is the person himself is not asked, though it stands in another row
    asked = people.speakers[:5]
    alone = PeopleKnn(PeopleKnnConfig(neighbours=1, speakers=50)).fit(data)
    own = data.history.take(asked)
    told = alone.products(own, asked)["people"].toarray() > 0
    assert (told != (own.pairs.toarray() > 0)).any(axis=1).all()
    ease = Ease(EaseConfig(links=7)).fit(data)
    assert ease.links is not None
    assert (np.diff(ease.links.indptr) == 7).all()
    assert not ease.weights.size
    whole = Ease().fit(data)
    kept = np.zeros(whole.weights.shape, bool)
    kept[ease.links.nonzero()] = True
    dropped = np.where(kept, 0, np.abs(whole.weights)).max(axis=1)
    assert (np.where(kept, np.abs(whole.weights), np.inf).min(axis=1) >= dropped).all()


def test_a_large_shop_has_learners_that_form_no_array_of_people_and_items(monkeypatch: pytest.MonkeyPatch) -> None:
    data = planted()
    monkeypatch.setattr(settings, "LARGE", data.n_users * data.n_items)
    assert settings.is_large(data)
    for learner in learners_for(data):
        voices = learner.fit(data).voices(data.history, np.arange(data.n_users))
        assert not any(isinstance(voice, DenseVoice) for voice in voices.values()), learner.name
    monkeypatch.setattr(settings, "LARGE", data.n_users * data.n_items + 1)
    assert not settings.is_large(data)


@pytest.mark.parametrize("evenness", [0.0, 0.5])
def test_both_sides_of_ease_give_the_same_scores(evenness: float) -> None:
    data = planted()
    users = np.arange(20)
    rows = data.history.take(users)
    items = Ease(EaseConfig(ridge=50.0, evenness=evenness)).fit(data)
    people = Ease(EaseConfig(ridge=50.0, direct=10, evenness=evenness)).fit(data.subset(data.user_ix < 60))
    small = data.subset(data.user_ix < 60)
    assert people.side == "people"
    same = Ease(EaseConfig(ridge=50.0, evenness=evenness)).fit(small)
    assert items.side == same.side == "items"
    for view, scores in people.scores(rows, users).items():
        np.testing.assert_allclose(scores, same.scores(rows, users)[view], atol=2e-4)
    assert people.because(rows, 0, 5)[0][0] == same.because(rows, 0, 5)[0][0]


def test_ease_is_the_closed_form_of_its_paper() -> None:
    data = checkerboard()
    x = data.history.pairs.toarray().astype(np.float64)
    p = np.linalg.inv(x.T @ x + 30.0 * np.eye(data.n_items))
    b = np.eye(data.n_items) - p / np.diag(p)[None, :]
    scores = Ease(EaseConfig(ridge=30.0)).fit(data).scores(data.history, np.full(data.n_users, -1))["ease"]
    np.testing.assert_allclose(scores, x @ b, atol=1e-4)


def test_ease_learns_only_the_head_where_nothing_fits() -> None:
    data = planted()
    model = Ease(EaseConfig(direct=10, largest=20, head=15)).fit(data)
    scores = model.scores(data.history.take(np.arange(3)), np.arange(3))["ease"]
    assert (scores != 0).any(axis=0).sum() <= 15


def test_ease_refuses_sizes_that_crash_lapack() -> None:
    with pytest.raises(ValueError, match="20,000"):
        Ease(EaseConfig(largest=30_000))


def test_a_matrix_without_inverse_is_an_error() -> None:
    with pytest.raises(ValueError, match="positive definite"):
        inverse(-np.eye(3, dtype=np.float32), 0.5)


def test_fresh_popularity_forgets() -> None:
    rows = [("a", "old", day) for day in range(5)] + [("b", "new", 400)] * 2
    data = load_frames(pd.DataFrame([(u, i, DAY * d) for u, i, d in rows], columns=["user", "item", "timestamp"]))
    scores = Popularity().fit(data).scores(data.history, np.arange(2))
    old, new = data.items.get_indexer(pd.Index(["old", "new"]))
    assert scores["popular"][0, old] > scores["popular"][0, new]
    assert scores["popular_7d"][0, new] > scores["popular_7d"][0, old]


def kits_and_refills(people: int) -> Dataset:
    """Everybody begins with a kit on a day of their own, and takes refills for months."""
    rows = [
        (f"u{p}", "kit" if not month else "refill", p % 150 + 30 * month) for p in range(people) for month in range(6)
    ]
    return load_frames(pd.DataFrame([(u, i, DAY * d) for u, i, d in rows], columns=["user", "item", "timestamp"]))


def test_newcomers_hear_what_others_began_with_and_nobody_else_does() -> None:
    # newcomers still come on the last day
    data = kits_and_refills(20_000)
    data = data.subset(data.timestamp <= DAY * 150)
    kit, refill = data.items.get_indexer(pd.Index(["kit", "refill"]))
    users = np.array([-1, 0])
    scores = Beginnings().fit(data).scores(data.history.take(users), users)
    assert set(scores) == {"begin_7d", "begin_30d"}
    for array in scores.values():
        assert array[0, kit] > array[0, refill]
        assert not array[1].any()
    popular = Popularity().fit(data).counts
    assert popular["popular_30d"][refill] > popular["popular_30d"][kit]


def test_where_hardly_anybody_began_lately_newcomers_hear_what_is_popular() -> None:
    data = kits_and_refills(20)
    kit, refill = data.items.get_indexer(pd.Index(["kit", "refill"]))
    for counts in Beginnings().fit(data).counts.values():
        assert counts[refill] > counts[kit]


def test_only_a_shop_with_times_and_more_than_a_month_learns_what_people_begin_with() -> None:
    def names(days: int | None) -> set[str]:
        stamps = {} if days is None else {"timestamp": [DAY, DAY * (1 + days)]}
        return {
            one.name
            for one in learners_for(load_frames(pd.DataFrame({"user": ["a"] * 2, "item": ["x", "y"]} | stamps)))
        }

    assert "beginnings" in names(40)
    assert "beginnings" not in names(20)
    assert "beginnings" not in names(None)


def test_a_person_without_history_gets_what_the_group_takes() -> None:
    data = planted()
    newcomer = load_frames(
        pd.DataFrame({"user": data.users[data.user_ix], "item": data.items[data.item_ix]}),
        None,
        pd.DataFrame({"user": [*data.users, "new"], "extra": [*data.user_table["extra"], "wine"]}),
    )
    at = newcomer.users.get_indexer(pd.Index(["new"])).astype(np.int64)
    best = GroupPopularity().fit(newcomer).recommend(newcomer.history.take(at), at, 5)[0]
    assert all(str(newcomer.items[item]).startswith("wine") for item in best)


def test_a_reason_needs_enough_people() -> None:
    data = checkerboard(12)
    rows = data.history
    # each person lacks one item, so any two items of a parity share four people
    assert ItemKnn(ItemKnnConfig(support=5)).fit(data).because(rows, 0, 0) == []
    supported = ItemKnn(ItemKnnConfig(support=4)).fit(data)
    assert supported.because(rows, 0, 0)
    source = supported.reasons(rows, np.array([[0, 1]] + [[-1, -1]] * 11))
    assert source[0, 0] in rows.indices[: rows.indptr[1]]
    assert source[0, 1] == -1
    assert (source[1:] == -1).all()


def test_repeat_scores_only_what_the_person_has() -> None:
    data = planted()
    scores = Repeat().fit(data).scores(data.history, np.arange(data.n_users))
    for array in scores.values():
        assert (array[data.history.pairs.toarray() == 0] == 0).all()


def test_words_of_chinese_texts_are_cut() -> None:
    assert words("Red TEA 绿茶杯子") == ["red", "tea", "绿茶", "杯子"]


def test_content_finds_items_nobody_took_in_both_languages() -> None:
    items = pd.DataFrame(
        {
            "item": ["t1", "t2", "w1", "w2"],
            "name": ["绿茶 green tea", "绿茶礼盒 tea box", "红酒 wine", "红酒礼盒 wine box"],
        }
    )
    data = load_frames(pd.DataFrame({"user": ["a", "b"], "item": ["t1", "w1"]}), items)
    best = Content().fit(data).recommend(data.history, np.arange(2), 1)[:, 0]
    assert [data.items[item] for item in best] == ["t2", "w2"]


def test_content_has_a_recent_view_only_where_there_are_times() -> None:
    timed = planted()
    assert Content().fit(timed).views == ("content", "content_recent")
    bare = load_frames(pd.DataFrame({"user": ["a"], "item": ["x"]}))
    assert Content().fit(bare).views == ("content",)
    assert Content(ContentConfig(recency=None)).fit(timed).views == ("content",)


def test_learners_follow_what_the_data_hold() -> None:
    bare = load_frames(pd.DataFrame({"user": ["a"], "item": ["x"]}))
    assert [learner.name for learner in learners_for(bare)] == [
        "popularity",
        "item_knn",
        "people_knn",
        "ease",
        "ease_even",
        "als",
        "encoder",
    ]
    assert {learner.name for learner in learners_for(planted())} <= set(LEARNERS)


def test_times_and_repeats_call_for_learners_of_sequence_and_rhythm() -> None:
    events = pd.DataFrame({"user": ["a", "a", "b", "b"], "item": ["x", "x", "x", "y"], "timestamp": [1, 90_000, 2, 3]})
    names = {learner.name for learner in learners_for(load_frames(events))}
    assert {"transitions", "repeat", "rhythm"} <= names


def test_a_learner_whose_library_is_missing_is_not_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommendations.candidates.implicit_library.WHY_NOT", "there is none")
    bare = load_frames(pd.DataFrame({"user": ["a"], "item": ["x"]}))
    assert "als" not in {learner.name for learner in learners_for(bare)}
