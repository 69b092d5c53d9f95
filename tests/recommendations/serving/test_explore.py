"""Orders drawn by lot: how likely each product was to stand where it stood is known beforehand."""

from collections import Counter
from random import Random

import pytest

from recommendations.serving.explore import SPREAD, draw, propensities


def test_without_exploration_the_order_is_the_models_and_certain() -> None:
    drawn = draw(30, 5, 0.0)
    assert drawn.ranks == [1, 2, 3, 4, 5]
    assert drawn.propensities == [1.0] * 5


@pytest.mark.parametrize("available", [0, 1, 3, 5, 7, 10, 30])
def test_no_more_is_shown_than_there_is_and_nothing_twice(available: int) -> None:
    drawn = draw(available, 5, 1.0, Random(1))
    assert len(drawn.ranks) == len(set(drawn.ranks)) == min(5, available)
    assert all(1 <= rank <= min(available, 5 * SPREAD) for rank in drawn.ranks)


def test_how_often_each_product_stands_at_each_place_is_its_propensity() -> None:
    lot, times, share = Random(7), 40_000, 0.3
    seen: Counter[tuple[int, int]] = Counter()
    for _ in range(times):
        seen.update((rank, place) for place, rank in enumerate(draw(6, 3, share, lot).ranks, 1))
    for (rank, place), count in seen.items():
        told = propensities([0] * (place - 1) + [rank], 6, share)[-1]
        assert count / times == pytest.approx(told, abs=0.01), (rank, place)
    for place in range(1, 4):
        assert sum((1 - share) * (rank == place) + share / 6 for rank in range(1, 7)) == pytest.approx(1)


def test_the_same_seed_draws_the_same_order() -> None:
    assert draw(20, 5, 0.5, Random(3)) == draw(20, 5, 0.5, Random(3))
