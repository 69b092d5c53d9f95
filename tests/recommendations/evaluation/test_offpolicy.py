"""Lists drawn by lot tell what another order would have brought: checked against a world whose answer is known."""

from random import Random

import numpy as np
import pytest

from recommendations.evaluation.offpolicy import ShownPlaces, as_shown, by_lot, models_order
from recommendations.serving.explore import draw

PULL = np.array([0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05, 0.03, 0.01])
"""Chance that a product of each rank is taken where it stands; places do not matter in this world."""
LENGTH = 5


def logged(share: float, lists: int = 6000, seed: int = 1) -> tuple[ShownPlaces, np.ndarray]:
    lot, rng = Random(seed), np.random.default_rng(seed)
    rows = []
    for number in range(lists):
        drawn = draw(len(PULL), LENGTH, share, lot)
        for place, (rank, likely) in enumerate(zip(drawn.ranks, drawn.propensities, strict=True), 1):
            rows.append((number % 900, place, rank, likely, rng.random() < PULL[rank - 1]))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return ShownPlaces(*columns), np.full(len(rows), 2 * LENGTH)


def test_both_other_orders_are_estimated_from_one_log() -> None:
    log, reach = logged(0.2)
    model, lot = models_order(log), by_lot(log, reach)
    assert model.low < PULL[:LENGTH].mean() < model.high
    assert model.snips == pytest.approx(PULL[:LENGTH].mean(), abs=0.01)
    assert model.ips == pytest.approx(PULL[:LENGTH].mean(), abs=0.02)
    assert lot.low < PULL.mean() < lot.high
    assert lot.high < model.low
    shown = as_shown(log)
    assert shown.snips == shown.ips == pytest.approx(log.taken.mean())
    assert lot.effective < model.effective < shown.effective == pytest.approx(len(log.place))


def test_without_any_draw_the_models_order_is_what_was_shown() -> None:
    log, _ = logged(0.0, lists=200)
    assert models_order(log).snips == as_shown(log).snips


def test_what_tells_nothing_of_an_order_is_refused() -> None:
    log, _ = logged(0.2, lists=50)
    away = ShownPlaces(log.people, log.place, log.place + 1, log.propensity, log.taken)
    with pytest.raises(ValueError, match="tells of this order"):
        models_order(away)
