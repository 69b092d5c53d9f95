"""How good a list is: the usual measures with one definition each, per person, vectorised.

Gain is binary; NDCG's ideal list is cut at k; recall divides by all right answers, MAP by min(right answers, k).
"""

from dataclasses import dataclass

import numpy as np

from recommendations.dataset.arrays import Bools, Csr, Doubles, Ints, dense

RESAMPLES = 1000


@dataclass(frozen=True)
class PerPerson:
    """One number per person and measure, each of shape (people,)."""

    ndcg10: Doubles
    recall10: Doubles
    recall20: Doubles
    precision10: Doubles
    map10: Doubles
    mrr10: Doubles
    hit10: Doubles


def hits(lists: Ints, truth: Csr) -> Bools:
    """Which places of `lists` (people, k), -1 where short, are in the person's row of `truth` (people x items)."""
    right = dense(truth) > 0
    return np.asarray(np.take_along_axis(right, np.maximum(lists, 0), axis=1) & (lists >= 0))


def per_person(lists: Ints, truth: Csr) -> PerPerson:
    """All measures of ranked `lists` (people, k), best first, -1 where short, against `truth` (people x items).

    Every person must have a right answer; raises ValueError otherwise.
    """
    wanted = np.asarray(truth.sum(axis=1)).ravel()
    if (wanted < 1).any():
        raise ValueError("every person needs at least one right answer")
    found = hits(lists, truth).astype(float)
    ten = np.zeros((len(lists), 10))
    ten[:, : min(10, found.shape[1])] = found[:, :10]
    discount = 1 / np.log2(np.arange(2, 12))
    ideal = np.cumsum(discount)[np.minimum(wanted, 10).astype(int) - 1]
    precision = np.cumsum(ten, axis=1) / np.arange(1, 11)
    return PerPerson(
        ndcg10=(ten * discount).sum(axis=1) / ideal,
        recall10=ten.sum(axis=1) / wanted,
        recall20=found[:, :20].sum(axis=1) / wanted,
        precision10=ten.mean(axis=1),
        map10=(ten * precision).sum(axis=1) / np.minimum(wanted, 10),
        mrr10=(ten / np.arange(1, 11)).max(axis=1),
        hit10=ten.max(axis=1),
    )


def coverage(lists: Ints, n_items: int, k: int = 10) -> float:
    """Share of `n_items` that is in somebody's first `k`."""
    shown = lists[:, :k]
    return len(np.unique(shown[shown >= 0])) / max(n_items, 1)


def novelty(lists: Ints, buyers: Ints, n_people: int, k: int = 10) -> float:
    """Mean -log2 of the share of people who have each shown item, over the first `k`; items nobody has are left out."""
    shown = lists[:, :k]
    share = buyers[shown[shown >= 0]] / max(n_people, 1)
    share = share[share > 0]
    return float(-np.log2(share).mean()) if len(share) else 0.0


def interval(values: Doubles, seed: int = 0, level: float = 0.95) -> tuple[float, float]:
    """Bootstrap interval of the mean of `values` (people,) over people; (0, 0) without people."""
    if not len(values):
        return 0.0, 0.0
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
