"""What a version is judged by beside its figures: who gets less, and whether its lists tell whom it learned from."""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from crm.privacy import gate as release_gate
from crm.privacy.models import Release
from lib.progress import Progress
from recommendations.dataset.arrays import Bools, Ints
from recommendations.dataset.events import Dataset
from recommendations.evaluation import fairness
from recommendations.evaluation.evaluate import EvaluationReport, Marks
from recommendations.evaluation.fairness import Fairness, Harm, Labels
from recommendations.evaluation.gate import Case, GateDecision, decide
from recommendations.evaluation.membership import MembershipAttack
from recommendations.evaluation.residuals import Residuals, listed
from recommendations.pipeline.chosen import means
from recommendations.pipeline.fitted import FittedHybrid, Wish
from recommendations.pipeline.rating import errors_of_ratings
from recommendations.pipeline.released import Released
from recommendations.pipeline.serve import DIVERSITY
from recommendations.pipeline.shadow import try_membership
from recommendations.registry.models import ModelVersion
from recommendations.serving import publish

LIVE, POPULAR = "live", "popular"
"""What the groups' losses are measured against."""


class NobodyToJudgeBy(ValueError):
    """There is no window with enough people in it."""

    def __str__(self) -> str:
        """Say it to people."""
        return "There are too few orders over time to judge a model by."


@dataclass(frozen=True)
class Evidence:
    """What was found out about one trained model; kept in its signed folder and shown on its page."""

    fairness: Fairness
    """NDCG@10 by group, for the shop's main goal."""
    against_popularity: Harm
    """What each group loses against popularity, person by person."""
    membership: MembershipAttack | None
    """None where too few people have a history to leave some out."""
    rated: list[Residuals] = field(default_factory=list)
    """How far each rater predicts ratings amiss; empty where people do not rate."""

    def as_values(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "fairness": self.fairness.as_values(),
            "against_popularity": self.against_popularity.as_values(),
            "membership": self.membership.as_values() if self.membership else None,
            "rated": [one.as_values() for one in self.rated],
        }

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> Self:
        """The evidence that as_values() described."""
        membership, rated = values["membership"], listed(values["rated"])
        return cls(
            Fairness.from_values(values["fairness"]),
            Harm.from_values(values["against_popularity"]),
            MembershipAttack.from_values(membership) if membership else None,
            [Residuals.from_values(one) for one in rated],
        )


def gather(release: Release, released: Released, fitted: FittedHybrid, tell: Progress) -> Evidence:
    """Find out what the gate asks beside the figures.

    Raises NobodyToJudgeBy when `fitted` could not be tried on anybody, Cancelled when `tell` does.
    """
    if not fitted.marks:
        raise NobodyToJudgeBy
    marks, dataset = fitted.marks[0], released.dataset
    tell(0, 2, "comparing groups")
    customers = release_gate.attach(release, released.people)
    groups = groups_of(dataset, marks, dict(publish.members_by_segment(customers)))
    wish = Wish(policy=released.policy, diversity=DIVERSITY)
    return Evidence(
        fairness=fairness.report(groups, marks.hybrid),
        against_popularity=fairness.harm_between(groups, marks.hybrid, marks.popularity),
        membership=try_membership(dataset, fitted, wish, tell, means()),
        rated=errors_of_ratings(dataset),
    )


def groups_of(dataset: Dataset, marks: Marks, segments: dict[int, list[int]]) -> dict[str, Labels]:
    """The groupings of the judged people; `segments` holds positions of people by segment, named here by number."""
    masks: dict[str, Bools] = {}
    for segment, members in segments.items():
        inside = np.zeros(dataset.n_users, bool)
        inside[members] = True
        masks[str(segment)] = inside[marks.users]
    lengths: Ints = marks.lengths
    return fairness.groups_of(dataset.user_table, marks.users, lengths, masks)


def judge(fitted: FittedHybrid, evidence: Evidence, live: ModelVersion | None) -> tuple[GateDecision, str]:
    """Ask the gate about `fitted`; return its decision and what the groups' losses were measured against.

    The version in force was judged on its own window, so its groups are compared by their means and errors; without
    one, or for one that has no figures by group for the same goal, popularity is what people would lose.
    """
    report = fitted.reports[0]
    before = report_of(live, report.goal) if live else None
    theirs = groups_before(live, report.goal) if live else None
    harm = fairness.harm(evidence.fairness, theirs) if theirs else evidence.against_popularity
    decision = decide(Case(report, before, harm, evidence.membership))
    return decision, LIVE if theirs else POPULAR


def report_of(version: ModelVersion, goal: str) -> EvaluationReport | None:
    """The version's own report for the same goal, from its own time split."""
    for values in version.metrics.get("reports", []):
        if values["goal"] == goal:
            return EvaluationReport.from_values(values)
    return None


def groups_before(version: ModelVersion, goal: str) -> Fairness | None:
    """The version's figures by group for the same goal; None for one that has none."""
    values = version.metrics.get("evidence")
    return Fairness.from_values(values["fairness"]) if values and version.metrics.get("goal") == goal else None


def sentence(decision: GateDecision, against: str) -> str:
    """The ground with its numbers in English, for logs and the command line; pages tell the decision's own values."""
    told = f"NDCG@10 {decision.ndcg10:.4f} ({decision.low:.4f} to {decision.high:.4f})"
    told += f"; popularity {decision.popularity:.4f}"
    if decision.live is not None:
        told += f", the version in use {decision.live:.4f}"
    for drop in decision.harmed:
        told += f"; {drop.grouping} {drop.label} loses {drop.value:.4f} ({drop.low:.4f} to {drop.high:.4f})"
        told += f" against {'the version in use' if against == LIVE else 'popularity'}"
    if decision.membership is not None:
        attack = decision.membership
        told += f"; membership AUC {attack.auc:.3f} ({attack.low:.3f} to {attack.high:.3f})"
    return f"{decision.ground}: {told}"
