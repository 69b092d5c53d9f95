import pytest

from recommendations.evaluation.evaluate import EvaluationReport, Figures
from recommendations.evaluation.fairness import Drop, Harm
from recommendations.evaluation.gate import HARM_BOUND, Case, Ground, decide
from recommendations.evaluation.membership import BOUND, MembershipAttack


def report(hybrid: float, popular: float, people: int = 100) -> EvaluationReport:
    def figures(name: str, value: float) -> Figures:
        return Figures(name, people, value, value - 0.02, value + 0.02, 0, 0, 0, 0, 0, 0, 0, 0, {})

    return EvaluationReport("new", "time 0.80", [figures("hybrid", hybrid), figures("popular", popular)])


def attacked(auc: float) -> MembershipAttack:
    return MembershipAttack(100, "alike", auc, auc - 0.04, auc + 0.04, 0.01, {"alike": auc})


def loss(low: float, label: str = "female") -> Drop:
    return Drop("gender", label, 50, low + 0.01, low, low + 0.02)


SAFE = attacked(0.55)


def test_a_clear_gain_that_harms_nobody_and_tells_of_nobody_is_promoted() -> None:
    decision = decide(Case(report(0.2, 0.1), report(0.19, 0.1), Harm([loss(-0.1)]), SAFE))
    assert decision.promoted
    assert decision.ground is Ground.BETTER
    assert set(decision.checks.values()) == {True}
    assert (decision.groups, decision.harmed, decision.live) == (1, [], 0.19)


def test_a_gain_within_the_interval_is_rejected() -> None:
    assert decide(Case(report(0.11, 0.1), membership=SAFE)).ground is Ground.NO_BETTER


def test_a_clear_step_back_from_the_live_version_is_rejected() -> None:
    assert decide(Case(report(0.2, 0.1), report(0.25, 0.1), membership=SAFE)).ground is Ground.WORSE_THAN_LIVE
    assert decide(Case(report(0.2, 0.1), report(0.21, 0.1), membership=SAFE)).promoted


def test_too_few_people_prove_nothing() -> None:
    assert decide(Case(report(0.2, 0.1, people=5), membership=SAFE)).ground is Ground.TOO_FEW


def test_a_group_that_loses_more_than_the_bound_with_its_whole_interval_stops_it() -> None:
    harmed, doubtful = loss(HARM_BOUND + 0.001), loss(HARM_BOUND - 0.001, "male")
    decision = decide(Case(report(0.2, 0.1), harm=Harm([harmed, doubtful]), membership=SAFE))
    assert (decision.ground, decision.harmed) == (Ground.HARMS_GROUP, [harmed])
    assert not decision.promoted
    assert decide(Case(report(0.2, 0.1), harm=Harm([doubtful]), membership=SAFE)).promoted


def test_where_no_group_is_large_enough_nothing_is_said_of_groups() -> None:
    decision = decide(Case(report(0.2, 0.1), harm=Harm([]), membership=SAFE))
    assert decision.promoted
    assert decision.checks[Ground.HARMS_GROUP] is None


def test_an_attack_that_does_better_than_the_bound_stops_it() -> None:
    assert decide(Case(report(0.2, 0.1), membership=attacked(BOUND))).promoted
    decision = decide(Case(report(0.2, 0.1), membership=attacked(BOUND + 0.001)))
    assert decision.ground is Ground.TELLS_MEMBERS
    assert decision.membership is not None and decision.membership.auc > BOUND


def test_lists_that_nobody_attacked_do_not_go_live() -> None:
    decision = decide(Case(report(0.2, 0.1)))
    assert decision.ground is Ground.UNTESTED
    assert decision.checks[Ground.TELLS_MEMBERS] is None


def test_the_first_ground_in_order_is_told_and_every_check_is_kept() -> None:
    decision = decide(Case(report(0.1, 0.2, people=5), harm=Harm([loss(0.1)]), membership=attacked(0.9)))
    assert decision.ground is Ground.TOO_FEW
    assert list(decision.checks.values()) == [False, False, None, False, True, False]
    assert decision.as_values()["harm_bound"] == HARM_BOUND


def test_a_report_without_popularity_is_refused() -> None:
    lone = EvaluationReport("new", "time 0.80", report(0.2, 0.1).entries[:1])
    with pytest.raises(ValueError, match="popularity"):
        decide(Case(lone, membership=SAFE))
