"""Learn a history encoder with numpy: a softmax over what could have come next, its gradient written out.

Covington et al., "Deep Neural Networks for YouTube Recommendations" (RecSys 2016), section 3. What competes are the
targets of the batch and items drawn by lot, each less the log of its chance to be among them (Bengio and Senecal,
"Adaptive importance sampling to accelerate training of a neural probabilistic language model", 2008), so that the
drawn ones stand for all. All items at once ranked no better and took twice as long.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recommendations.candidates.base import Arrays
from recommendations.candidates.encoder_examples import (
    ExampleBatch,
    NextItemExamples,
    TowerConfig,
    batches,
    finished,
    first_weights,
    owned,
)
from recommendations.dataset.arrays import Csr, Floats, Ints, csr

DECAYS = (0.9, 0.999)
"""Of the two running means of Adam (Kingma and Ba, 2015)."""


@dataclass(frozen=True)
class EncoderConfig(TowerConfig):
    """As every tower's; the values were chosen on validation windows inside training data."""

    factors: int = 128
    memory: int = 100
    temperature: float = 0.15
    rounds: int = 8
    most: int = 1_500
    forgotten: float = 0.2
    """Chance of each item read to be left out while learning, so that no single one is leaned on."""
    drawn: int = 1_024
    """Items drawn by lot that compete in each batch beside its targets; all, where there are no more."""


@dataclass(frozen=True)
class _Inputs:
    """A batch as matrices, and what competes in it."""

    recent: Csr
    """What each pair reads, weighted by recency; (pairs, items)."""
    plain: Csr
    """The same, unweighted; (pairs, items)."""
    words: Csr
    """What is known of each pair's person; (pairs, people's words + 1)."""
    rivals: Ints
    """Positions of the items that compete, rising; (rivals,)."""
    target: Ints
    """Which of the rivals is the right one; (pairs,)."""
    owned: tuple[Ints, Ints]
    """Cells (pair, rival) that are no wrong answer, because the person has them."""
    correction: Floats
    """Log of each rival's chance to compete; (rivals,)."""


def learn(examples: NextItemExamples, config: EncoderConfig) -> Arrays:
    """The learned arrays by name, as encoder_examples.finished() names them; deterministic by seed on one thread."""
    weights = first_weights(examples, config)
    if not len(examples.history.indices):
        return finished(weights, examples)
    item_words = _words(examples.item_words, examples.n_item_words)
    adam = _Adam(weights, config.rate)
    for inputs in _inputs(examples, config):
        adam.step(gradient(weights, inputs, item_words, config.temperature))
    return finished(weights, examples)


class _Adam:
    """Changes weights in place."""

    def __init__(self, weights: Arrays, rate: float) -> None:
        self.weights, self.rate, self.steps = weights, rate, 0
        self.means = {name: (np.zeros_like(array), np.zeros_like(array)) for name, array in weights.items()}

    def step(self, gradients: Arrays) -> None:
        self.steps += 1
        first, second = DECAYS
        rate = self.rate * math.sqrt(1 - second**self.steps) / (1 - first**self.steps)
        # in place: the arrays are as large as the catalogue, and fresh ones cost more than the sums
        for name, slope in gradients.items():
            mean, square = self.means[name]
            change = slope - mean
            change *= 1 - first
            mean += change
            np.multiply(slope, slope, out=change)
            change -= square
            change *= 1 - second
            square += change
            np.sqrt(square, out=change)
            change += 1e-8
            np.divide(mean, change, out=change)
            change *= rate
            self.weights[name] -= change


def _inputs(examples: NextItemExamples, config: EncoderConfig) -> Iterator[_Inputs]:
    history = examples.history
    rng = np.random.default_rng(config.seed)
    people_words = _words(examples.people_words, examples.n_people_words)
    takers = np.bincount(history.indices, minlength=history.n_items)
    for batch in batches(history, config):
        n = len(batch.targets)
        rivals, correction = _rivals(takers, batch, rng, config)
        kept = (rng.random(len(batch.read)) >= config.forgotten) / (1 - config.forgotten)
        indptr = np.r_[batch.starts, len(batch.read)]
        yield _Inputs(
            recent=csr(batch.recent * kept, batch.read, indptr, (n, history.n_items)),
            plain=csr(batch.plain * kept, batch.read, indptr, (n, history.n_items)),
            words=people_words[batch.people],
            rivals=rivals,
            target=np.searchsorted(rivals, batch.targets),
            owned=owned(history, batch, rivals),
            correction=correction,
        )


