import numpy as np
import pytest
import scipy.sparse as sp

from recommendations.candidates.likeness import (
    LikenessConfig,
    Measure,
    likeness,
    neighbourhood,
    vectors,
)

RATINGS = np.array(
    [
        [5, 4, 0, 1, 0, 2],
        [4, 5, 1, 0, 2, 0],
        [0, 2, 5, 4, 0, 0],
        [5, 5, 0, 0, 1, 1],
        [3, 3, 3, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ],
    float,
)
"""0 is not rated."""


def by_hand(measure: Measure, a: int, b: int) -> float:
    """The definition, one pair at a time."""
    there = RATINGS > 0
    if measure == "jaccard":
        either = (there[a] | there[b]).sum()
        return float((there[a] & there[b]).sum() / either) if either else 0.0
    means = {
        "cosine": np.zeros_like(RATINGS),
        "pearson": (RATINGS.sum(1) / np.maximum(there.sum(1), 1))[:, None] * there,
        "adjusted": (RATINGS.sum(0) / np.maximum(there.sum(0), 1))[None, :] * there,
    }[measure]
    x, y = (RATINGS - means)[a], (RATINGS - means)[b]
    size = np.linalg.norm(x) * np.linalg.norm(y)
    return float(x @ y / size) if size > 0 else 0.0


@pytest.mark.parametrize("measure", ["cosine", "pearson", "adjusted", "jaccard"])
@pytest.mark.parametrize("neighbours", [None, 50])
def test_each_likeness_is_its_definition(measure: Measure, neighbours: int | None) -> None:
    found = likeness(sp.csr_matrix(RATINGS), LikenessConfig(measure, neighbours=neighbours)).toarray()
    expected = np.array([[by_hand(measure, a, b) if a != b else 0 for b in range(6)] for a in range(6)])
    np.testing.assert_allclose(found, np.where(expected >= 1e-6, expected, 0), atol=1e-12)


def test_shrinkage_doubts_what_few_share_and_support_forbids_it() -> None:
    ratings = sp.csr_matrix(RATINGS)
    plain = likeness(ratings, LikenessConfig(neighbours=None)).toarray()
    shrunk = likeness(ratings, LikenessConfig(shrinkage=10, neighbours=None)).toarray()
    there = (RATINGS > 0).astype(float)
    shared = there @ there.T
    np.testing.assert_allclose(shrunk, plain * shared / (shared + 10), atol=1e-12)
    supported = likeness(ratings, LikenessConfig(support=3, neighbours=None)).toarray()
    np.testing.assert_allclose(supported, np.where(shared >= 3, plain, 0), atol=1e-12)


def test_the_nearest_are_kept_also_when_rows_outnumber_a_block() -> None:
    rng = np.random.default_rng(0)
    ratings = sp.random(1500, 40, 0.2, random_state=rng, format="csr")
    whole = likeness(ratings, LikenessConfig(neighbours=None)).toarray()
    few = likeness(ratings, LikenessConfig(neighbours=7))
    assert np.diff(few.indptr).max() == 7
    np.testing.assert_allclose(few.max(axis=1).toarray().ravel(), whole.max(axis=1), atol=1e-12)
    np.testing.assert_allclose(np.sort(few[1200].data), np.sort(whole[1200])[-7:], atol=1e-12)


def test_a_row_equal_to_others_is_not_its_own_neighbour() -> None:
    same = sp.csr_matrix(np.ones((6, 3)))
    found = likeness(same, LikenessConfig(neighbours=2))
    assert found.diagonal().sum() == 0
    assert np.diff(found.indptr).tolist() == [2] * 6


def test_an_unknown_likeness_is_an_error() -> None:
    with pytest.raises(ValueError, match="euclid"):
        vectors(sp.csr_matrix(RATINGS), "euclid")  # type: ignore[arg-type]


def test_a_prediction_is_the_mean_and_the_weighted_deviations() -> None:
    voices = neighbourhood(sp.csr_matrix(RATINGS), LikenessConfig("pearson", neighbours=None), neighbours=2)
    near = {row: by_hand("pearson", 0, row) for row in (1, 2, 3, 4)}
    # of those who rated column 4, rows 1 and 3 are alike
    means = {1: 3.0, 3: 3.0}
    votes = near[1] * (2 - means[1]) + near[3] * (1 - means[3])
    assert voices.predict(np.array([0]), np.array([4]))[0] == pytest.approx(3 + votes / (near[1] + near[3]))


def test_a_vote_for_the_mean_counts_and_silence_is_nan() -> None:
    ratings = sp.csr_matrix(np.array([[1.0, 5, 0, 3], [1, 5, 3, 3], [0, 0, 0, 3]]))
    voices = neighbourhood(ratings, LikenessConfig("pearson"), neighbours=5)
    assert voices.predict(np.array([0]), np.array([2]))[0] == pytest.approx(3)
    assert np.isnan(voices.predict(np.array([2]), np.array([1]))[0])
    strict = neighbourhood(ratings, LikenessConfig("pearson"), neighbours=5, quorum=2)
    assert np.isnan(strict.predict(np.array([0]), np.array([2]))[0])
