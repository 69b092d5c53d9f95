import numpy as np
import pytest
import scipy.sparse as sp

from recommendations.evaluation import beyond

KINDS = np.array([0, 0, 0, 1, 1, 2, -1])
WITHIN = beyond.memberships(KINDS)


def test_coverage_and_novelty_by_hand() -> None:
    lists = np.array([[0, 1, -1], [1, 3, -1]])
    assert beyond.coverage(lists, 6) == pytest.approx(3 / 6)
    buyers = np.array([8, 4, 1, 2, 0, 0, 0])
    assert beyond.novelty(lists, buyers, 8) == pytest.approx((0 + 1 + 1 + 2) / 4)
    assert beyond.novelty(np.array([[4]]), buyers, 8) == 0


def test_diversity_by_category_is_the_share_of_unlike_pairs() -> None:
    found = beyond.diversity(np.array([[0, 1, 3, 5], [0, 1, 2, -1], [0, 6, -1, -1]]), WITHIN)
    assert found[:2] == pytest.approx([5 / 6, 0])
    # of two items, one without category: nothing can be said
    assert np.isnan(found[2])


def test_diversity_of_content_is_one_minus_the_mean_cosine() -> None:
    vectors = np.random.default_rng(0).random((6, 4))
    unit = vectors / np.linalg.norm(vectors, axis=1)[:, None]
    cosines = unit @ unit.T
    expected = np.mean([1 - cosines[a, b] for a in (0, 2, 5) for b in (0, 2, 5) if a != b])
    assert beyond.diversity(np.array([[0, 2, 5, 1]]), sp.csr_matrix(vectors), k=3)[0] == pytest.approx(expected)


def test_a_list_with_the_persons_mix_is_calibrated() -> None:
    past = sp.csr_matrix(np.array([[1, 1, 0, 1, 1, 0, 0]], float))
    mixed, lopsided = (beyond.miscalibration(np.array([row]), past, WITHIN)[0] for row in ([0, 3, 1, 4], [0, 1, 2, -1]))
    assert mixed == pytest.approx(0)
    # half and half, against all of the first kind
    expected = 0.5 * np.log(0.5 / (0.99 + 0.005)) + 0.5 * np.log(0.5 / 0.005)
    assert lopsided == pytest.approx(expected)


def test_calibration_knows_its_limits() -> None:
    past = sp.csr_matrix(np.array([[1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1]], float))
    found = beyond.miscalibration(np.array([[6, -1], [0, 1]]), past, WITHIN)
    assert found[0] == pytest.approx(-np.log(beyond.ALPHA))
    assert np.isnan(found[1])
    assert beyond.mean_known(found) == found[0]
    assert beyond.mean_known(found[1:]) is None


def test_an_item_of_two_categories_counts_for_each_in_part() -> None:
    both = sp.csr_matrix(np.array([[1, 1], [1, 0], [0, 1]], float))
    past = sp.csr_matrix(np.array([[1, 0, 0]], float))
    assert beyond.miscalibration(np.array([[1, 2]]), past, both)[0] == pytest.approx(0)
