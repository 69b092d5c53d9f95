"""NDCG from the places of the right cells: the same figure as from a whole order, and fair where cells tie."""

import numpy as np
import pytest

from recommendations.ranking.ascent import CUT, DISCOUNT, IDEAL, Judged, ndcg, top_cells


def judged(hits: np.ndarray, among: np.ndarray) -> Judged:
    people, width = hits.shape
    return Judged(
        name="made up",
        users=np.arange(people),
        lengths=np.ones(people, np.int64),
        features=np.zeros((1, people, width), np.float32),
        among=among,
        hits=hits & among,
        wanted=np.maximum(hits.sum(axis=1), 1),
        items=np.tile(np.arange(width), (people, 1)),
    )


@pytest.mark.parametrize("width", [4, CUT, 60])
def test_ndcg_is_that_of_the_ten_best_competing_cells(width: int) -> None:
    rng = np.random.default_rng(3)
    exam = judged(rng.random((50, width)) < 0.2, rng.random((50, width)) < 0.8)
    scores = rng.normal(size=(50, width)).astype(np.float32)
    top = top_cells(scores, exam.among, CUT)
    found = np.take_along_axis(exam.hits, top, axis=1)
    expected = (found * DISCOUNT[: top.shape[1]]).sum(axis=1) / IDEAL[np.minimum(exam.wanted, CUT) - 1]
    assert ndcg(exam, scores) == pytest.approx(expected)


def test_cells_that_tie_share_the_places_they_take() -> None:
    hits = np.zeros((1, 40), bool)
    hits[0, 7] = True
    exam = judged(hits, np.ones((1, 40), bool))
    assert ndcg(exam, np.zeros((1, 40), np.float32))[0] == pytest.approx(IDEAL[-1] / 40)
    two_ahead = np.zeros((1, 40), np.float32)
    two_ahead[0, [7, 9]] = 1
    assert ndcg(exam, two_ahead)[0] == pytest.approx(IDEAL[1] / 2)


def test_ndcg_of_nobody_is_empty() -> None:
    assert ndcg(judged(np.zeros((0, 5), bool), np.zeros((0, 5), bool)), np.zeros((0, 5), np.float32)).shape == (0,)
