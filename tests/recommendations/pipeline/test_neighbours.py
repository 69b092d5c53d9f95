"""Neighbourhoods out of a fitted model: how many people stand behind each pair, and never fewer than ten."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates.item_knn import ItemKnn
from recommendations.dataset.events import ITEM_COLUMNS, USER_COLUMNS, Dataset
from recommendations.dataset.history import support
from recommendations.pipeline.fitted import FittedHybrid
from recommendations.pipeline.neighbours import MOST, neighbours
from recommendations.ranking.grounds import grounds_of
from recommendations.ranking.policy import K_SUPPORT

PEOPLE, ITEMS = 300, 70


@pytest.fixture(scope="module")
def data() -> Dataset:
    """Invented people with two tastes: the first half of the items, the second half, a little of the other."""
    lot = np.random.default_rng(5)
    taste = np.arange(PEOPLE) % 2
    half = ITEMS // 2
    chance = np.where((np.arange(ITEMS)[None, :] // half).clip(0, 1) == taste[:, None], 0.4, 0.05)
    user, item = np.nonzero(lot.random((PEOPLE, ITEMS)) < chance)
    users, items = pd.Index([str(at) for at in range(PEOPLE)]), pd.Index([str(at) for at in range(ITEMS)])
    return Dataset(
        users=users,
        items=items,
        user_ix=user.astype(np.int64),
        item_ix=item.astype(np.int64),
        kind=cast("pd.Categorical[Any]", pd.Categorical(["order"] * len(user))),
        value=np.ones(len(user), np.float32),
        timestamp=1.7e9 + 86_400.0 * lot.integers(0, 4, len(user)),
        weight=np.ones(len(user), np.float32),
        item_table=pd.DataFrame({name: [""] * ITEMS for name in ITEM_COLUMNS}),
        user_table=pd.DataFrame({name: [""] * PEOPLE for name in USER_COLUMNS}),
    )


@pytest.fixture(scope="module")
def fitted(data: Dataset) -> FittedHybrid:
    """A model, as far as neighbourhoods ask."""
    return model(data)


def model(data: Dataset) -> FittedHybrid:
    one = SimpleNamespace(
        learners=[ItemKnn().fit(data)], buyers=support(data.history), items=data.items, grounds=grounds_of(data)
    )
    return cast("FittedHybrid", one)


def on_one_day(data: Dataset) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """How many people took both items on one day, counted the long way, shape (items, items)."""
    both = np.zeros((ITEMS, ITEMS), np.int64)
    day = data.timestamp // 86_400
    for person in range(PEOPLE):
        mine = data.user_ix == person
        seen = np.zeros((ITEMS, ITEMS), bool)
        for one in np.unique(day[mine]):
            basket = data.item_ix[mine & (day == one)]
            seen[np.ix_(basket, basket)] = True
        both += seen
    return both


def test_the_people_behind_each_pair_are_counted_as_they_are(data: Dataset, fitted: FittedHybrid) -> None:
    pairs = data.history.pairs.toarray()
    both, days = (pairs.T @ pairs).astype(int), on_one_day(data)
    ids = np.arange(ITEMS) + 1000
    found = list(neighbours(fitted, ids))
    assert {one.kind for one in found} == {"similar", "together"}
    counted = 0
    for one in found:
        item = one.product_id - 1000
        assert 0 < len(one.product_ids) == len(one.scores) == len(one.support) <= MOST
        assert one.product_id not in one.product_ids
        assert one.scores == sorted(one.scores, reverse=True)
        assert min(one.support) >= K_SUPPORT
        people = both if one.kind == "similar" else days
        assert one.support == [people[item, other - 1000] for other in one.product_ids]
        counted += len(one.support)
    assert counted > 1000


def test_together_is_the_share_of_the_items_own_people(data: Dataset, fitted: FittedHybrid) -> None:
    buyers = support(data.history)
    for one in neighbours(fitted, np.arange(ITEMS)):
        if one.kind == "together":
            shares = [people / buyers[one.product_id] for people in one.support]
            assert one.scores == pytest.approx(shares, abs=1e-5)


def test_like_tastes_stand_beside_each_other(fitted: FittedHybrid) -> None:
    for one in neighbours(fitted, np.arange(ITEMS)):
        if one.kind == "similar":
            same = [(other < ITEMS // 2) == (one.product_id < ITEMS // 2) for other in one.product_ids[:10]]
            assert all(same)


def test_a_pair_with_nine_people_is_not_told(data: Dataset) -> None:
    few = data.subset(data.user_ix < 100)
    one = model(few)
    pairs = few.history.pairs.toarray()
    both = (pairs.T @ pairs).astype(int)
    rows = [row for row in neighbours(one, np.arange(ITEMS)) if row.kind == "similar"]
    told = {(row.product_id, other) for row in rows for other in row.product_ids}
    assert told
    assert min(both[pair] for pair in told) == K_SUPPORT
    assert ((both > 0) & (both < K_SUPPORT)).any()
