from recommendations.evaluation.evaluate import Figures, Report
from recommendations.evaluation.gate import Ground, decide


def report(hybrid: float, popular: float, people: int = 100) -> Report:
    def figures(name: str, value: float) -> Figures:
        return Figures(name, people, value, value - 0.02, value + 0.02, 0, 0, 0, 0, 0, 0, 0, 0, {})

    return Report("new", "time 0.80", [figures("hybrid", hybrid), figures("popular", popular)])


def test_a_clear_gain_is_promoted() -> None:
    assert decide(report(0.2, 0.1)).promoted


def test_a_gain_within_the_interval_is_rejected() -> None:
    assert decide(report(0.11, 0.1)).ground is Ground.NO_BETTER


def test_a_clear_step_back_from_the_live_version_is_rejected() -> None:
    assert decide(report(0.2, 0.1), report(0.25, 0.1)).ground is Ground.WORSE_THAN_LIVE
    assert decide(report(0.2, 0.1), report(0.21, 0.1)).promoted


def test_too_few_people_prove_nothing() -> None:
    assert decide(report(0.2, 0.1, people=5)).ground is Ground.TOO_FEW
