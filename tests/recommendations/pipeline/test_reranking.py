"""The trees get a say only where their gain is certain on people they did not learn from."""

import numpy as np
import pytest

from recommendations.pipeline.reranking import LABELLED, Grower, try_trees
from recommendations.ranking.reranker import RerankerConfig
from tests.recommendations.ranking.test_reranker import VIEWS, examples, quality

GROWER = Grower(VIEWS, seed=0, config=RerankerConfig())


def test_trees_that_win_beyond_doubt_get_a_share_and_are_grown_anew() -> None:
    windows = [examples(people=220, seed=number) for number in range(3)]
    linear = [one.judged.features[0] for one in windows]
    trial = try_trees(windows, linear, GROWER, "time")
    assert trial.opinion is not None
    assert trial.opinion.share > 0
    assert quality(windows[-1], trial.scores) > quality(windows[-1], linear[-1])
    assert trial.curve


@pytest.mark.parametrize("protocol", ["time", "random"])
def test_trees_that_can_add_nothing_get_none(protocol: str) -> None:
    windows = [examples(people=300, seed=number) for number in range(2)]
    # a blend that is already right everywhere cannot be beaten
    linear = [one.judged.hits.astype(np.float32) for one in windows]
    trial = try_trees(windows, linear, GROWER, protocol)  # type: ignore[arg-type]
    assert trial.opinion is None
    assert trial.scores is linear[-1]
    assert trial.trees is not None


def test_too_few_people_grow_no_trees() -> None:
    few = examples(people=LABELLED - 1)
    trial = try_trees([few], [few.judged.features[0]], GROWER, "random")
    assert trial.opinion is None
    assert trial.trees is None
