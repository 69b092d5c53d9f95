"""Whoever was learned from is scored as if they had not been, so that their lists do not tell that they were."""

from collections.abc import Callable

import numpy as np
import pytest

from recommendations.candidates.base import Candidate
from recommendations.candidates.ease import Ease, EaseConfig, EvenEase
from recommendations.candidates.item_knn import ItemKnn, ItemKnnConfig
from recommendations.dataset.arrays import dense
from recommendations.dataset.events import Dataset
from tests.kits.candidate_model import planted


def without(data: Dataset, person: int) -> Dataset:
    return data.subset(data.user_ix != person)


@pytest.mark.parametrize(
    "learner",
    [
        lambda: Ease(EaseConfig(ridge=20)),
        lambda: Ease(EaseConfig(ridge=20, direct=1, largest=500)),
        # weights that are divided by a person's length follow the whole set, so the ridge must not care
        lambda: EvenEase(EaseConfig(ridge=20, recency=(0.3,), evenness=0.0)),
    ],
    ids=["items", "people", "even"],
)
def test_a_regression_scores_a_member_as_one_fitted_without_them(learner: Callable[[], Candidate]) -> None:
    data = planted(60)
    whole = learner().fit(data)
    for person in (0, 7, 31):
        people = np.array([person])
        rows = data.history.take(people)
        told, alone = whole.scores(rows, people), learner().fit(without(data, person)).scores(rows, people)
        for view in whole.views:
            # what nobody else has is in one model's catalogue and not in the other's
            others = without(data, person).warm
            assert told[view][0, others] == pytest.approx(alone[view][0, others], abs=2e-4)
        assert np.abs(whole.scores(rows, np.array([-1]))[view] - told[view]).max() > 0.01


def test_neighbours_leave_out_the_persons_own_part_of_every_link() -> None:
    data = planted(60)
    config = ItemKnnConfig(neighbours=100)
    knn = ItemKnn(config).fit(data)
    person = np.array([5])
    rows = data.history.take(person)
    own = rows.indices
    x = dense(without(data, 5).history.pairs)
    norm = 1 / np.sqrt(knn.buyers + config.shrinkage)
    together = (x.T @ x) * norm[:, None] * norm[None, :]
    np.fill_diagonal(together, 0)
    wanted = together[own][:, own].sum(axis=0)
    assert knn.scores(rows, person)["knn"][0, own] == pytest.approx(wanted, abs=1e-4)
    stranger = knn.scores(rows, np.array([-1]))
    for view, scores in knn.scores(rows, person).items():
        assert (scores[0, own] < stranger[view][0, own]).all()
        rest = np.setdiff1d(np.arange(data.n_items), own)
        assert scores[0, rest] == pytest.approx(stranger[view][0, rest])
        assert scores.min() > -1e-5


def test_people_the_model_never_met_are_scored_as_they_are() -> None:
    data = planted(60)
    for learner in (Ease().fit(without(data, 5)), ItemKnn().fit(without(data, 5))):
        rows = data.history.take(np.array([5]))
        met, unmet = learner.scores(rows, np.array([5])), learner.scores(rows, np.array([-1]))
        for view in learner.views:
            assert (met[view] == unmet[view]).all()
