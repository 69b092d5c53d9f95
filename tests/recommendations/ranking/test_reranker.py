"""Trees beside the blend: they learn what no weighted sum can say, and say the same after being kept."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from recommendations.dataset.arrays import Floats
from recommendations.ranking.ascent import Judged, ndcg
from recommendations.ranking.pool import standardise
from recommendations.ranking.reranker import (
    LabelledPool,
    PoolFeatures,
    Reranker,
    RerankerConfig,
    SecondOpinion,
    mix,
    said,
)

FEW = RerankerConfig(rounds=30, leaf=1.0)
VIEWS = ("likes", "noise")


def examples(people: int = 120, width: int = 25, seed: int = 0) -> LabelledPool:
    """What is right is high in the first view for people of type 0 and low in it for those of type 1."""
    rng = np.random.default_rng(seed)
    among = np.ones((people, width), bool)
    raw = rng.normal(size=(2, people, width)).astype(np.float32)
    kind = rng.integers(0, 2, people)
    sign = np.where(kind == 0, 1, -1)[:, None]
    hits = np.zeros((people, width), bool)
    np.put_along_axis(hits, np.argsort(-sign * raw[0], axis=1)[:, :3], values=True, axis=1)
    traits = np.broadcast_to(kind[None, :, None].astype(np.float32), (1, people, width))
    items = np.tile(np.arange(width), (people, 1))
    wanted = np.full(people, 3)
    judged = Judged(
        "made up", np.arange(people), np.ones(people, np.int64), standardise(raw, among), among, hits, wanted, items
    )
    return LabelledPool(judged, traits, ("kind",))


def quality(one: LabelledPool, scores: Floats) -> float:
    return float(ndcg(one.judged, scores).mean())


def test_trees_find_a_rule_that_depends_on_the_person_where_no_single_view_can() -> None:
    learned, asked = examples(seed=1), examples(seed=2)
    trees = Reranker(VIEWS, FEW).fit([learned], seed=0, watch=[asked])
    assert max(quality(asked, asked.judged.features[at]) for at in (0, 1)) < 0.65
    assert quality(asked, trees.scores(asked.cells(VIEWS))) > 0.8
    assert len(trees.curve) == FEW.rounds
    assert trees.curve[-1] > trees.curve[0]
    assert set(trees.importance()) <= {*VIEWS, "place:likes", "place:noise", "kind"}


def test_the_same_seed_grows_the_same_trees_and_they_survive_being_kept() -> None:
    one = examples()
    first, second = (Reranker(VIEWS, FEW).fit([one], seed=3) for _ in range(2))
    scores = first.scores(one.cells(VIEWS))
    assert np.array_equal(scores, second.scores(one.cells(VIEWS)))
    kept = Reranker.from_artifacts(*first.artifacts())
    assert np.array_equal(scores, kept.scores(one.cells(VIEWS)))


def test_views_may_come_in_another_order_and_with_strangers_among_them() -> None:
    one = examples()
    trees = Reranker(VIEWS, FEW).fit([one], seed=0)
    cells = one.cells(VIEWS)
    strange = np.zeros((1, *cells.among.shape), np.float32)
    shuffled = PoolFeatures(
        ("noise", "new", "likes"),
        np.concatenate([cells.features[1:], strange, cells.features[:1]]),
        cells.among,
        ("other", "kind"),
        np.concatenate([strange, cells.traits]),
    )
    assert np.array_equal(trees.scores(cells), trees.scores(shuffled))


def test_nobody_with_a_right_answer_is_said_to_be_too_few() -> None:
    one = examples()
    one.judged.hits[:] = False
    with pytest.raises(ValueError, match="nobody has a right answer"):
        Reranker(VIEWS, FEW).fit([one], seed=0)


def test_a_share_of_nothing_leaves_the_order_of_the_blend() -> None:
    one = examples()
    linear = one.judged.features[0]
    trees = -linear
    assert np.array_equal(
        np.argsort(mix(linear, trees, one.judged.among, said(0.0, one.judged.lengths))), np.argsort(linear)
    )
    assert np.array_equal(
        np.argsort(mix(linear, trees, one.judged.among, said(1.0, one.judged.lengths))), np.argsort(trees)
    )


def test_an_empty_pool_has_no_opinion() -> None:
    trees = Reranker(VIEWS, FEW).fit([examples()], seed=0)
    nobody = PoolFeatures(
        VIEWS, np.zeros((2, 0, 0), np.float32), np.zeros((0, 0), bool), ("kind",), np.zeros((1, 0, 0))
    )
    assert trees.scores(nobody).shape == (0, 0)


def test_several_threads_may_ask_the_same_trees_at_once() -> None:
    # so few cells to a processor that the threads ask for different settings
    config = RerankerConfig(rounds=30, leaf=1.0, alone=1_000)
    trees = Reranker(VIEWS, config).fit([examples()], seed=0)
    asked = [examples(people, seed=people).cells(VIEWS) for people in range(20, 100)]
    alone = [trees.scores(cells) for cells in asked]
    with ThreadPoolExecutor(4) as workers:
        together = list(workers.map(trees.scores, asked))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_somebody_without_history_keeps_the_order_of_the_blend() -> None:
    one = examples()
    opinion = SecondOpinion(Reranker(VIEWS, FEW).fit([one], seed=0), 1.0)
    linear, cells, lengths = one.judged.features[1], one.cells(VIEWS), np.zeros(len(one.judged.users), np.int64)
    taken = np.ones(linear.shape, bool)
    assert np.array_equal(np.argsort(opinion.mixed(linear, cells, lengths, taken)), np.argsort(linear))
    assert not np.array_equal(np.argsort(opinion.mixed(linear, cells, lengths + 1, taken)), np.argsort(linear))


def test_what_nobody_has_yet_is_placed_by_the_blend_alone() -> None:
    one = examples()
    opinion = SecondOpinion(Reranker(VIEWS, FEW).fit([one], seed=0), 1.0)
    linear, cells = one.judged.features[1], one.cells(VIEWS)
    lengths = np.ones(len(one.judged.users), np.int64)
    new = np.arange(linear.shape[1]) % 3 == 0
    mixed = opinion.mixed(linear, cells, lengths, np.tile(~new, (len(linear), 1)))
    assert np.array_equal(np.argsort(mixed[:, new]), np.argsort(np.where(cells.among, linear, 0)[:, new]))
    # and what somebody has is ordered as if nothing new stood among it
    without = replace(cells, among=cells.among & ~new)
    alone = opinion.mixed(linear, without, lengths, np.ones(linear.shape, bool))
    np.testing.assert_allclose(mixed[:, ~new], alone[:, ~new], atol=1e-5)


def test_whether_people_are_evened_out_is_heeded_and_kept() -> None:
    one = examples()
    even, not_even = (Reranker(VIEWS, replace(FEW, even=chosen)).fit([one], seed=0) for chosen in (True, False))
    assert not np.array_equal(even.scores(one.cells(VIEWS)), not_even.scores(one.cells(VIEWS)))
    assert Reranker.from_artifacts(*not_even.artifacts()).config == not_even.config
