"""Questions: the right words find the right items, in English and Chinese, and taste orders what matches."""

import numpy as np
import pandas as pd
import pytest

from recommendations.dataset.load import BadInput, load_frames
from recommendations.ranking.query import LEAST, TASTE, TEXT, Words, combined, pool_of, words_of

TABLE = pd.DataFrame(
    [
        {"item": "pot", "name": "Cast iron teapot", "category": "Kitchen > Tea", "brand": "Iwachu", "kind": ""},
        {"item": "green", "name": "Green tea, loose", "category": "Kitchen > Tea", "tags": "organic;leaf"},
        {"item": "mug", "name": "不锈钢保温杯", "category": "厨房", "description": "保温 保冷"},
        {"item": "cha", "name": "龙井绿茶", "category": "茶叶"},
        {"item": "guide", "name": "How to return a parcel", "kind": "answer", "description": "refund, label, courier"},
        {"item": "story", "name": "Where our teas grow", "kind": "article", "description": "hills of tea"},
        {"item": "nothing", "name": ""},
    ]
).fillna("")


@pytest.fixture(scope="module")
def index() -> Words:
    events = pd.DataFrame({"user": ["a"], "item": ["pot"]})
    return words_of(load_frames(events, TABLE).item_table)


def names(found: np.ndarray) -> list[str]:
    return TABLE["item"].to_numpy()[found].tolist()


def everything(index: Words) -> np.ndarray:
    return np.ones(len(index.kinds), bool)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("green tea", "green"),
        ("TEAPOTS", "pot"),
        ("iwachu", "pot"),
        ("how do I get a refund for my parcels?", "guide"),
        ("绿茶", "cha"),
        ("保温杯", "mug"),
        ("我想买一个杯子，要保温的杯", "mug"),
        ("茶", "cha"),
    ],
)
def test_a_question_finds_its_item_first(index: Words, question: str, first: str) -> None:
    assert names(pool_of(index.match(question), everything(index)))[0] == first


@pytest.mark.parametrize("question", ["", "   ", "zeppelin", "飞艇", "!?"])
def test_a_question_that_nothing_matches_finds_nothing(index: Words, question: str) -> None:
    assert pool_of(index.match(question), everything(index)).tolist() == []


def test_a_match_is_a_cosine(index: Words) -> None:
    match = index.match("green tea loose tea organic leaf kitchen")
    assert 0.5 < match.max() <= 1 + 1e-6
    assert match.min() == 0
    row = index.weights[[1]].toarray().ravel()
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)


def test_only_the_kinds_asked_for_answer(index: Words) -> None:
    match = index.match("tea")
    assert names(pool_of(match, index.of_kinds(["article"]))) == ["story"]
    assert "story" in names(pool_of(match, index.of_kinds([])))
    assert "story" not in names(pool_of(match, index.of_kinds(["product", "answer"])))
    with pytest.raises(ValueError, match="no such kind: film"):
        index.of_kinds(["film"])


def test_a_kind_that_no_catalogue_has_is_refused() -> None:
    items = pd.DataFrame({"item": ["x"], "kind": ["film"]})
    with pytest.raises(BadInput, match="column kind: is none of product, article, answer"):
        load_frames(pd.DataFrame({"user": ["a"], "item": ["x"]}), items)


def test_what_matches_far_less_than_the_best_is_off_the_subject() -> None:
    match = np.array([0.1, 0.8, LEAST * 0.8, 0.19, 0.5])
    assert pool_of(match, np.ones(5, bool)).tolist() == [1, 4, 2]
    assert pool_of(match, np.ones(5, bool), most=2).tolist() == [1, 4]
    assert pool_of(match, np.array([True, False, True, True, False])).tolist() == [2, 3, 0]


def test_text_leads_and_taste_decides_between_equals() -> None:
    match = np.array([1.0, 1.0, 0.3])
    taste = np.array([[0.0, 5.0, 9.0], [3.0, 1.0, 2.0]])
    scores, text = combined(match, taste, np.ones((2, 3), bool))
    assert np.argsort(-scores, axis=1)[:, 0].tolist() == [1, 0]
    assert scores.max() <= TEXT + TASTE
    np.testing.assert_allclose(text[0], TEXT * match, atol=1e-6)
    alike, _ = combined(match, np.full((1, 3), 7.0), np.ones((1, 3), bool))
    np.testing.assert_allclose(alike[0], TEXT * match, atol=1e-6)


def test_what_lies_outside_the_scale_of_taste_does_not_move_it() -> None:
    match = np.array([1.0, 1.0, 0.5, 0.5])
    taste = np.array([[1.0, 3.0, 99.0, -99.0]])
    scale = np.array([[True, True, False, False]])
    scores, _ = combined(match, taste, scale)
    expected = [TEXT, TEXT + TASTE, 0.5 * TEXT + TASTE, 0.5 * TEXT]
    np.testing.assert_allclose(scores[0], expected, atol=1e-6)


def test_words_come_back_from_their_artifacts(index: Words) -> None:
    arrays, values = index.artifacts()
    back = Words.from_artifacts(arrays, values)
    for question in ("green tea", "保温杯"):
        np.testing.assert_array_equal(back.match(question), index.match(question))
    some = back.take(np.array([3, 1]))
    assert some.match("绿茶").argmax() == 0


def test_a_catalogue_without_texts_matches_nothing() -> None:
    data = load_frames(pd.DataFrame({"user": ["a"], "item": ["x"]}))
    assert words_of(data.item_table).match("x").tolist() == [0]
