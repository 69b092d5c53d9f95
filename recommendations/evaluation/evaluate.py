"""Put the hybrid beside popularity and every single view, on people and days that its weights were not learned on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from recommendations.dataset.arrays import Csr, Ints
from recommendations.evaluation import metrics
from recommendations.ranking.hybrid import BUCKETS, bucket_of

HYBRID = "hybrid"
POPULARITY = "popular"


@dataclass(frozen=True)
class Figures:
    """What one recommender reaches."""

    name: str
    people: int
    ndcg10: float
    low: float
    """Lower end of the 95 % bootstrap interval of NDCG@10 over people."""
    high: float
    recall10: float
    recall20: float
    precision10: float
    map10: float
    mrr10: float
    hit10: float
    coverage10: float
    novelty10: float
    buckets: dict[str, dict[str, float]]
    """NDCG@10 and people by length of history."""


@dataclass(frozen=True)
class Report:
    """One evaluation: what was asked, and every recommender's figures, best first."""

    goal: str
    """`new`: items new to the person; `any`: whatever they take next."""
    window: str
    entries: list[Figures]

    def of(self, name: str) -> Figures | None:
        """The figures called `name`."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def as_values(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The report that as_values() described."""
        return cls(values["goal"], values["window"], [Figures(**entry) for entry in values["entries"]])


@dataclass(frozen=True)
class Exam:
    """What every recommender is asked: the people, what they took, and what is known of them and the items."""

    goal: str
    window: str
    truth: Csr
    """people x items, a row per person asked, none empty."""
    lengths: Ints
    """Distinct items in each person's history, shape (people,)."""
    buyers: Ints
    """People who have each item, shape (items,)."""
    n_people: int
    """People with history in all."""


def measure(name: str, lists: Ints, exam: Exam) -> Figures:
    """The figures of ranked `lists` (people, 20 or more) on `exam`."""
    rows = metrics.per_person(lists, exam.truth)
    low, high = metrics.interval(rows.ndcg10)
    buckets = {}
    number = bucket_of(exam.lengths)
    for place, (bucket, _) in enumerate(BUCKETS):
        inside = number == place
        if inside.any():
            buckets[bucket] = {"people": int(inside.sum()), "ndcg10": float(rows.ndcg10[inside].mean())}
    means = {key: float(np.mean(value)) for key, value in vars(rows).items()}
    return Figures(
        name=name,
        people=len(lists),
        low=low,
        high=high,
        coverage10=metrics.coverage(lists, int((exam.buyers > 0).sum())),
        novelty10=metrics.novelty(lists, exam.buyers, exam.n_people),
        buckets=buckets,
        **means,
    )


def evaluate(lists: Mapping[str, Ints], exam: Exam) -> Report:
    """Every recommender's ranked lists on the same exam, best NDCG@10 first."""
    entries = [measure(name, ranked, exam) for name, ranked in lists.items()]
    return Report(exam.goal, exam.window, sorted(entries, key=lambda entry: -entry.ndcg10))
