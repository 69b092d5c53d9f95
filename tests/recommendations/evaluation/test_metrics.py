import numpy as np
import pytest
import scipy.sparse as sp

from recommendations.evaluation import metrics


def test_measures_by_hand() -> None:
    truth = sp.csr_matrix(np.array([[1, 0, 1, 0, 1]], np.float32))
    rows = metrics.per_person(np.array([[0, 1, 2, 3]]), truth)
    ideal = 1 + 1 / np.log2(3) + 0.5
    assert rows.ndcg10[0] == pytest.approx((1 + 0.5) / ideal)
    assert rows.recall10[0] == pytest.approx(2 / 3)
    assert rows.precision10[0] == pytest.approx(0.2)
    assert rows.map10[0] == pytest.approx((1 + 2 / 3) / 3)
    assert rows.mrr10[0] == rows.hit10[0] == 1


def test_short_lists_and_padding_count_as_misses() -> None:
    truth = sp.csr_matrix(np.array([[1, 0]], np.float32))
    assert metrics.per_person(np.array([[-1, -1]]), truth).ndcg10[0] == 0


def test_someone_without_a_right_answer_is_an_error() -> None:
    with pytest.raises(ValueError, match="right answer"):
        metrics.per_person(np.array([[0]]), sp.csr_matrix((1, 2), dtype=np.float32))


def test_the_interval_holds_the_mean() -> None:
    values = np.random.default_rng(0).random(200)
    low, high = metrics.interval(values)
    assert low < values.mean() < high
