"""Learn the two towers with PyTorch: histories up to a moment on one side, what was taken next on the other.

The loss is the softmax over the items of the same batch, each less the log of its chance to be in a batch (Yi et al.,
RecSys 2019, equation 3): without that correction popular items, which are negatives more often, would be pushed down.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from lib import optional
from recommendations.candidates.base import Arrays
from recommendations.candidates.means import NEURAL_ADVICE
from recommendations.dataset.arrays import Doubles, Floats, Ints, ranges
from recommendations.dataset.history import History


@dataclass(frozen=True)
class TwoTowerConfig:
    """Size, memory and patience."""

    factors: int = 64
    """Numbers kept per item."""
    hidden: int = 128
    """Units of the person tower's inner layer."""
    memory: int = 50
    """So many of the last items of a history are read."""
    recency: float = 0.3
    """Share of what is read within which recency-weighted input falls to 1/e."""
    temperature: float = 0.1
    """Cosines are divided by it before they are compared: the smaller, the more the best item counts."""
    batch: int = 512
    """Pairs learned from at once, which are each other's negatives."""
    rate: float = 0.002
    """Length of a step of Adam."""
    rounds: int = 2
    """Passes over all pairs."""
    least: int = 50
    """At least so many steps, however few pairs there are; many more would learn a small shop by heart."""
    most: int = 20_000
    """At most so many steps: about half an hour of one processor."""
    seed: int = 0
    """Of the first weights and of the order of pairs."""


@dataclass(frozen=True)
class Examples:
    """What is learned from. Words are numbers from 1, in (rows, fields); 0 stands for unknown."""

    history: History
    item_words: Ints
    n_item_words: int
    people_words: Ints
    n_people_words: int


@dataclass(frozen=True)
class _Batch:
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


def learn(examples: Examples, config: TwoTowerConfig) -> dict[str, Floats]:
    """The learned arrays by name; the same examples and seed give the same numbers.

    `items` (items, factors) and `bias` (items,) describe items; `words` (people's words + 1, factors), `skip` (3
    factors, factors), `inner` (3 factors, hidden), `inner_bias`, `outer` (hidden, factors) and `outer_bias` make the
    person's tower. Raises lib.optional.Missing without PyTorch.
    """
    torch = optional.module("torch", NEURAL_ADVICE)
    start = _first_weights(examples, config)
    if not len(examples.history.indices):
        return _finished(start, examples)
    with _repeatable(torch):
        weights = {name: torch.tensor(array, requires_grad=True) for name, array in start.items()}
        _train(torch, weights, examples, config)
        return _finished({name: tensor.detach().numpy() for name, tensor in weights.items()}, examples)


@contextmanager
def _repeatable(torch: Any) -> Iterator[None]:
    """One thread and no algorithm whose sums come in changing order; what was set before is set again."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(strict)
        torch.set_num_threads(threads)


def _first_weights(examples: Examples, config: TwoTowerConfig) -> Arrays:
    """Small random vectors drawn by numpy, so that they hold whatever the library's version; biases by popularity."""
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


def _finished(weights: Arrays, examples: Examples) -> dict[str, Floats]:
    """Item vectors put together, and the rest as it is; nobody's word is 0, so its vector is too."""
    out = {name: np.array(array, np.float32) for name, array in weights.items()}
    out["words"][0] = 0
    words = out.pop("item_words")
    words[0] = 0
    out["items"] = out.pop("ids") + words[examples.item_words].sum(axis=1, dtype=np.float32)
    if not len(examples.history.indices):
        out["items"][:], out["bias"][:] = 0, 0
    return out


