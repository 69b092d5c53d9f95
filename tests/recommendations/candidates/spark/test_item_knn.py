"""Item neighbours from Spark are those that this process finds."""

import numpy as np
import pytest

from recommendations.candidates.item_knn import ItemKnn, ItemKnnConfig
from recommendations.candidates.spark.item_knn import SparkItemKnn
from recommendations.dataset.events import Dataset
from tests.kits.candidate_model import CandidateModelTests, checkerboard, planted
from tests.kits.optional import SMALL_SPARK, needs_spark, spark

__all__ = ["spark"]
pytestmark = needs_spark


@pytest.mark.usefixtures("spark")
class TestSparkItemKnn(CandidateModelTests):
    learner = SparkItemKnn
    floor = 0.25

    def fitted(self, dataset: Dataset) -> SparkItemKnn:
        return SparkItemKnn(spark=SMALL_SPARK).fit(dataset)


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("neighbours", [7, 1000])
def test_neighbours_and_walks_are_the_local_ones(neighbours: int) -> None:
    data = planted()
    config = ItemKnnConfig(neighbours=neighbours)
    ours, local = SparkItemKnn(config, SMALL_SPARK).fit(data), ItemKnn(config).fit(data)
    for name in ("cosine", "walk", "supported"):
        one, other = getattr(ours, name).toarray(), getattr(local, name).toarray()
        # which of equally near items is the last to be kept is nobody's promise
        np.testing.assert_allclose(np.sort(one, axis=1), np.sort(other, axis=1), rtol=1e-5, atol=1e-7)
        both = (one > 0) & (other > 0)
        assert both.sum() >= 0.9 * (other > 0).sum()
        np.testing.assert_allclose(one[both], other[both], rtol=1e-5)
    if neighbours == 1000:
        users = np.arange(data.n_users)
        for view, scores in ours.scores(data.history, users).items():
            np.testing.assert_allclose(scores, local.scores(data.history, users)[view], rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("spark")
def test_its_artefacts_are_those_of_the_local_learner() -> None:
    model = SparkItemKnn(spark=SMALL_SPARK).fit(checkerboard())
    arrays, values = model.artifacts()
    assert set(arrays) == set(ItemKnn().fit(checkerboard()).artifacts()[0])
    assert type(ItemKnn.from_artifacts(arrays, values)) is ItemKnn
    assert SparkItemKnn.name == ItemKnn.name
