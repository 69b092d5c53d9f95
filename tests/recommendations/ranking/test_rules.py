"""What stands around the scores: variety, the shop's rules, and reasons."""

import numpy as np

from recommendations.ranking import reasons
from recommendations.ranking.diversity import spread
from recommendations.ranking.policy import Policy
from recommendations.ranking.reasons import ListReason, ReasonEvidence
from tests.kits.candidate_model import planted


def test_the_dial_at_nought_keeps_the_order_and_turned_up_spreads_categories() -> None:
    scores, categories = np.array([[4.0, 3.9, 3.8, 1.0]], np.float32), np.array([[0, 0, 0, 1]])
    assert spread(scores, categories, 0.0).tolist() == [[0, 1, 2, 3]]
    assert spread(scores, categories, 0.9)[0, 1] == 3


def test_what_is_not_repeatable_rests_for_good() -> None:
    data = planted()
    rows = data.history.take(np.arange(5))
    policy = Policy(np.zeros(data.n_items, bool), np.zeros(data.n_items, bool))
    assert (policy.resting(rows) == (rows.pairs.toarray() > 0)).all()
    assert not Policy.open(data.n_items).resting(rows).any()


def test_a_reason_falls_back_when_too_few_people_stand_behind_it() -> None:
    shares = np.zeros((1, 1, max(ListReason) + 1), np.float32)
    shares[..., ListReason.BECAUSE], shares[..., ListReason.NOW] = 0.7, 0.3

    def told(source: int, buyers: int) -> int:
        evidence = ReasonEvidence(shares, np.array([[source]]), np.array([[buyers]]), np.array([[False]]))
        return int(reasons.choose(evidence)[0, 0])

    assert told(3, 50) == ListReason.BECAUSE
    assert told(-1, 50) == ListReason.NOW
    assert told(-1, 9) == ListReason.DISCOVER


def test_every_reason_has_its_sentences() -> None:
    assert set(reasons.SENTENCES) == set(ListReason)
    assert reasons.code(ListReason.BECAUSE, "x") == "because_you_bought:x"
