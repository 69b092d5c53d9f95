"""Not ten of the same: re-rank so that each place weighs the score against the categories already shown."""

import numpy as np

from recommendations.dataset.arrays import Floats, Ints


def spread(scores: Floats, categories: Ints, dial: float) -> Ints:
    """An order of the columns per person, shape of `scores` (people, k), by maximal marginal relevance.

    `scores` must be sorted best first; `categories` (people, k) are numbers, negative for none; `dial` from 0 (order
    kept) to 1 (as varied as can be). Each item pays `dial` times the score spread of the list for each item of its
    category already placed, times 1/k (Carbonell and Goldstein 1998, likeness being "same category").
    Raises ValueError for a dial outside 0 to 1.
    """
    if not 0 <= dial <= 1:
        raise ValueError(f"the dial goes from 0 to 1, not {dial:g}")
    people, k = scores.shape
    if dial == 0 or k < 2:
        return np.tile(np.arange(k), (people, 1))
    out = np.empty((people, k), np.int64)
    for person in range(people):
        own = scores[person].astype(float)
        own = (own - own.min()) / max(float(np.ptp(own)), 1e-9)
        penalty = np.zeros(k)
        taken = np.zeros(k, bool)
        for place in range(k):
            best = int(np.argmax(np.where(taken, -np.inf, (1 - dial) * own - dial * penalty)))
            out[person, place] = best
            taken[best] = True
            if categories[person, best] >= 0:
                penalty += (categories[person] == categories[person, best]) * (1 / k)
    return out
