"""What a history encoder learns from: each thing somebody took, behind what they had taken before it.

Nothing here knows a library: encoder_training.py learns from these with numpy, two_tower_training.py with PyTorch.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from recommendations.candidates.base import Arrays
from recommendations.candidates.fields import item_fields, people_fields
from recommendations.dataset.arrays import Doubles, Floats, Ints, ranges
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History


@dataclass(frozen=True)
class TowerConfig:
    """Size, memory and patience of what reads a person."""

    factors: int = 64
    """Numbers kept per item."""
    hidden: int = 128
    """Units of the inner layer that reads a person."""
    memory: int = 50
    """So many of the last items of a history are read."""
    recency: float = 0.3
    """Share of what is read within which recency-weighted input falls to 1/e."""
    temperature: float = 0.1
    """Cosines are divided by it before they are compared: the smaller, the more the best item counts."""
    batch: int = 512
    """Pairs learned from at once."""
    rate: float = 0.002
    """Length of a step of Adam."""
    rounds: int = 2
    """Passes over all pairs."""
    least: int = 50
    """At least so many steps, however few pairs there are; many more would learn a small shop by heart."""
    most: int = 20_000
    """At most so many steps."""
    seed: int = 0
    """Of the first weights and of the order of pairs."""


@dataclass(frozen=True)
class NextItemExamples:
    """What is learned from. Words are numbers from 1, in (rows, fields); 0 stands for unknown."""

    history: History
    item_words: Ints
    n_item_words: int
    people_words: Ints
    n_people_words: int

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        """The liked events of `dataset`, and what is known of its items and people."""
        return cls(dataset.history, *item_fields(dataset), *people_fields(dataset))


@dataclass(frozen=True)
class ExampleBatch:
    """Targets, and the histories before them laid end to end."""

    targets: Ints
    """Positions of items, (pairs,)."""
    people: Ints
    """Positions of people, (pairs,)."""
    read: Ints
    """Positions of the items read, one after the other."""
    starts: Ints
    """Where each pair's part of `read` starts, (pairs,)."""
    recent: Doubles
    """Weights of `read`; each pair's sum to 1."""
    plain: Doubles
    """The same without recency."""


def first_weights(examples: NextItemExamples, config: TowerConfig) -> Arrays:
    """Small random vectors drawn by numpy, so that they hold whatever the library's version; biases by popularity.

    `ids` (items, factors), `item_words` (words + 1, factors) and `bias` (items,) describe items; `words` (people's
    words + 1, factors), `skip` (3 factors, factors), `inner` (3 factors, hidden), `inner_bias`, `outer` (hidden,
    factors) and `outer_bias` read a person.
    """
    rng = np.random.default_rng(config.seed)
    d, h, n = config.factors, config.hidden, examples.history.n_items
    takers = np.bincount(examples.history.indices, minlength=n)

    def drawn(rows: int, columns: int, spread: float) -> Floats:
        return rng.normal(0, spread, (rows, columns)).astype(np.float32)

    ids = drawn(n, d, 0.1)
    # an item nobody took is told by its words alone
    ids[takers == 0] = 0
    skip = np.concatenate([0.7 * np.eye(d), 0.3 * np.eye(d), np.eye(d)]).astype(np.float32)
    return {
        "ids": ids,
        "item_words": drawn(examples.n_item_words + 1, d, 0.03),
        "bias": np.log(np.maximum(takers, 1) / max(takers.mean() if n else 0, 1e-9)).astype(np.float32),
        "words": drawn(examples.n_people_words + 1, d, 0.03),
        "skip": skip,
        "inner": drawn(3 * d, h, 1 / np.sqrt(3 * d)),
        "inner_bias": np.zeros(h, np.float32),
        "outer": drawn(h, d, 0.1 / np.sqrt(h)),
        "outer_bias": np.zeros(d, np.float32),
    }


def finished(weights: Arrays, examples: NextItemExamples) -> Arrays:
    """Item vectors put together as `items`, and the rest as it is; nobody's word is 0, so its vector is too.

    An item nobody took was a wrong answer all along, which says nothing of how it will be liked: where its words are
    known it counts as one of middling popularity, else as the least.
    """
    out: Arrays = {name: np.array(array, np.float32) for name, array in weights.items()}
    out["words"][0] = 0
    words = out.pop("item_words")
    words[0] = 0
    out["items"] = out.pop("ids") + words[examples.item_words].sum(axis=1, dtype=np.float32)
    taken = np.bincount(examples.history.indices, minlength=examples.history.n_items) > 0
    if not taken.any():
        out["items"][:], out["bias"][:] = 0, 0
        return out
    told = np.asarray((examples.item_words > 0).any(axis=1))
    of_taken = out["bias"][taken]
    out["bias"][~taken] = np.where(told[~taken], np.median(of_taken), of_taken.min())
    return out


def batches(history: History, config: TowerConfig) -> Iterator[ExampleBatch]:
    """Every pair once a round, in random order, behind what the person took before it.

    Without order a person's items come in a new random order each round.
    """
    rng = np.random.default_rng(config.seed)
    people = np.repeat(np.arange(history.n_users), history.lengths)
    pairs = len(people)
    size = min(config.batch, pairs)
    a_round = -(-pairs // size)
    steps = min(max(config.rounds * a_round, config.least), config.most)
    before = np.arange(pairs) - np.repeat(history.indptr[:-1], history.lengths)
    place = history.place if history.sequenced else np.zeros(pairs)
    for step in range(steps):
        if step % a_round == 0:
            drawn = rng.permutation(pairs)
            order = np.lexsort((rng.random(pairs), place, people))
            sequence = history.indices[order]
        at = drawn[step % a_round * size :][:size]
        yield batch_of(sequence, at, before[at], people[at], config)


def batch_of(sequence: Ints, at: Ints, before: Ints, people: Ints, config: TowerConfig) -> ExampleBatch:
    """The pairs at places `at` of `sequence` (items by person and time); `before` says how many the person had."""
    lengths = np.minimum(before, config.memory)
    starts = np.cumsum(lengths) - lengths
    length = np.repeat(lengths, lengths)
    rank = length - 1 - (np.arange(len(length)) - np.repeat(starts, lengths))
    fade = np.exp(-rank / np.maximum(config.recency * length, 1e-9))
    total = np.bincount(np.repeat(np.arange(len(at)), lengths), fade, minlength=len(at))
    return ExampleBatch(
        targets=sequence[at],
        people=people,
        read=sequence[ranges(at - lengths, lengths)],
        starts=starts,
        recent=fade / np.repeat(total, lengths),
        plain=1 / np.maximum(length, 1),
    )


def owned(history: History, batch: ExampleBatch, items: Ints) -> "tuple[Ints, Ints]":
    """Cells (pair, place among `items`) of what the pair's person has, the pair's own target left out.

    `items` are positions, none of them twice.
    """
    column = np.full(history.n_items, -1, np.int64)
    column[items] = np.arange(len(items))
    lengths = history.lengths[batch.people]
    has = history.indices[ranges(history.indptr[batch.people], lengths)]
    pair = np.repeat(np.arange(len(batch.people)), lengths)
    kept = (column[has] >= 0) & (has != batch.targets[pair])
    return pair[kept], column[has[kept]]
