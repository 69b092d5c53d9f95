"""What a boost or the dial costs, where the answer is known by construction."""

import json

import numpy as np
import pytest

from recommendations.evaluation.cost import Trial, cost_of_boosts, cost_of_dial, dial_curve, trial_of
from recommendations.ranking.ascent import Judged
from recommendations.ranking.boosts import Boost, boosted, factors

PEOPLE, WIDTH = 60, 30


@pytest.fixture
def trial() -> Trial:
    """The blend puts everybody's one right item first; items 0 to 14 are of category 0, the others of 1."""
    scores = np.tile(np.linspace(1, -1, WIDTH, dtype=np.float32), (PEOPLE, 1))
    hits = np.zeros((PEOPLE, WIDTH), bool)
    hits[:, 0] = True
    judged = Judged(
        name="made up",
        users=np.arange(PEOPLE),
        lengths=np.ones(PEOPLE, np.int64),
        features=scores[None],
        among=np.ones((PEOPLE, WIDTH), bool),
        hits=hits,
        wanted=np.ones(PEOPLE, np.int64),
        items=np.tile(np.arange(WIDTH), (PEOPLE, 1)),
    )
    return Trial(judged, scores, (np.arange(WIDTH) >= 15).astype(np.int64))


def test_no_boost_costs_nothing(trial: Trial) -> None:
    cost = cost_of_boosts(trial, [])
    assert (cost.without, cost.with_rule, cost.change, cost.low, cost.high, cost.moved) == (1.0, 1.0, 0, 0, 0, 0)


def test_pushing_wrong_items_to_the_front_costs_what_the_lost_place_is_worth(trial: Trial) -> None:
    second = np.arange(WIDTH) == 1
    cost = cost_of_boosts(trial, [Boost(second, 2.0)])
    assert cost.with_rule == pytest.approx(1 / np.log2(3))
    assert cost.low == pytest.approx(cost.change) == pytest.approx(cost.high)
    assert cost.moved == 0
    category = cost_of_boosts(trial, [Boost.of_category(1, trial.categories, 10.0)])
    assert category.with_rule == 0
    assert category.moved == 1
    assert category.people == PEOPLE


def test_pushing_the_right_items_costs_nothing_and_holding_them_down_does(trial: Trial) -> None:
    first = np.arange(WIDTH) == 0
    assert cost_of_boosts(trial, [Boost(first, 5.0)]).change == 0
    assert cost_of_boosts(trial, [Boost(first, 0.1)]).change == pytest.approx(-1)


def test_the_dial_trades_ndcg_for_categories(trial: Trial) -> None:
    curve = dict(dial_curve(trial, (0.0, 0.5, 1.0)))
    assert curve[0.0].change == 0
    assert curve[0.0].categories_with == curve[0.0].categories_without == 1
    assert curve[1.0].categories_with == 2
    assert curve[1.0].moved > 0.3
    # the best item stays first whatever the dial: nothing was placed before it
    assert cost_of_dial(trial, 1.0).with_rule == 1.0


def test_a_trial_cut_to_the_best_cells_costs_the_same_and_keeps_nobody(trial: Trial) -> None:
    cut = trial_of(trial.judged, trial.scores, trial.categories, width=20)
    arrays, values = cut.artifacts()
    assert not {"users", "lengths", "features"} & set(arrays)
    back = Trial.from_artifacts(arrays, json.loads(json.dumps(values)))
    boost = [Boost(np.arange(WIDTH) == 1, 2.0)]
    assert cost_of_boosts(back, boost).as_values() == cost_of_boosts(trial, boost).as_values()
    assert cost_of_dial(back, 0.5).as_values() == cost_of_dial(trial, 0.5).as_values()
    assert back.judged.items.shape == (PEOPLE, 20)


def test_factors_multiply_within_bounds_and_a_boost_never_lowers_anything() -> None:
    half, one = np.arange(4) < 2, np.arange(4) == 0
    np.testing.assert_allclose(factors([Boost(half, 8.0), Boost(one, 8.0)], 4), [10, 8, 1, 1])
    with pytest.raises(ValueError, match="boost"):
        Boost(half, 0.0)
    scores = np.array([[0.5, -1.0, -2.0]], np.float32)
    lifted = boosted(scores, np.array([[True, True, False]]), np.array([[1.0, 3.0, 9.0]], np.float32))
    np.testing.assert_allclose(lifted, [[0.5, -1.0, -2.0]])
    lifted = boosted(scores, np.array([[True, True, True]]), np.array([[1.0, 3.0, 9.0]], np.float32))
    np.testing.assert_allclose(lifted, [[0.5, 1.0, -2.0]])
