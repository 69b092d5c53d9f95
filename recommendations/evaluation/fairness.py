"""Whom do the lists serve less well? NDCG@10 by group, the gap between groups, and what a new version takes from whom.

Groups are people by length of history, by segment, or by what they declared of themselves. A gap between best and
worst is above 0 even among groups drawn by lot, so each gap stands beside what chance alone would give.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from recommendations.dataset.arrays import Bools, Doubles, Ints
from recommendations.evaluation.bootstrap import LEVEL, RESAMPLES, middle
from recommendations.ranking.hybrid import BUCKETS, bucket_of

COMPARED = 30
"""A gap or a harm is only told of groups with at least so many people: fewer are noise."""
SHOWN = 10
"""Groups with fewer people are not shown at all: their figure would be one about persons."""
AGE_BAND = 10
"""Years of birth that form one group."""
BLOCK = 2_000_000
"""Numbers drawn at a time, which bounds memory."""

Labels: TypeAlias = "Sequence[str] | npt.NDArray[Any] | Mapping[str, Bools]"
"""A label per person (empty where unknown), or for groups that overlap, such as segments, a mask (people,) of each."""


@dataclass(frozen=True)
class GroupFigures:
    """What one group gets."""

    label: str
    people: int
    ndcg10: float
    low: float
    """Lower end of the 95 % bootstrap interval over people."""
    high: float
    error: float
    """Standard error of `ndcg10`, for comparing versions whose people's figures are not kept."""

    @property
    def comparable(self) -> bool:
        """True with enough people to compare."""
        return self.people >= COMPARED


@dataclass(frozen=True)
class Gap:
    """Best minus worst among the comparable groups of one grouping."""

    best: str
    worst: str
    value: float
    low: float
    """Lower end of the 95 % bootstrap interval, best and worst chosen anew in each resample."""
    high: float
    chance: float
    """95 % of gaps between groups of the same sizes filled by lot are below this."""

    @property
    def real(self) -> bool:
        """True when chance rarely makes such a gap."""
        return self.value > self.chance


@dataclass(frozen=True)
class Grouping:
    """One way to divide people."""

    name: str
    groups: list[GroupFigures]
    """By label."""
    gap: Gap | None
    """None with fewer than two comparable groups."""
    hidden: int
    """People in no group, or only in groups too small to show."""


