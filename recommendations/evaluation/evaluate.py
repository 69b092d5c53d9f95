"""Put the hybrid beside popularity and every single view, on people and days that its weights were not learned on."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from recommendations.dataset.arrays import Csr, Doubles, Ints
from recommendations.evaluation import beyond, metrics
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
    # what follows is missing from reports stored before it was measured
    ndcg5: float | None = None
    ndcg20: float | None = None
    recall5: float | None = None
    precision5: float | None = None
    precision20: float | None = None
    map5: float | None = None
    map20: float | None = None
    mrr5: float | None = None
    mrr20: float | None = None
    hit5: float | None = None
    hit20: float | None = None
    category_diversity10: float | None = None
    """Share of pairs in a list that differ in category; None where items have none."""
    content_diversity10: float | None = None
    """Mean of 1 - cosine of texts over the pairs in a list; None where the exam has no texts."""
    miscalibration10: float | None = None
    """KL divergence of a person's category shares from the list's, 0 at best; None where items have no category."""


@dataclass(frozen=True)
class EvaluationReport:
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
    past: "Csr | None" = None
    """people x items, what each person asked had before; with `categories`, calibration is measured."""
    categories: Ints | None = None
    """A number per category, -1 where the item has none, shape (items,)."""
    texts: "Csr | None" = None
    """items x words, for diversity of content."""


@dataclass(frozen=True)
class Marks:
    """What each person of an exam got from the hybrid and from popularity. Held in memory only: figures of persons."""

    goal: str
    users: Ints
    """Positions of the people, shape (people,)."""
    lengths: Ints
    """Distinct items in each person's history, shape (people,)."""
    hybrid: Doubles
    """NDCG@10, shape (people,)."""
    popularity: Doubles


def marks_of(lists: Mapping[str, Ints], exam: Exam, users: Ints) -> Marks:
    """The marks of the people at positions `users`, in the order of `exam`; `lists` must hold both recommenders."""
    each = {name: metrics.per_person(lists[name], exam.truth).ndcg10 for name in (HYBRID, POPULARITY)}
    return Marks(exam.goal, users, exam.lengths, each[HYBRID], each[POPULARITY])


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
    means: dict[str, Any] = {key: float(np.mean(value)) for key, value in vars(rows).items()}
    return Figures(
        name=name,
        people=len(lists),
        low=low,
        high=high,
        coverage10=metrics.coverage(lists, int((exam.buyers > 0).sum())),
        novelty10=metrics.novelty(lists, exam.buyers, exam.n_people),
        buckets=buckets,
        **(means | _beside_right(lists, exam)),
    )


def _beside_right(lists: Ints, exam: Exam) -> dict[str, float | None]:
    """Diversity and calibration, as far as the exam knows what they need."""
    out: dict[str, float | None] = {}
    if exam.categories is not None and (exam.categories >= 0).any():
        within = beyond.memberships(exam.categories)
        out["category_diversity10"] = beyond.mean_known(beyond.diversity(lists, within))
        if exam.past is not None:
            out["miscalibration10"] = beyond.mean_known(beyond.miscalibration(lists, exam.past, within))
    if exam.texts is not None:
        out["content_diversity10"] = beyond.mean_known(beyond.diversity(lists, exam.texts))
    return out


def evaluate(lists: Mapping[str, Ints], exam: Exam) -> EvaluationReport:
    """Every recommender's ranked lists on the same exam, best NDCG@10 first."""
    entries = [measure(name, ranked, exam) for name, ranked in lists.items()]
    return EvaluationReport(exam.goal, exam.window, sorted(entries, key=lambda entry: -entry.ndcg10))