def _train(torch: Any, weights: dict[str, Any], examples: Examples, config: TwoTowerConfig) -> None:
    """Change `weights` in place by Adam."""
    takers = np.bincount(examples.history.indices, minlength=examples.history.n_items)
    chance = torch.tensor(np.log(np.maximum(takers, 1) / max(takers.sum(), 1)), dtype=torch.float32)
    item_words, people_words = torch.tensor(examples.item_words), torch.tensor(examples.people_words)
    optimiser = torch.optim.Adam(list(weights.values()), lr=config.rate)
    for batch in _batches(examples.history, config):
        items = weights["ids"] + _words(weights["item_words"], item_words)
        people = _people(torch, weights, items, batch, people_words)
        targets = torch.tensor(batch.targets)
        vectors = torch.nn.functional.normalize(items[targets], dim=1, eps=1e-6)
        logits = people @ vectors.T / config.temperature + (weights["bias"] - chance)[targets]
        wrong = torch.tensor(_owned(examples.history, batch))
        loss = torch.nn.functional.cross_entropy(logits.masked_fill(wrong, -1e9), torch.arange(len(targets)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def _people(torch: Any, weights: dict[str, Any], items: Any, batch: _Batch, people_words: Any) -> Any:
    """Vectors of length 1 of the people of `batch`: two_tower.TwoTower does the same in numpy."""
    read, starts = torch.tensor(batch.read), torch.tensor(batch.starts)
    bags = [
        torch.nn.functional.embedding_bag(
            read, items, starts, mode="sum", per_sample_weights=torch.tensor(weight, dtype=torch.float32)
        )
        for weight in (batch.recent, batch.plain)
    ]
    words = _words(weights["words"], people_words[torch.tensor(batch.people)])
    given = torch.cat([*bags, words], dim=1)
    inner = torch.relu(given @ weights["inner"] + weights["inner_bias"])
    out = given @ weights["skip"] + inner @ weights["outer"] + weights["outer_bias"]
    return torch.nn.functional.normalize(out, dim=1, eps=1e-6)


def _words(table: Any, numbers: Any) -> Any:
    """Vectors of words summed over the fields, 0 for unknown; (rows, factors)."""
    return (table[numbers] * (numbers > 0).unsqueeze(-1)).sum(dim=1)


def _batches(history: History, config: TwoTowerConfig) -> Iterator[_Batch]:
    """Every pair once a round, in random order, behind what the person took before it.

    Without times a person's items come in a new random order each round.
    """
    rng = np.random.default_rng(config.seed)
    people = np.repeat(np.arange(history.n_users), history.lengths)
    pairs = len(people)
    size = min(config.batch, pairs)
    a_round = -(-pairs // size)
    steps = min(max(config.rounds * a_round, config.least), config.most)
    place = np.arange(pairs) - np.repeat(history.indptr[:-1], history.lengths)
    last = np.where(np.isnan(history.last), 0, history.last)
    for step in range(steps):
        if step % a_round == 0:
            drawn = rng.permutation(pairs)
            order = np.lexsort((rng.random(pairs), last, people))
            sequence = history.indices[order]
        at = drawn[step % a_round * size :][:size]
        yield _batch(sequence, at, place[at], people[at], config)


def _batch(sequence: Ints, at: Ints, before: Ints, people: Ints, config: TwoTowerConfig) -> _Batch:
    """The pairs at places `at` of `sequence` (items by person and time); `before` says how many the person had."""
    lengths = np.minimum(before, config.memory)
    starts = np.cumsum(lengths) - lengths
    length = np.repeat(lengths, lengths)
    rank = length - 1 - (np.arange(len(length)) - np.repeat(starts, lengths))
    fade = np.exp(-rank / np.maximum(config.recency * length, 1e-9))
    total = np.bincount(np.repeat(np.arange(len(at)), lengths), fade, minlength=len(at))
    return _Batch(
        targets=sequence[at],
        people=people,
        read=sequence[ranges(at - lengths, lengths)],
        starts=starts,
        recent=fade / np.repeat(total, lengths),
        plain=1 / np.maximum(length, 1),
    )


def _owned(history: History, batch: _Batch) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """True where a pair's person has another pair's target as well: no negative. (pairs, pairs), False on the diagonal.

    A second pair with the same target is no negative either.
    """
    column = np.full(history.n_items, -1, np.int64)
    unique, inverse = np.unique(batch.targets, return_inverse=True)
    column[unique] = np.arange(len(unique))
    lengths = history.lengths[batch.people]
    found = column[history.indices[ranges(history.indptr[batch.people], lengths)]]
    row = np.repeat(np.arange(len(batch.people)), lengths)
    has = np.zeros((len(batch.people), len(unique)), bool)
    has[row[found >= 0], found[found >= 0]] = True
    owned = has[:, inverse]
    np.fill_diagonal(owned, False)
    return owned