def _rivals(takers: Ints, batch: ExampleBatch, rng: np.random.Generator, config: EncoderConfig) -> tuple[Ints, Floats]:
    """What competes in a batch, and the log of each one's chance to, 0 where all compete."""
    n = len(takers)
    if n <= config.drawn:
        return np.arange(n), np.zeros(n, np.float32)
    rivals = np.union1d(batch.targets, rng.choice(n, config.drawn, replace=False))
    missed = (1 - takers[rivals] / takers.sum()) ** len(batch.targets) * (1 - config.drawn / n)
    return rivals, np.log(1 - missed).astype(np.float32)


def gradient(weights: Arrays, inputs: _Inputs, item_words: Csr, temperature: float) -> Arrays:
    """How the mean loss of `inputs` changes with each of `weights`, by name; `item_words` is (items, words + 1)."""
    d = weights["ids"].shape[1]
    items = weights["ids"] + item_words @ weights["item_words"]
    given = np.concatenate([inputs.recent @ items, inputs.plain @ items, inputs.words @ weights["words"]], axis=1)
    before = given @ weights["inner"] + weights["inner_bias"]
    inner = np.maximum(before, 0)
    people, size = unit(given @ weights["skip"] + inner @ weights["outer"] + weights["outer_bias"])
    vectors, lengths = unit(items[inputs.rivals])
    wrong = _wrong(people @ vectors.T / temperature + weights["bias"][inputs.rivals] - inputs.correction, inputs)
    # and back again
    raw = _unit_back(wrong @ vectors / temperature, people, size)
    back = (raw @ weights["outer"].T) * (before > 0)
    on_given = raw @ weights["skip"].T + back @ weights["inner"].T
    on_items = inputs.recent.T @ on_given[:, :d] + inputs.plain.T @ on_given[:, d : 2 * d]
    on_items[inputs.rivals] += _unit_back(wrong.T @ people / temperature, vectors, lengths)
    on_bias = np.zeros_like(weights["bias"])
    on_bias[inputs.rivals] = wrong.sum(axis=0)
    return {
        "ids": on_items,
        "item_words": item_words.T @ on_items,
        "bias": on_bias,
        "words": inputs.words.T @ on_given[:, 2 * d :],
        "skip": given.T @ raw,
        "inner": given.T @ back,
        "inner_bias": back.sum(axis=0),
        "outer": inner.T @ raw,
        "outer_bias": raw.sum(axis=0),
    }


def _wrong(logits: Floats, inputs: _Inputs) -> Floats:
    """What softmax says less what is right, over the number of pairs: the loss's slope; (pairs, rivals)."""
    logits[inputs.owned] = -np.inf
    logits -= logits.max(axis=1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=1, keepdims=True)
    logits[np.arange(len(logits)), inputs.target] -= 1
    return np.asarray(logits / len(logits), dtype=logits.dtype)


def unit(vectors: Floats) -> tuple[Floats, Floats]:
    """Rows at length 1, and their lengths (rows, 1); a row of zeros stays."""
    length = np.maximum(np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None], 1e-6)
    return vectors / length, length


def _unit_back(slope: Floats, unit: Floats, length: Floats) -> Floats:
    """The slope on rows whose unit vectors have the slope `slope`."""
    along = np.einsum("ij,ij->i", slope, unit)[:, None]
    return np.asarray((slope - unit * along) / length)


def _words(numbers: Ints, count: int) -> Csr:
    """Words (rows, fields) as a binary matrix (rows, count + 1)."""
    known = numbers > 0
    indptr = np.r_[0, np.cumsum(known.sum(axis=1))]
    return csr(np.ones(int(known.sum())), numbers[known], indptr, (len(numbers), count + 1))
