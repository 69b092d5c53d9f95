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
    own = scores.astype(np.float64)
    own -= own.min(axis=1, keepdims=True)
    own *= (1 - dial) / np.maximum(own.max(axis=1, keepdims=True), 1e-9)
    placed = np.zeros((people, k), np.int64)
    everyone = np.arange(people)
    out = np.empty((people, k), np.int64)
    # place by place, everybody at once: the loop is as long as the list, however many people there are
    for place in range(k):
        best = np.argmax(own - dial / k * placed, axis=1)
        out[:, place] = best
        chosen = categories[everyone, best]
        placed += (categories == chosen[:, None]) & (chosen >= 0)[:, None]
        own[everyone, best] = -np.inf
    return out
