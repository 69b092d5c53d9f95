"""The attack on a whole recommender: a learner that knows people by heart is caught, an honest one is not."""

from typing import Any, Self

import numpy as np
import pytest

from recommendations.candidates.base import Arrays, Candidate
from recommendations.candidates.ease import Ease, EaseConfig
from recommendations.candidates.item_knn import ItemKnn
from recommendations.candidates.popularity import Popularity
from recommendations.dataset.arrays import Csr, Floats, Ints, dense
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History
from recommendations.evaluation.membership import MembershipAttack
from recommendations.pipeline import shadow
from recommendations.pipeline.fitted import FittedHybrid, Wish
from recommendations.ranking.hybrid import Blend
from tests.kits.candidate_model import planted
from tests.kits.planted_model import planted_model


class ByHeart(Candidate):
    """Says again what each person it was fitted on had, and nothing of anybody else."""

    name = "by_heart"
    views = ("by_heart",)
    about_own = True

    def fit(self, dataset: Dataset) -> Self:
        """Keep everybody's things."""
        self.taken: Csr = dataset.history.pairs
        return self

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """What is kept of the people at these positions."""
        return {"by_heart": dense(self.taken[users])}

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Nothing: it lives for one test."""
        raise NotImplementedError

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """Never kept."""
        raise NotImplementedError


@pytest.fixture
def shop() -> tuple[Dataset, FittedHybrid]:
    """Four tastes; people buy some things again."""
    return planted(), planted_model()


def attacked(shop: tuple[Dataset, FittedHybrid], monkeypatch: Any, *learners: Candidate) -> MembershipAttack:
    data, fitted = shop
    fits = [one.fit(data) for one in learners]
    views = tuple(view for one in fits for view in one.views)
    even = Blend(views, np.full((4, len(views)), 1 / len(views), np.float32), learned=False, note="even")
    plain = FittedHybrid(**{**vars(fitted), "learners": fits, "fresh": even, "again": even, "opinions": {}})
    monkeypatch.setattr(shadow, "learners_for", lambda dataset, settings, means: [type(one)() for one in learners])
    found = shadow.try_membership(data, plain, Wish(k=20), lambda done, total, doing: None)
    assert found is not None
    return found


def test_a_recommender_that_knows_people_by_heart_is_caught(shop: Any, monkeypatch: Any) -> None:
    found = attacked(shop, monkeypatch, ItemKnn(), ByHeart(), Popularity())
    assert found.auc > 0.9
    assert not found.within()


def test_an_honest_one_is_not(shop: Any, monkeypatch: Any) -> None:
    found = attacked(shop, monkeypatch, ItemKnn(), Ease(EaseConfig(ridge=30)), Popularity())
    assert found.within()
    assert found.auc < 0.6


def test_the_whole_recommender_of_a_small_shop_passes(shop: Any) -> None:
    data, fitted = shop
    heard: list[str] = []
    found = shadow.try_membership(data, fitted, Wish(k=20), lambda done, total, doing: heard.append(doing))
    assert found is not None
    assert found.people == 2 * (data.n_users // shadow.SHARE)
    assert found.within(), found
    assert set(heard) == {"attacking the lists"}
    assert shadow.try_membership(data, fitted, Wish(k=20), lambda done, total, doing: None) == found


def test_a_handful_of_people_cannot_be_tried(shop: Any) -> None:
    data, fitted = shop
    few = data.subset(data.user_ix < shadow.FEWEST * shadow.SHARE - 1)
    assert shadow.try_membership(few, fitted, Wish(k=20), lambda done, total, doing: None) is None
