"""The dial: everybody at once gives what one person at a time does."""

import numpy as np
import pytest

from recommendations.dataset.arrays import Floats, Ints
from recommendations.ranking.diversity import spread


def one_at_a_time(scores: Floats, categories: Ints, dial: float) -> Ints:
    """Maximal marginal relevance as the paper writes it, person by person."""
    people, k = scores.shape
    out = np.empty((people, k), np.int64)
    for person in range(people):
        own = scores[person].astype(float)
        own = (own - own.min()) / max(float(np.ptp(own)), 1e-9)
        left, counts = list(range(k)), dict.fromkeys(categories[person].tolist(), 0)
        for place in range(k):
            worth = [(1 - dial) * own[at] - dial / k * counts[int(categories[person, at])] for at in left]
            best = left.pop(int(np.argmax(worth)))
            out[person, place] = best
            if categories[person, best] >= 0:
                counts[int(categories[person, best])] += 1
    return out


@pytest.mark.parametrize("dial", [0.1, 0.5, 1.0])
def test_everybody_at_once_gives_the_order_of_one_person_at_a_time(dial: float) -> None:
    rng = np.random.default_rng(4)
    scores = -np.sort(-rng.normal(size=(200, 20)).astype(np.float32), axis=1)
    categories = rng.integers(-1, 5, (200, 20))
    np.testing.assert_array_equal(spread(scores, categories, dial), one_at_a_time(scores, categories, dial))


def test_equal_scores_and_no_categories_keep_the_order() -> None:
    order = spread(np.ones((3, 6), np.float32), np.full((3, 6), -1), 0.4)
    np.testing.assert_array_equal(order, np.tile(np.arange(6), (3, 1)))


@pytest.mark.parametrize("dial", [-0.1, 1.1])
def test_a_dial_outside_its_scale_is_refused(dial: float) -> None:
    with pytest.raises(ValueError, match="dial"):
        spread(np.ones((1, 2), np.float32), np.zeros((1, 2), np.int64), dial)
