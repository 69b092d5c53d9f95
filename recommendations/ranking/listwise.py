"""Learn the weights of a linear blend: the likelihood that a right answer is drawn first (ListNet, Cao et al. 2007).

Coordinate ascent (ascent.py) moves one weight at a time, and where many views say nearly the same no single step helps.
This loss is convex, so it has no such traps; it is not NDCG, so what it finds is judged beside what the ascent finds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import minimize

from recommendations.dataset.arrays import Bools, Doubles, Floats, Ints
from recommendations.ranking.ascent import Judged

PENALTY = 1e-3
"""Weight of the squared weights beside the mean loss of a person: equal views share what one might take."""
STEPS = 100
"""Most iterations of L-BFGS; 40 to 50 are usual."""


@dataclass(frozen=True)
class _Cells:
    """The competing cells of one window, one column each."""

    rows: Ints
    """For each cell the place of its person among those who have any, shape (cells,)."""
    starts: Ints
    """Where each person's cells begin."""
    features: Floats
    """Shape (views, cells)."""
    share: Floats
    """1 / right answers of the person where the cell is right, else 0, shape (cells,)."""

    @classmethod
    def of(cls, window: Judged) -> Self:
        person, column = np.nonzero(window.among)
        hits = window.hits[person, column].astype(np.float32)
        right = np.bincount(person, hits, minlength=len(window.users))
        starts = np.flatnonzero(np.r_[True, person[1:] != person[:-1]])
        share = (hits / np.maximum(right, 1)[person]).astype(np.float32)
        rows = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(person)]))
        return cls(rows, starts, window.features[:, person, column], share)

    def loss(self, weights: Floats) -> tuple[float, Doubles]:
        """Sum over people of -log likelihood, and its gradient (views,)."""
        scores = weights @ self.features
        # shifted by each person's best, so that nothing overflows
        scores -= np.maximum.reduceat(scores, self.starts)[self.rows]
        grown = np.exp(scores)
        total = np.add.reduceat(grown, self.starts)[self.rows]
        loss = -float((self.share * (scores - np.log(total))).sum(dtype=np.float64))
        return loss, np.asarray(self.features @ (grown / total - self.share), dtype=np.float64)


def most_likely(windows: Sequence[Judged], signed: Bools) -> Floats:
    """Weights (views,) under which right answers are likeliest, not below 0 except where `signed`.

    Everybody in `windows` must have a right answer in the pool; each person counts the same.
    """
    cells = [_Cells.of(window) for window in windows if len(window.users)]
    people = sum(len(part.starts) for part in cells)

    def objective(weights: Doubles) -> tuple[float, Doubles]:
        parts = [part.loss(weights.astype(np.float32)) for part in cells]
        loss = sum(value for value, _ in parts) / people + PENALTY * float(weights @ weights) / 2
        return loss, np.sum([gradient for _, gradient in parts], axis=0) / people + PENALTY * weights

    found = minimize(
        objective,
        np.zeros(len(signed)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None) if free else (0.0, None) for free in signed],
        options={"maxiter": STEPS},
    )
    return np.asarray(found.x, dtype=np.float32)
