"""The history encoder: its gradient, what it hears that sums over neighbours cannot, and what competes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recommendations.candidates import encoder_training
from recommendations.candidates.base import Candidate
from recommendations.candidates.catalogue import learners_for
from recommendations.candidates.ease import Ease
from recommendations.candidates.encoder import Encoder
from recommendations.candidates.encoder_examples import (
    NextItemExamples,
    batch_of,
    batches,
    finished,
    first_weights,
    owned,
)
from recommendations.candidates.encoder_training import EncoderConfig, gradient
from recommendations.dataset.events import Dataset
from recommendations.dataset.load import load_frames
from tests.kits.candidate_model import CandidateModelTests, checkerboard, planted


class TestEncoder(CandidateModelTests):
    learner = Encoder
    floor = 0.25


def loss(weights: dict[str, np.ndarray], inputs: encoder_training._Inputs, words: object, temperature: float) -> float:
    """Mean negative log likelihood, written once more from the formula and without any slope."""
    items = weights["ids"] + words @ weights["item_words"]
    given = np.hstack([inputs.recent @ items, inputs.plain @ items, inputs.words @ weights["words"]])
    inner = np.maximum(given @ weights["inner"] + weights["inner_bias"], 0)
    person = given @ weights["skip"] + inner @ weights["outer"] + weights["outer_bias"]
    person = person / np.linalg.norm(person, axis=1, keepdims=True)
    rival = items[inputs.rivals] / np.linalg.norm(items[inputs.rivals], axis=1, keepdims=True)
    logits = person @ rival.T / temperature + weights["bias"][inputs.rivals] - inputs.correction
    logits[inputs.owned] = -np.inf
    right = logits[np.arange(len(logits)), inputs.target]
    return float(np.mean(np.log(np.exp(logits).sum(axis=1)) - right))


@pytest.mark.parametrize("drawn", [1000, 30])
def test_the_gradient_is_the_slope_of_the_loss(drawn: int) -> None:
    examples = NextItemExamples.of(planted())
    config = EncoderConfig(factors=5, hidden=4, batch=40, drawn=drawn, temperature=0.5)
    start = {name: array.astype(float) for name, array in first_weights(examples, config).items()}
    inputs = next(encoder_training._inputs(examples, config))
    words = encoder_training._words(examples.item_words, examples.n_item_words)
    slopes = gradient(start, inputs, words, config.temperature)
    rng = np.random.default_rng(0)
    for name, array in start.items():
        direction = rng.normal(size=array.shape)
        ends = [loss(start | {name: array + sign * 1e-5 * direction}, inputs, words, 0.5) for sign in (1, -1)]
        assert float((slopes[name] * direction).sum()) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4), name


def bare(data: Dataset) -> Dataset:
    """The same events without anything known of people and items."""
    return load_frames(
        pd.DataFrame({"user": data.users[data.user_ix], "item": data.items[data.item_ix], "timestamp": data.timestamp})
    )


def test_it_hears_order_where_a_sum_over_items_cannot() -> None:
    # tea before cups is followed by sugar, cups before tea by a cloth; of every fifth person that is still to come
    rows, expected = [], {}
    for person in range(500):
        first, then, last = (("tea", "cups", "sugar"), ("cups", "tea", "cloth"))[person % 2]
        taken = [first, then] if person % 5 == 0 else [first, then, last]
        expected |= {f"u{person}": last} if person % 5 == 0 else {}
        rows += [(f"u{person}", item, 1000.0 * at) for at, item in enumerate(taken)]
    data = load_frames(pd.DataFrame(rows, columns=["user", "item", "timestamp"]))
    people = data.users.get_indexer(pd.Index(list(expected))).astype(np.int64)
    right = data.items.get_indexer(pd.Index(list(expected.values())))

    def share(learner: Candidate) -> float:
        best = learner.fit(data).recommend(data.history.take(people), people, 1)[:, 0]
        return float((best == right).mean())

    assert share(Encoder()) == 1
    assert share(Ease()) == 0.5


def test_what_competes_stands_for_all() -> None:
    takers = np.array([50, 30, 15, 5] + [1] * 96)
    config = EncoderConfig(drawn=20)
    rng = np.random.default_rng(1)
    weighed = np.zeros(100)
    for _ in range(2000):
        targets, places = rng.choice(100, 16, p=takers / takers.sum()), np.arange(16)
        batch = batch_of(targets, places, np.zeros(16, np.int64), places, config)
        rivals, correction = encoder_training._rivals(takers, batch, rng, config)
        assert np.isin(targets, rivals).all()
        weighed[rivals] += np.exp(-correction)
    # each item stands, in the mean, for one
    assert weighed[:4] / 2000 == pytest.approx(1, abs=0.1)
    assert weighed[4:].mean() / 2000 == pytest.approx(1, abs=0.03)


def test_nothing_a_person_has_is_a_wrong_answer_for_them() -> None:
    data = planted()
    taken = data.history.pairs.toarray() > 0
    for batch in batches(data.history, EncoderConfig(least=1, rounds=1)):
        items = np.unique(batch.targets)[::2]
        expected = taken[batch.people][:, items]
        expected[batch.targets[:, None] == items] = False
        found = np.zeros_like(expected)
        found[owned(data.history, batch, items)] = True
        np.testing.assert_array_equal(found, expected)


def test_rows_in_order_are_read_in_order_without_times() -> None:
    data = planted()
    shuffled = np.random.default_rng(0).permutation(data.n_events)
    frame = pd.DataFrame({"user": data.users[data.user_ix[shuffled]], "item": data.items[data.item_ix[shuffled]]})
    history = replace(load_frames(frame), in_order=True).history
    place = {}
    people = np.repeat(np.arange(history.n_users), history.lengths)
    for person, item, at in zip(people, history.indices, history.place, strict=True):
        place[person, item] = at
    for batch in batches(history, EncoderConfig(least=1, rounds=1)):
        ends = np.r_[batch.starts[1:], len(batch.read)]
        for person, target, start, end in zip(batch.people, batch.targets, batch.starts, ends, strict=True):
            assert all(place[person, item] < place[person, target] for item in batch.read[start:end])


def test_somebody_the_fit_never_met_is_served_by_their_history() -> None:
    data = bare(planted())
    model = Encoder().fit(data)
    rows = data.history.take(np.array([0]))
    known, unknown = model.scores(rows, np.array([0])), model.scores(rows, np.array([-1]))
    np.testing.assert_array_equal(known["encoder"], unknown["encoder"])


def test_it_is_silent_about_people_without_history() -> None:
    data = planted()
    nobody, somebody = np.array([-1]), np.array([0])
    model = Encoder(EncoderConfig(least=5, rounds=1)).fit(data)
    assert not model.scores(data.history.take(nobody), nobody)["encoder"].any()
    assert model.scores(data.history.take(somebody), somebody)["encoder"].any()


def test_another_seed_gives_another_model() -> None:
    one, two = (Encoder(EncoderConfig(seed=seed, least=5, rounds=1)).fit(checkerboard()).items for seed in (0, 1))
    assert not np.array_equal(one, two)


def test_every_shop_that_is_not_large_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    data = checkerboard()
    assert "encoder" in {one.name for one in learners_for(data)}
    monkeypatch.setattr("recommendations.candidates.settings.LARGE", 1)
    assert "encoder" not in {one.name for one in learners_for(data)}


def with_news() -> Dataset:
    """The planted shop and two things nobody took: one whose category is known, one of which nothing is."""
    data = planted()
    new = pd.DataFrame({"item": ["told", "mute"], "category": ["tea", ""]})
    items = pd.concat([data.item_table.assign(item=data.items), new], ignore_index=True)
    events = {"user": data.users[data.user_ix], "item": data.items[data.item_ix], "timestamp": data.timestamp}
    return load_frames(pd.DataFrame(events), items)


def test_items_nobody_took_stand_at_each_persons_mean() -> None:
    shop = with_news()
    people = np.arange(20)
    scores = Encoder(EncoderConfig(least=5, rounds=1)).fit(shop).scores(shop.history.take(people), people)["encoder"]
    assert (scores[:, shop.warm].std(axis=1) > 0).all()
    means = scores[:, shop.warm].mean(axis=1)
    for name in ("told", "mute"):
        np.testing.assert_allclose(scores[:, shop.items.get_loc(name)], means, rtol=1e-6)


def test_what_nobody_took_is_left_at_a_middling_bias_where_its_words_are_known() -> None:
    shop = with_news()
    examples = NextItemExamples.of(shop)
    bias = finished(first_weights(examples, EncoderConfig()), examples)["bias"]
    known = bias[shop.warm]
    assert bias[shop.items.get_loc("told")] == pytest.approx(float(np.median(known)))
    assert bias[shop.items.get_loc("mute")] == known.min()
