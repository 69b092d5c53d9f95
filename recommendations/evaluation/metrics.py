"""How good a list is: the usual measures with one definition each, per person, vectorised.

Gain is binary unless said otherwise; NDCG's ideal list is cut at k; recall divides by all right answers, MAP by
min(right answers, k). What a list is beside right (novel, diverse, calibrated) is measured in beyond.py, how sure a
mean is in bootstrap.py.
"""

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np

from recommendations.dataset.arrays import Bools, Csr, Doubles, Ints, dense
from recommendations.evaluation.beyond import coverage, novelty
from recommendations.evaluation.bootstrap import RESAMPLES, interval

__all__ = [
    "MEASURES",
    "RESAMPLES",
    "PerPerson",
    "coverage",
    "graded_ndcg",
    "hits",
    "interval",
    "mae",
    "novelty",
    "per_person",
    "reciprocal_rank",
    "rmse",
]

CUTS = (5, 10, 20)
"""Lengths at which lists are judged."""

Discount = Literal["log2p1", "log2"]


@dataclass(frozen=True)
class PerPerson:
    """One number per person and measure, each of shape (people,); the name ends in how far down the list is read."""

    ndcg10: Doubles
    recall10: Doubles
    recall20: Doubles
    precision10: Doubles
    map10: Doubles
    mrr10: Doubles
    hit10: Doubles
    ndcg5: Doubles
    ndcg20: Doubles
    recall5: Doubles
    precision5: Doubles
    precision20: Doubles
    map5: Doubles
    map20: Doubles
    mrr5: Doubles
    mrr20: Doubles
    hit5: Doubles
    hit20: Doubles


MEASURES = tuple(field.name for field in fields(PerPerson))


def hits(lists: Ints, truth: Csr) -> Bools:
    """Which places of `lists` (people, k), -1 where short, are in the person's row of `truth` (people x items)."""
    right = dense(truth) > 0
    return np.asarray(np.take_along_axis(right, np.maximum(lists, 0), axis=1) & (lists >= 0))


def per_person(lists: Ints, truth: Csr) -> PerPerson:
    """All measures of ranked `lists` (people, k), best first, -1 where short, against `truth` (people x items).

    With hit(r) 1 when place r holds one of the n right answers:

    - NDCG@k: sum of hit(r) / log2(r + 1) over the same sum of a list that begins with min(n, k) right answers (Järvelin
      and Kekäläinen, "Cumulated Gain-based Evaluation of IR Techniques", 2002, with the discount of Burges et al. 2005)
    - recall@k: right answers in the first k / n
    - precision@k: right answers in the first k / k, also when the list is shorter
    - MAP@k: mean over min(n, k) of precision@r at each right answer in place r (Manning et al., "Introduction to
      Information Retrieval", 2008, section 8.4, cut at k)
    - MRR@k: 1 / place of the first right answer, 0 when it is not in the first k (Voorhees, TREC-8, 1999)
    - hit@k: 1 when the first k hold a right answer

    Every person must have a right answer; raises ValueError otherwise.
    """
    wanted = np.asarray(truth.sum(axis=1), np.float64).ravel()
    if (wanted < 1).any():
        raise ValueError("every person needs at least one right answer")
    found = hits(lists, truth)
    parts = {name: numbers for k in CUTS for name, numbers in _at(found, wanted, k).items()}
    return PerPerson(**parts)


def _at(found: Bools, wanted: Doubles, k: int) -> dict[str, Doubles]:
    first = np.zeros((len(found), k))
    first[:, : min(k, found.shape[1])] = found[:, :k]
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[np.minimum(wanted, k).astype(int) - 1]
    precision = np.cumsum(first, axis=1) / np.arange(1, k + 1)
    return {
        f"ndcg{k}": (first * discount).sum(axis=1) / ideal,
        f"recall{k}": first.sum(axis=1) / wanted,
        f"precision{k}": first.mean(axis=1),
        f"map{k}": (first * precision).sum(axis=1) / np.minimum(wanted, k),
        f"mrr{k}": (first / np.arange(1, k + 1)).max(axis=1),
        f"hit{k}": first.max(axis=1),
    }


def graded_ndcg(lists: Ints, gains: Csr, k: int | None = None, discount: Discount = "log2p1") -> Doubles:
    """NDCG@k (people,) where right answers differ in worth: `gains` is people x items, 0 for what is not wanted.

    Gains count as they are, not as 2^gain - 1. The ideal list holds the person's gains, largest first, cut at `k`
    (None: never). `log2p1` divides place r by log2(r + 1); `log2` by max(log2(r), 1), the original of Järvelin and
    Kekäläinen (2002), which is LensKit's. Somebody who wants nothing gets 0.
    """
    width = lists.shape[1] if k is None else min(k, lists.shape[1])
    shown = lists[:, :width]
    worth = np.asarray(gains.toarray(), np.float64)
    got = np.where(shown >= 0, np.take_along_axis(worth, np.maximum(shown, 0), axis=1), 0.0)
    longest = int(np.diff(gains.indptr).max(initial=0))
    best = -np.sort(-worth, axis=1)[:, : longest if k is None else min(k, longest)]
    ideal = best @ _discount(best.shape[1], discount)
    return np.asarray((got @ _discount(width, discount)) / np.where(ideal > 0, ideal, 1))


def _discount(length: int, kind: Discount) -> Doubles:
    place = np.arange(1, length + 1, dtype=np.float64)
    return 1 / (np.log2(place + 1) if kind == "log2p1" else np.maximum(np.log2(place), 1))


def reciprocal_rank(lists: Ints, truth: Csr) -> Doubles:
    """1 / place of the first right answer anywhere in the list, 0 without one; shape (people,)."""
    found = hits(lists, truth)
    return np.asarray((found / np.arange(1, found.shape[1] + 1)).max(axis=1, initial=0.0))


def rmse(errors: Doubles) -> float:
    """Root of the mean squared error; NaN without errors."""
    return float(np.sqrt(np.mean(np.square(errors, dtype=np.float64)))) if len(errors) else float("nan")


def mae(errors: Doubles) -> float:
    """Mean absolute error; NaN without errors."""
    return float(np.mean(np.abs(errors, dtype=np.float64))) if len(errors) else float("nan")
