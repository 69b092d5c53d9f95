"""Factors from Spark's MLlib: as good as the local ones, and served without Spark."""

import numpy as np
import pytest

from recommendations.candidates.als import Als
from recommendations.candidates.spark.als import SparkAls
from recommendations.dataset.events import Dataset
from tests.kits.candidate_model import CandidateModelTests, planted
from tests.kits.optional import SMALL_SPARK, needs_spark, spark

__all__ = ["spark"]
pytestmark = [needs_spark, pytest.mark.usefixtures("spark")]


class TestSparkAls(CandidateModelTests):
    learner = SparkAls
    floor = 0.25

    def fitted(self, dataset: Dataset) -> SparkAls:
        return SparkAls(spark=SMALL_SPARK).fit(dataset)


def test_it_says_the_same_as_the_local_learner() -> None:
    data = planted()
    users = np.arange(data.n_users)
    ours = SparkAls(spark=SMALL_SPARK).fit(data).scores(data.history, users)["als"]
    local = Als().fit(data).scores(data.history, users)["als"]
    # other random first factors, another penalty per item: the same taste all the same
    assert np.mean([np.corrcoef(one, other)[0, 1] for one, other in zip(ours, local, strict=True)]) > 0.9


def test_items_nobody_took_have_no_factors() -> None:
    data = planted()
    few = data.subset(data.item_ix < 30)
    items = SparkAls(spark=SMALL_SPARK).fit(few).items
    assert (items[30:] == 0).all()
    assert (np.abs(items[few.warm]).sum(axis=1) > 0).all()
