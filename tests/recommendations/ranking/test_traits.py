"""What the re-ranker knows of items and people: each trait against a figure worked out by hand."""

import numpy as np
import pandas as pd
import pytest

from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames
from recommendations.ranking.traits import PAST, ItemFeatures

DAY = 86400


def shop() -> Dataset:
    """Ann takes tea on days 0, 10 and 20 and a cup on day 20; Ben takes a cup on day 20. Cat has done nothing."""
    events = [("ann", "tea", 0), ("ann", "tea", 10), ("ann", "tea", 20), ("ann", "cup", 20), ("ben", "cup", 20)]
    items = [("tea", "drinks", 4.0), ("cup", "things", 8.0), ("pot", "things", 32.0), ("gift", "", None)]
    return load_frames(
        pd.DataFrame([{"user": u, "item": i, "timestamp": DAY * day} for u, i, day in events]),
        pd.DataFrame([{"item": i, "category": c, "price": p} for i, c, p in items]),
        pd.DataFrame({"user": ["ann", "ben", "cat"]}),
    )


def told(data: Dataset, items: list[list[str]]) -> dict[str, np.ndarray]:
    rows = data.history.take(data.users.get_indexer(["ann", "ben", "cat"]))
    at = np.array([data.items.get_indexer(row) for row in items])
    seen = np.take_along_axis(rows.pairs.toarray() > 0, np.maximum(at, 0), axis=1)
    names, values = ItemFeatures.of(data).describe(rows, at, seen)
    assert values.shape == (len(names), *at.shape)
    return dict(zip(names, values, strict=True))


EVERYTHING = [["tea", "cup", "pot", "gift"]] * 3


def test_popularity_age_and_idle_days_are_those_of_the_item() -> None:
    traits = told(shop(), EVERYTHING)
    assert traits["popularity"][0].tolist() == pytest.approx(np.log1p([1, 2, 0, 0]).tolist())
    assert traits["age"][0, :2].tolist() == pytest.approx(np.log1p([20, 0]).tolist())
    assert traits["idle"][0, :2].tolist() == pytest.approx([0, 0])


def test_an_item_taken_only_lately_rises_and_one_taken_evenly_does_not() -> None:
    trend = told(shop(), EVERYTHING)["trend_3_30"][0]
    assert trend[1] > trend[0] > 0


def test_shares_of_a_category_count_the_persons_items_and_none_for_an_item_without_one() -> None:
    traits = told(shop(), EVERYTHING)
    assert traits["category_share"][0].tolist() == pytest.approx([0.5, 0.5, 0.5, 0.0])
    assert traits["category_share"][1].tolist() == pytest.approx([0.0, 1.0, 1.0, 0.0])
    assert traits["category_share"][2].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert traits["category_lift"][1, 2] > 0 > traits["category_lift"][1, 0]
    assert traits["category_lift"][2, :3].tolist() == pytest.approx([0, 0, 0])


def test_the_gap_to_the_usual_price_is_one_of_logarithms() -> None:
    gap = told(shop(), EVERYTHING)["price_gap"]
    assert gap[1, :3].tolist() == pytest.approx(np.log([0.5, 1.0, 4.0]).tolist())
    assert np.isnan(gap[1, 3])
    assert np.isnan(gap[2]).all()


def test_the_own_past_is_told_of_what_the_person_has_and_of_nothing_else() -> None:
    traits = told(shop(), EVERYTHING)
    assert traits["own_since"][0, :2].tolist() == pytest.approx([0, 0])
    assert traits["own_count"][0, :2].tolist() == pytest.approx(np.log1p([3, 1]).tolist())
    for name in PAST:
        assert np.isnan(traits[name][0, 2:]).all()
        assert np.isnan(traits[name][2]).all()


def test_traits_survive_being_kept() -> None:
    data = shop()
    shelf = ItemFeatures.of(data)
    again = ItemFeatures.from_artifacts(*shelf.artifacts())
    rows, at = data.history.take(np.array([0])), np.array([[0, 1, 2, 3]])
    seen = np.array([[True, True, False, False]])
    assert again.describe(rows, at, seen)[0] == shelf.describe(rows, at, seen)[0]
    assert np.array_equal(again.describe(rows, at, seen)[1], shelf.describe(rows, at, seen)[1], equal_nan=True)


def test_without_times_and_attributes_there_is_popularity_and_the_history() -> None:
    data = load_frames(pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"]}))
    names, _ = ItemFeatures.of(data).describe(data.history, np.array([[0, 1], [0, 1]]), np.zeros((2, 2), bool))
    assert names == ("popularity", "history", "mainstream", "off_mainstream")
