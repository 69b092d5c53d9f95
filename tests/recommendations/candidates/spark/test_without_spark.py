"""Without Spark fitting says why; nothing local takes its place."""

import pytest

from lib import optional
from recommendations.candidates.base import Candidate
from recommendations.candidates.spark.als import SparkAls
from recommendations.candidates.spark.item_knn import SparkItemKnn
from tests.kits.candidate_model import checkerboard


@pytest.mark.parametrize("learner", [SparkItemKnn, SparkAls])
def test_fitting_says_what_is_missing(learner: type[Candidate], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lib.engine.spark.why_not", lambda: ["no Spark here"])
    with pytest.raises(optional.Missing, match="no Spark here"):
        learner().fit(checkerboard())
