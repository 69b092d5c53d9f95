import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from recommendations.evaluation import metrics
from tests.recommendations.oracles import LENSKIT, needs_lenskit


def test_measures_by_hand() -> None:
    truth = sp.csr_matrix(np.array([[1, 0, 1, 0, 1]], np.float32))
    rows = metrics.per_person(np.array([[0, 1, 2, 3]]), truth)
    ideal = 1 + 1 / np.log2(3) + 0.5
    assert rows.ndcg10[0] == pytest.approx((1 + 0.5) / ideal)
    assert rows.recall10[0] == pytest.approx(2 / 3)
    assert rows.precision10[0] == pytest.approx(0.2)
    assert rows.map10[0] == pytest.approx((1 + 2 / 3) / 3)
    assert rows.mrr10[0] == rows.hit10[0] == 1


def test_each_length_reads_as_far_as_its_name() -> None:
    truth = sp.csr_matrix(np.eye(1, 30, 7, np.float32))
    rows = metrics.per_person(np.arange(30)[None], truth)
    assert (rows.hit5[0], rows.hit10[0], rows.hit20[0]) == (0, 1, 1)
    assert (rows.ndcg5[0], rows.ndcg10[0]) == (0, pytest.approx(1 / np.log2(9)))
    assert (rows.mrr5[0], rows.mrr20[0]) == (0, pytest.approx(1 / 8))
    assert (rows.precision5[0], rows.precision20[0]) == (0, pytest.approx(1 / 20))
    assert (rows.map5[0], rows.map20[0], rows.recall5[0], rows.recall20[0]) == (0, pytest.approx(1 / 8), 0, 1)


def test_more_right_answers_than_places_can_still_be_perfect() -> None:
    rows = metrics.per_person(np.arange(20)[None], sp.csr_matrix(np.ones((1, 30), np.float32)))
    for name in metrics.MEASURES:
        if not name.startswith("recall"):
            assert getattr(rows, name)[0] == pytest.approx(1), name
    assert rows.recall5[0] == pytest.approx(5 / 30)


def test_short_lists_and_padding_count_as_misses() -> None:
    truth = sp.csr_matrix(np.array([[1, 0]], np.float32))
    assert metrics.per_person(np.array([[-1, -1]]), truth).ndcg10[0] == 0


def test_someone_without_a_right_answer_is_an_error() -> None:
    with pytest.raises(ValueError, match="right answer"):
        metrics.per_person(np.array([[0]]), sp.csr_matrix((1, 2), dtype=np.float32))


def test_graded_and_binary_ndcg_agree_where_all_gains_are_one() -> None:
    rng = np.random.default_rng(0)
    lists = np.argsort(rng.random((50, 40)), axis=1)
    truth = sp.csr_matrix((rng.random((50, 40)) < 0.2).astype(np.float32) + np.eye(50, 40, dtype=np.float32) > 0)
    truth = truth[np.diff(truth.indptr) > 0].astype(np.float32)
    lists = lists[: truth.shape[0]]
    np.testing.assert_allclose(metrics.graded_ndcg(lists, truth, k=10), metrics.per_person(lists, truth).ndcg10)


def test_graded_ndcg_by_hand() -> None:
    gains = sp.csr_matrix(np.array([[3.0, 0, 5, 0], [0, 0, 0, 0]]))
    found = metrics.graded_ndcg(np.array([[0, 1, 2, -1], [0, 1, 2, 3]]), gains, discount="log2")
    assert found.tolist() == [pytest.approx((3 + 5 / np.log2(3)) / (5 + 3)), 0]
    assert metrics.graded_ndcg(np.array([[0]]), gains[:1], k=1)[0] == pytest.approx(3 / 5)


def test_errors_by_hand() -> None:
    errors = np.array([1.0, -1, 2])
    assert metrics.rmse(errors) == pytest.approx(np.sqrt(2))
    assert metrics.mae(errors) == pytest.approx(4 / 3)
    assert np.isnan(metrics.rmse(errors[:0]))


@needs_lenskit
def test_ndcg_and_reciprocal_rank_are_lenskits_to_the_last_digit() -> None:
    shipped = pd.read_csv(LENSKIT / "topn-java-metrics.csv")
    recs = pd.read_csv(LENSKIT / "topn-java-recs.csv").sort_values(["Algorithm", "user", "rank"])
    wanted = pd.read_csv(LENSKIT / "topn-java-truth.csv")
    items = pd.Index(pd.unique(pd.concat([recs["item"], wanted["item"]])))
    lists, gains = [], np.zeros((len(shipped), len(items)))
    for row, (algorithm, user) in enumerate(zip(shipped["Algorithm"], shipped["user"], strict=True)):
        mine = recs[(recs["Algorithm"] == algorithm) & (recs["user"] == user)]
        lists.append(items.get_indexer(mine["item"]))
        own = wanted[wanted["user"] == user]
        gains[row, items.get_indexer(own["item"])] = own["rating"]
    shown, worth = np.stack(lists), sp.csr_matrix(gains)
    assert len(shown) == 100
    ndcg = metrics.graded_ndcg(shown, worth, discount="log2")
    assert np.abs(ndcg - shipped["Java.nDCG"]).max() <= 2.3e-16
    # The file was printed with fifteen digits of some numbers: they differ in the last place of a double.
    assert np.abs(metrics.reciprocal_rank(shown, worth) - shipped["Java.RecipRank"]).max() <= 2.3e-16
