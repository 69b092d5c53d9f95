"""What is popular of all time and what is trending, everywhere and by department."""

from types import SimpleNamespace
from typing import cast

import numpy as np

from recommendations.dataset.history import DAY, History, PositiveEvents, build
from recommendations.pipeline.favourites import Stock, favourites
from recommendations.pipeline.fitted import FittedHybrid
from recommendations.ranking.policy import Policy

OLD, NEW, FEW, TEA, GONE = range(5)
NAMES = ["Home", "Home", "Home", "Tea", "Tea"]


def shop(*, timed: bool = True) -> tuple[FittedHybrid, Stock]:
    """Old: 40 people long ago. New: 12 yesterday. Few: 9 today. Tea: 11 four days ago. Gone: 30 today, blocked."""
    acts = [(OLD, 40, 20), (NEW, 12, 1), (FEW, 9, 0), (TEA, 11, 4), (GONE, 30, 0)]
    user = np.concatenate([np.arange(people) for _, people, _ in acts])
    item = np.concatenate([np.full(people, one) for one, people, _ in acts])
    time = np.concatenate([np.full(people, 100 * DAY - ago * DAY) for _, people, ago in acts])
    history: History = build(PositiveEvents(user, item, time if timed else np.full(len(time), np.nan)), (40, 5))
    blocked = np.arange(5) == GONE
    stock = Stock(np.arange(5) + 10, Policy(blocked=blocked, repeatable=np.ones(5, bool)))
    return cast("FittedHybrid", SimpleNamespace(history=history)), stock


def test_what_many_took_lately_is_trending_and_what_few_took_is_not() -> None:
    fitted, stock = shop()
    found = favourites(fitted, stock, [], NAMES)
    assert found["trending"] == [10 + NEW, 10 + TEA]
    assert found["trending:Home"] == [10 + NEW]
    assert found["trending:Tea"] == [10 + TEA]
    assert found["all"] == [10 + OLD, 10 + NEW, 10 + TEA, 10 + FEW]
    assert found["department:Home"] == [10 + OLD, 10 + NEW, 10 + FEW]
    assert found["department:Tea"] == [10 + TEA]


def test_without_times_nothing_is_trending() -> None:
    fitted, stock = shop(timed=False)
    found = favourites(fitted, stock, [], NAMES)
    assert not [scope for scope in found if scope.startswith("trending")]
    assert found["all"][0] == 10 + OLD


def test_without_departments_there_are_none() -> None:
    fitted, stock = shop()
    assert set(favourites(fitted, stock, [(7, [0, 1])])) == {"all", "trending"}
