"""Weights by likelihood: they find what steps of one weight at a time cannot, and stay on their side of zero."""

from dataclasses import replace

import numpy as np
import pytest

from recommendations.dataset.arrays import Floats
from recommendations.ranking.ascent import Judged, blend, ndcg
from recommendations.ranking.hybrid import WAYS, Way, learn, prior_blend, value_of
from recommendations.ranking.listwise import _Cells, most_likely
from recommendations.ranking.pool import standardise

VIEWS = ("ease", "popular", "content")
FREE = np.array([False, True, False])


def window(people: int = 400, width: int = 30, seed: int = 0) -> Judged:
    """Right is what is high in `content` and low in `popular`; `ease` is `popular` with a little noise."""
    rng = np.random.default_rng(seed)
    content, popular = rng.normal(size=(2, people, width))
    raw = np.stack([popular + 0.3 * rng.normal(size=popular.shape), popular, content]).astype(np.float32)
    hits = np.zeros((people, width), bool)
    np.put_along_axis(hits, np.argsort(popular - content, axis=1)[:, :3], values=True, axis=1)
    among = np.ones((people, width), bool)
    items = np.tile(np.arange(width), (people, 1))
    return Judged(
        "made up",
        np.arange(people),
        np.full(people, 50),
        standardise(raw, among),
        among,
        hits,
        np.full(people, 3),
        items,
    )


def quality(one: Judged, weights: Floats) -> float:
    return float(ndcg(one, blend(one.features, weights)).mean())


def test_the_likeliest_weights_order_people_they_were_not_learned_on() -> None:
    weights = most_likely([window(seed=1)], FREE)
    assert weights[1] < 0 < weights[2]
    assert quality(window(seed=2), weights) > 0.95


def test_only_a_free_weight_may_be_negative() -> None:
    weights = most_likely([window()], np.array([False, False, False]))
    assert (weights >= 0).all()
    assert weights[2] > 0


def test_the_gradient_is_that_of_the_loss() -> None:
    cells, at = _Cells.of(window(people=40)), np.array([0.3, -0.2, 0.5], np.float32)
    _, gradient = cells.loss(at)
    for view in range(3):
        step = np.zeros(3, np.float32)
        step[view] = 0.05
        slope = (cells.loss(at + step)[0] - cells.loss(at - step)[0]) / 0.1
        assert gradient[view] == pytest.approx(slope, rel=0.02, abs=0.02)


def test_cells_that_do_not_compete_count_for_nothing() -> None:
    one = window()
    among = one.among.copy()
    among[:, -5:] = False
    features = one.features.copy()
    features[:, :, -5:] = 1e6
    closed = replace(one, among=among, hits=one.hits & among, features=features)
    closed = closed.pick(closed.hits.any(axis=1))
    cut = replace(closed, among=among[:, :-5][: len(closed.users)], hits=closed.hits[:, :-5])
    cut = replace(cut, features=closed.features[:, :, :-5], items=closed.items[:, :-5])
    assert most_likely([closed], FREE) == pytest.approx(most_likely([cut], FREE), abs=1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_beats_the_prior_where_there_is_something_to_learn(way: Way) -> None:
    mix = learn(VIEWS, [window(seed=1)], way)
    assert mix.note == f"learned:{way}"
    asked = window(seed=2)
    assert value_of(asked, mix).mean() > value_of(asked, prior_blend(VIEWS)).mean() + 0.1


def test_views_that_say_nothing_to_people_without_history_get_no_weight_there() -> None:
    one = window()
    lengths = np.where(np.arange(400) % 2, 50, 0)
    features = one.features.copy()
    features[0, lengths == 0] = 0
    mix = learn(VIEWS, [replace(one, features=features, lengths=lengths)])
    assert mix.weights[0, 0] == 0
    assert mix.weights[0, 2] > 0


@pytest.mark.parametrize("way", WAYS)
def test_a_view_that_speaks_to_newcomers_alone_changes_nothing_for_others(way: Way) -> None:
    one = window()
    lengths = np.where(np.arange(400) % 4, 50, 0)
    begins = np.where(lengths[:, None] == 0, one.features[2], 0)[None]
    more = replace(one, features=np.concatenate([one.features, begins]).astype(np.float32), lengths=lengths)
    # a third of the prior would be the new view's
    told, plain = (*VIEWS, "begin_30d"), VIEWS
    wide, narrow = learn(told, [more], way), learn(plain, [replace(one, lengths=lengths)], way)
    assert wide.weights[0, 3] > 0
    np.testing.assert_allclose(wide.weights[1:, :3], narrow.weights[1:], atol=1e-3)
    assert not wide.weights[1:, 3].any()
