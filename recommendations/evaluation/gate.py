"""May this model go live? A pure decision on figures, with its reason as data."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from recommendations.evaluation.evaluate import HYBRID, POPULARITY, EvaluationReport
from recommendations.evaluation.fairness import Drop, Harm
from recommendations.evaluation.membership import BOUND, MembershipAttack

MIN_PEOPLE = 20
HARM_BOUND = 0.02
"""NDCG@10 that no group may lose: a drop counts when its whole interval, which holds for all groups at once, is beyond
it. Groups of fewer than fairness.COMPARED people are not judged: theirs would be a figure of chance."""


class Verdict(StrEnum):
    """What to do with the candidate."""

    PROMOTE = "promote"
    REJECT = "reject"


class Ground(StrEnum):
    """Why."""

    BETTER = "better_than_popularity"
    TOO_FEW = "too_few_people_to_judge"
    NO_BETTER = "not_better_than_popularity"
    WORSE_THAN_LIVE = "worse_than_live"
    HARMS_GROUP = "harms_a_group"
    TELLS_MEMBERS = "tells_who_was_learned_from"
    UNTESTED = "privacy_not_tested"


@dataclass(frozen=True)
class Case:
    """All that is judged."""

    report: EvaluationReport
    """Of the candidate."""
    live: EvaluationReport | None = None
    """Of the version in force, for the same goal; None when there is none."""
    harm: Harm | None = None
    """What each group loses with the candidate, against the version in force or, without one, against popularity."""
    membership: MembershipAttack | None = None
    """How well the candidate's lists tell whose history it learned from; None where that could not be tried."""


@dataclass(frozen=True)
class GateDecision:
    """The verdict, its ground, and the numbers it rests on."""

    verdict: Verdict
    ground: Ground
    ndcg10: float
    low: float
    high: float
    popularity: float
    live: float | None
    """NDCG@10 of the live version on its own exam; None when there is none."""
    harmed: list[Drop] = field(default_factory=list)
    """Groups that lose more than HARM_BOUND beyond doubt, the largest loss first."""
    groups: int = 0
    """Groups that had enough people to be judged."""
    membership: MembershipAttack | None = None
    checks: dict[str, bool | None] = field(default_factory=dict)
    """Each ground to reject by, in the order they are looked at: False where it holds, None where it does not apply."""

    @property
    def promoted(self) -> bool:
        """True when the candidate may go live."""
        return self.verdict is Verdict.PROMOTE

    def as_values(self) -> dict[str, Any]:
        """Plain JSON values, with the bounds that held."""
        return asdict(self) | {"harm_bound": HARM_BOUND, "membership_bound": BOUND}


def decide(case: Case) -> GateDecision:
    """Promote what is better than popularity, no worse than the version in force, harms no group and keeps its people.

    In this order, and the first that fails is the ground:

    1. at least MIN_PEOPLE people to judge by;
    2. NDCG@10 beats popularity with its whole interval;
    3. the version in force is not beyond the interval's upper end;
    4. no group with enough people loses more than HARM_BOUND with its whole interval;
    5. a membership-inference attack was tried, and the AUC of the strongest is at most membership.BOUND.

    Raises ValueError when the report lacks the hybrid's or popularity's figures.
    """
    own, popular = case.report.of(HYBRID), case.report.of(POPULARITY)
    if own is None or popular is None:
        raise ValueError("the report must hold the hybrid and popularity")
    before = case.live.of(HYBRID) if case.live is not None else None
    harmed = case.harm.beyond(HARM_BOUND) if case.harm else []
    checks: dict[Ground, bool | None] = {
        Ground.TOO_FEW: own.people >= MIN_PEOPLE,
        Ground.NO_BETTER: own.low > popular.ndcg10,
        Ground.WORSE_THAN_LIVE: None if before is None else own.high >= before.ndcg10,
        Ground.HARMS_GROUP: not harmed if case.harm and case.harm.drops else None,
        Ground.UNTESTED: case.membership is not None,
        Ground.TELLS_MEMBERS: case.membership.within() if case.membership else None,
    }
    ground = next((one for one, passed in checks.items() if passed is False), Ground.BETTER)
    return GateDecision(
        verdict=Verdict.PROMOTE if ground is Ground.BETTER else Verdict.REJECT,
        ground=ground,
        ndcg10=own.ndcg10,
        low=own.low,
        high=own.high,
        popularity=popular.ndcg10,
        live=before.ndcg10 if before else None,
        harmed=harmed,
        groups=len(case.harm.drops) if case.harm else 0,
        membership=case.membership,
        checks={one.value: passed for one, passed in checks.items()},
    )
