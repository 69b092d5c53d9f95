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
from recommendations.candidates.encoder_examples import (
    ExampleBatch,
    NextItemExamples,
    TowerConfig,
    batches,
    finished,
    first_weights,
    owned,
)
from recommendations.candidates.means import NEURAL_ADVICE
from recommendations.dataset.arrays import Bools
from recommendations.dataset.history import History


@dataclass(frozen=True)
class TwoTowerConfig(TowerConfig):
    """As every tower's; 20,000 steps are about half an hour of one processor."""


def learn(examples: NextItemExamples, config: TwoTowerConfig) -> Arrays:
    """The learned arrays, named as encoder_examples.finished() does; the same examples and seed give the same numbers.

    Raises lib.optional.Missing without PyTorch.
    """
    torch = optional.module("torch", NEURAL_ADVICE)
    start = first_weights(examples, config)
    if not len(examples.history.indices):
        return finished(start, examples)
    with _repeatable(torch):
        weights = {name: torch.tensor(array, requires_grad=True) for name, array in start.items()}
        _train(torch, weights, examples, config)
        return finished({name: tensor.detach().numpy() for name, tensor in weights.items()}, examples)


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


def _train(torch: Any, weights: dict[str, Any], examples: NextItemExamples, config: TwoTowerConfig) -> None:
    """Change `weights` in place by Adam."""
    takers = np.bincount(examples.history.indices, minlength=examples.history.n_items)
    chance = torch.tensor(np.log(np.maximum(takers, 1) / max(takers.sum(), 1)), dtype=torch.float32)
    item_words, people_words = torch.tensor(examples.item_words), torch.tensor(examples.people_words)
    optimiser = torch.optim.Adam(list(weights.values()), lr=config.rate)
    for batch in batches(examples.history, config):
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


def _people(torch: Any, weights: dict[str, Any], items: Any, batch: ExampleBatch, people_words: Any) -> Any:
    """Vectors of length 1 of the people of `batch`: tower.Tower does the same in numpy."""
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


def _owned(history: History, batch: ExampleBatch) -> Bools:
    """True where a pair's person has another pair's target as well: no negative. (pairs, pairs), False on the diagonal.

    A second pair with the same target is no negative either.
    """
    unique, inverse = np.unique(batch.targets, return_inverse=True)
    has = np.zeros((len(batch.people), len(unique)), bool)
    has[owned(history, batch, unique)] = True
    has[np.arange(len(inverse)), inverse] = True
    out = has[:, inverse]
    np.fill_diagonal(out, False)
    return out