@dataclass(frozen=True)
class Fairness:
    """The figures of one recommender by every grouping."""

    people: int
    groupings: list[Grouping]

    def of(self, name: str) -> Grouping | None:
        """The grouping called `name`."""
        return next((one for one in self.groupings if one.name == name), None)

    def as_values(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The figures that as_values() described."""
        groupings = [
            Grouping(
                name=one["name"],
                groups=[GroupFigures(**group) for group in one["groups"]],
                gap=Gap(**one["gap"]) if one["gap"] else None,
                hidden=one["hidden"],
            )
            for one in values["groupings"]
        ]
        return cls(values["people"], groupings)


@dataclass(frozen=True)
class Drop:
    """What a group loses with the candidate: the live version's NDCG@10 minus the candidate's, negative for a gain."""

    grouping: str
    label: str
    people: int
    value: float
    low: float
    """Lower end of an interval that holds for all groups at once (95 %, Bonferroni)."""
    high: float


@dataclass(frozen=True)
class Harm:
    """Every comparable group's drop, largest first."""

    drops: list[Drop]

    @property
    def worst(self) -> Drop | None:
        """The largest drop; None when no group could be compared."""
        return self.drops[0] if self.drops else None

    def beyond(self, bound: float) -> list[Drop]:
        """The drops that exceed `bound` with their whole interval: harm that chance does not explain."""
        return [drop for drop in self.drops if drop.low > bound]

    def as_values(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The drops that as_values() described."""
        return cls([Drop(**drop) for drop in values["drops"]])


def report(groups: Mapping[str, Labels], ndcg10: Doubles, seed: int = 0) -> Fairness:
    """NDCG@10 (people,) by each grouping of `groups`, whose labels are in the same order of people.

    Raises ValueError when labels and people differ in number.
    """
    return Fairness(len(ndcg10), [_grouping(name, labels, ndcg10, seed) for name, labels in groups.items()])


def groups_of(
    user_table: pd.DataFrame, users: Ints, lengths: Ints, segments: Mapping[str, Bools] | None = None
) -> dict[str, Labels]:
    """The usual groupings of `users` (positions in `user_table`, a dataset's); one with a single label says nothing.

    `lengths` (people,) are the distinct items in each one's history, `segments` masks (people,) by name.
    """
    table = user_table.iloc[users]
    born = table["birth_year"].astype(str).str.extract(r"^(\d{4})", expand=False)
    start = pd.to_numeric(born) // AGE_BAND * AGE_BAND
    columns: dict[str, Labels] = {
        "history": np.array([name for name, _ in BUCKETS], dtype=object)[bucket_of(lengths)],
        "gender": table["gender"].astype(str).to_numpy(),
        "born": np.array(["" if np.isnan(year) else f"{year:.0f}-{year + AGE_BAND - 1:.0f}" for year in start]),
        "country": table["country"].astype(str).to_numpy(),
        "extra": table["extra"].astype(str).to_numpy(),
    }
    found = {name: labels for name, labels in columns.items() if len(_masks(name, labels, len(users))) > 1}
    # even a single segment can be harmed
    return found | ({"segment": segments} if segments else {})


def harm(candidate: Fairness, live: Fairness) -> Harm:
    """What each comparable group of both loses from `live` to `candidate`, judged on the same window.

    Only means and standard errors are left of the live version, so the intervals treat the two as independent. They
    are wider than those of harm_between(), which has both versions' figures of the same people.
    """
    found: list[tuple[str, GroupFigures, GroupFigures]] = []
    for mine in candidate.groupings:
        before = live.of(mine.name)
        old = {group.label: group for group in before.groups} if before else {}
        pairs = [(mine.name, group, old[group.label]) for group in mine.groups if group.label in old]
        found += [pair for pair in pairs if pair[1].comparable and pair[2].comparable]
    reach = _reach(len(found))
    drops = []
    for name, new, was in found:
        value, error = was.ndcg10 - new.ndcg10, float(np.hypot(new.error, was.error))
        few = min(new.people, was.people)
        drops.append(Drop(name, new.label, few, value, value - reach * error, value + reach * error))
    return Harm(sorted(drops, key=lambda drop: -drop.value))


def harm_between(groups: Mapping[str, Labels], candidate: Doubles, live: Doubles) -> Harm:
    """What each comparable group loses when both versions' NDCG@10 (people,) are of the same people, in pairs.

    Raises ValueError when labels and people differ in number.
    """
    if len(candidate) != len(live):
        raise ValueError("both versions must be judged on the same people")
    lost = live - candidate
    inside = [
        (name, label, lost[mask])
        for name, labels in groups.items()
        for label, mask in _masks(name, labels, len(lost)).items()
        if mask.sum() >= COMPARED
    ]
    reach = _reach(len(inside))
    drops = []
    for name, label, part in inside:
        value, error = float(part.mean()), _error(part)
        drops.append(Drop(name, label, len(part), value, value - reach * error, value + reach * error))
    return Harm(sorted(drops, key=lambda drop: -drop.value))


def _grouping(name: str, labels: Labels, values: Doubles, seed: int) -> Grouping:
    masks = {label: mask for label, mask in _masks(name, labels, len(values)).items() if mask.sum() >= SHOWN}
    member = np.array(list(masks.values()), float).reshape(len(masks), len(values)).T
    means = _resampled(member, values, seed)
    groups = []
    for at, (label, mask) in enumerate(masks.items()):
        low, high = middle(means[:, at])
        inside = values[mask]
        groups.append(GroupFigures(label, int(mask.sum()), float(inside.mean()), low, high, _error(inside)))
    enough = np.array([group.comparable for group in groups], bool)
    gap = _gap([group for group in groups if group.comparable], means[:, enough], member[:, enough], values, seed)
    hidden = len(values) - int((member.sum(axis=1) > 0).sum())
    return Grouping(name, groups, gap, hidden)


def _gap(groups: list[GroupFigures], means: Doubles, member: Doubles, values: Doubles, seed: int) -> Gap | None:
    if len(groups) < 2:
        return None
    best, worst = max(groups, key=lambda one: one.ndcg10), min(groups, key=lambda one: one.ndcg10)
    low, high = middle(np.ptp(means, axis=1))
    # only those who are in a compared group may change places
    among = member.any(axis=1)
    lots = _shuffled(member[among], values[among], seed + 1)
    chance = float(np.quantile(np.ptp(lots, axis=1), LEVEL))
    return Gap(best.label, worst.label, best.ndcg10 - worst.ndcg10, low, high, chance)


def _masks(name: str, labels: Labels, people: int) -> dict[str, Bools]:
    """Who is in each group, in the order of labels; nobody is in a group without a name."""
    if isinstance(labels, Mapping):
        masks = {str(label): np.asarray(mask, bool) for label, mask in labels.items()}
        if any(len(mask) != people for mask in masks.values()):
            raise ValueError(f"the groups of {name} must say of each of {people} people whether they are in")
        return masks
    column = np.asarray(labels).astype(str)
    if len(column) != people:
        raise ValueError(f"{name} has {len(column)} labels for {people} people")
    return {str(label): column == label for label in np.unique(column) if label}


def _resampled(member: Doubles, values: Doubles, seed: int) -> Doubles:
    """Group means (resamples, groups) when people are drawn with replacement; `member` is people x groups."""
    rng = np.random.default_rng(seed)
    people = len(values)
    out = np.zeros((RESAMPLES, member.shape[1]))
    each = max(1, BLOCK // max(people, 1))
    weighted = member * values[:, None]
    for start in range(0, RESAMPLES if people else 0, each):
        rows = min(each, RESAMPLES - start)
        drawn = rng.integers(0, people, (rows, people)) + people * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * people).reshape(rows, people).astype(float)
        out[start : start + rows] = (times @ weighted) / np.maximum(times @ member, 1)
    return out


def _shuffled(member: Doubles, values: Doubles, seed: int) -> Doubles:
    """Group means (resamples, groups) when people change places by lot."""
    rng = np.random.default_rng(seed)
    sizes = member.sum(axis=0)
    out = np.zeros((RESAMPLES, member.shape[1]))
    each = max(1, BLOCK // max(len(values), 1))
    for start in range(0, RESAMPLES, each):
        rows = min(each, RESAMPLES - start)
        mixed = rng.permuted(np.tile(values, (rows, 1)), axis=1)
        out[start : start + rows] = (mixed @ member) / sizes
    return out


def _error(values: Doubles) -> float:
    """Standard error of the mean; 0 for one value."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0


def _reach(comparisons: int) -> float:
    """Standard errors on either side, so that all intervals hold at once."""
    return NormalDist().inv_cdf(1 - (1 - LEVEL) / 2 / max(comparisons, 1))
