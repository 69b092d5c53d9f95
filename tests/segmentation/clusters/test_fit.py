"""Planted groups are found, and the number of them too."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from segmentation.clusters.fit import fit
from segmentation.clusters.matrix import NothingToCompare, comparable
from tests.segmentation.clusters.groups import planted


def test_planted_groups_are_found_and_counted() -> None:
    matrix, truth = planted()
    found = fit(matrix.scaled)
    assert found.k == 4
    assert adjusted_rand_score(truth, found.labels) > 0.9
    assert found.chosen.stability > 0.9
    assert [choice.k for choice in found.choices] == [3, 4, 5, 6, 7, 8]


def test_a_number_asked_for_is_kept_and_the_largest_cluster_comes_first() -> None:
    matrix, _truth = planted()
    found = fit(matrix.scaled, k=6)
    sizes = np.bincount(found.labels)
    assert found.k == 6
    assert list(sizes) == sorted(sizes, reverse=True)


def test_the_same_seed_gives_the_same_clusters() -> None:
    matrix, _truth = planted(400)
    assert (fit(matrix.scaled, seed=5).labels == fit(matrix.scaled, seed=5).labels).all()


def test_few_people_or_equal_people_are_refused() -> None:
    matrix, _truth = planted(400)
    with pytest.raises(NothingToCompare, match="at least 30"):
        fit(matrix.scaled[:29])
    with pytest.raises(NothingToCompare, match="differ too little"):
        fit(np.tile(np.array([[1.0, -1.0], [-1.0, 1.0]]), (50, 1)))
    with pytest.raises(NothingToCompare, match="differ"):
        comparable(np.arange(3), ("orders",), np.ones((3, 1)))


def test_what_is_not_known_is_long_ago_for_a_moment_and_the_median_for_the_rest() -> None:
    nothing = float("nan")
    raw = np.array([[1.0, 10.0], [9.0, 20.0], [nothing, nothing], [3.0, 90.0]])
    filled = comparable(np.arange(4), ("last_order_at", "average_order"), raw).filled
    assert filled[2].tolist() == [9.0, 20.0]


def test_an_outlier_is_no_cluster() -> None:
    matrix, truth = planted()
    raw = matrix.raw.copy()
    raw[0, 2] = 1e9
    found = fit(comparable(matrix.people, matrix.names, raw).scaled)
    assert adjusted_rand_score(truth, found.labels) > 0.9
