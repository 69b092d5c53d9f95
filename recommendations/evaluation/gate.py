"""May this model go live? A pure decision on figures, with its reason as data."""

from dataclasses import dataclass
from enum import StrEnum

from recommendations.evaluation.evaluate import HYBRID, POPULARITY, Report

MIN_PEOPLE = 20


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


@dataclass(frozen=True)
class Decision:
    """The verdict, its ground, and the numbers it rests on."""

    verdict: Verdict
    ground: Ground
    ndcg10: float
    low: float
    high: float
    popularity: float
    live: float | None
    """NDCG@10 of the live version on the same exam; None when there is none."""

    @property
    def promoted(self) -> bool:
        """True when the candidate may go live."""
        return self.verdict is Verdict.PROMOTE


def decide(candidate: Report, live: Report | None = None) -> Decision:
    """Promote when NDCG@10 beats popularity with its whole interval and the live version is not beyond its upper end.

    `live` is the report of the version in force, on the same window. Raises ValueError when `candidate` lacks the
    hybrid's or popularity's figures.
    """
    own, popular = candidate.of(HYBRID), candidate.of(POPULARITY)
    if own is None or popular is None:
        raise ValueError("the report must hold the hybrid and popularity")
    before = live.of(HYBRID) if live is not None else None
    numbers = (own.ndcg10, own.low, own.high, popular.ndcg10, before.ndcg10 if before else None)
    if own.people < MIN_PEOPLE:
        return Decision(Verdict.REJECT, Ground.TOO_FEW, *numbers)
    if own.low <= popular.ndcg10:
        return Decision(Verdict.REJECT, Ground.NO_BETTER, *numbers)
    if before is not None and own.high < before.ndcg10:
        return Decision(Verdict.REJECT, Ground.WORSE_THAN_LIVE, *numbers)
    return Decision(Verdict.PROMOTE, Ground.BETTER, *numbers)
