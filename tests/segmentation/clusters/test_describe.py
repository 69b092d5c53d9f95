"""Names say what sets a cluster apart; rules nearly say who is in."""

import numpy as np
import pytest

from segmentation.clusters.describe import Description, describe, scatter
from segmentation.clusters.fit import fit
from segmentation.clusters.matrix import Matrix
from segmentation.clusters.vocabulary import PAIRS
from segmentation.portraits.features import BY_NAME
from segmentation.rules.grammar import parse
from tests.segmentation.clusters.groups import planted


@pytest.fixture(scope="module")
def described() -> tuple[Matrix, np.ndarray, np.ndarray, list[Description]]:
    """The planted people, the truth, the labels and what is said of each cluster."""
    matrix, truth = planted()
    found = fit(matrix.scaled)
    return matrix, truth, found.labels, describe(matrix, found)


def test_each_planted_group_gets_the_words_that_fit_it(described: tuple) -> None:
    _matrix, truth, labels, said = described
    names = {}
    for group, word in enumerate(("frequent", "lapsed", "weekend", "premium")):
        number = np.bincount(labels[truth == group]).argmax()
        names[word] = said[number].names["en"].lower()
    assert "frequent" in names["frequent"]
    assert "big spenders" in names["frequent"]
    assert "lapsed" in names["lapsed"]
    assert "one-time" in names["lapsed"] or "occasional" in names["lapsed"] or "spenders" in names["lapsed"]
    assert "weekend" in names["weekend"]
    assert "bargain hunters" in names["weekend"]
    assert "premium" in names["premium"] or "large-order" in names["premium"]


def test_names_differ_in_both_languages_and_sizes_add_up(described: tuple) -> None:
    matrix, _truth, _labels, said = described
    assert len({d.names["en"] for d in said}) == len({d.names["zh-hans"] for d in said}) == len(said)
    assert sum(d.size for d in said) == len(matrix.people)
    assert sum(d.share for d in said) == pytest.approx(1)


def test_twins_still_get_names_of_their_own() -> None:
    matrix, _truth = planted()
    said = describe(matrix, fit(matrix.scaled, k=8))
    assert len({d.names["en"] for d in said}) == 8
    assert len({d.names["zh-hans"] for d in said}) == 8


def test_three_features_set_a_cluster_apart_the_strongest_first(described: tuple) -> None:
    _matrix, _truth, _labels, said = described
    for description in said:
        strength = [abs(feature["z"]) for feature in description.features]
        assert len(strength) == 3
        assert strength == sorted(strength, reverse=True)
        assert all((f["value"] > f["average"]) == (f["z"] > 0) for f in description.features if abs(f["z"]) > 0.5)


def test_the_surrogate_rule_is_a_rule_and_finds_most_of_the_cluster(described: tuple) -> None:
    _matrix, _truth, _labels, said = described
    for description in said:
        [rule] = description.rules
        assert parse(rule["rule"])
        assert rule["precision"] > 0.8
        assert rule["coverage"] > 0.7


def test_the_scatter_is_a_bounded_sample_on_two_known_features(described: tuple) -> None:
    matrix, _truth, _labels, said = described
    drawn = scatter(matrix, fit(matrix.scaled))
    assert {drawn["x"], drawn["y"]} <= set(matrix.names)
    assert drawn["x"] != drawn["y"]
    assert sum(len(points) for points in drawn["points"]) <= 1_500
    assert len(drawn["points"]) == len(said)


def test_every_word_belongs_to_a_feature_there_is() -> None:
    assert set(PAIRS) <= set(BY_NAME)
