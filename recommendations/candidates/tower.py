"""What serves a small network that reads a history into a vector, whose product with the items' vectors ranks.

A person is read from the last things they took and from what is known of them, never from an identity, so people met
after the fit are served like all others. encoder.py and two_tower.py say how it is learned; serving is numpy alone.
"""

from abc import abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from recommendations.candidates.base import Arrays, Candidate
from recommendations.candidates.encoder_examples import NextItemExamples, TowerConfig
from recommendations.candidates.encoder_training import unit
from recommendations.dataset.arrays import Floats, Ints, dense
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History

PERSON = ("words", "skip", "inner", "inner_bias", "outer", "outer_bias")
"""Names of the weights that read a person, as encoder_examples.finished() has them."""


@dataclass(frozen=True)
class _Read:
    """A history as the network takes it."""

    recent: Floats
    """Recency-weighted mean of the item vectors, (people, factors)."""
    plain: Floats
    """Their plain mean, (people, factors)."""


class Tower(Candidate):
    """Vectors of items, and a small network that leads from a history to a person's vector."""

    config: TowerConfig

    @abstractmethod
    def learn(self, examples: NextItemExamples) -> Arrays:
        """The learned arrays, as encoder_examples.finished() has them."""

    def fit(self, dataset: Dataset) -> Self:
        """Learn who took what after what."""
        examples = NextItemExamples.of(dataset)
        learned = self.learn(examples)
        self.groups = examples.people_words
        self.items, self.bias = learned["items"], learned["bias"]
        self.taken = np.bincount(examples.history.indices, minlength=examples.history.n_items) > 0
        self.tower = {name: learned[name] for name in PERSON}
        return self

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """Cosine of the two vectors over the temperature, plus the item's bias; above the least item's score.

        What is known of a person counts for those the fit has met; 0 everywhere where nothing was learned.
        """
        known = (users >= 0) & (users < len(self.groups))
        if len(self.groups):
            groups = np.where(known[:, None], self.groups[np.where(known, users, 0)], 0)
        else:
            groups = np.zeros((len(users), self.groups.shape[1]), np.int64)
        people = self._people(rows, groups)
        out = dense(people @ unit(self.items)[0].T / np.float32(self.config.temperature) + self.bias)
        # only differences between items mean something, and 0 is what a view says that knows nothing
        return {self.views[0]: out - out.min(axis=1, keepdims=True, initial=np.inf if out.shape[1] else 0)}

    def _people(self, rows: History, groups: Ints) -> Floats:
        """Vectors of length 1 of the people behind `rows`, whose words are `groups`; (people, factors)."""
        read, t = self._read(rows), self.tower
        words = t["words"][groups].sum(axis=1, dtype=np.float32)
        given = np.concatenate([read.recent, read.plain, words], axis=1)
        inner = np.maximum(given @ t["inner"] + t["inner_bias"], 0)
        return unit(given @ t["skip"] + inner @ t["outer"] + t["outer_bias"])[0]

    def _read(self, rows: History) -> _Read:
        kept = rows.ranks < self.config.memory
        recent, plain = rows.recent(self.config.recency), rows.pairs
        if not kept.all():
            person = np.repeat(np.arange(rows.n_users), rows.lengths)
            n = np.minimum(rows.lengths, self.config.memory)[person]
            fade = np.exp(-rows.ranks / np.maximum(self.config.recency * n, 1e-9))
            recent, plain = rows.matrix(np.where(kept, fade, 0)), rows.matrix(kept)
        return _Read(_mean(recent, self.items), _mean(plain, self.items))

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Items' vectors and biases, which of them were taken, the weights that read a person, people's words."""
        arrays: Arrays = {"items": self.items, "bias": self.bias, "taken": self.taken, "groups": self.groups}
        return arrays | self.tower, {"config": asdict(self.config)}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted network."""
        out = cls()
        out.config = type(out.config)(**values["config"])
        out.items, out.bias, out.groups = arrays["items"], arrays["bias"], arrays["groups"]
        out.taken = arrays["taken"].astype(bool)
        out.tower = {name: arrays[name] for name in PERSON}
        return out


def _mean(weights: Any, items: Floats) -> Floats:
    """Weighted mean of item vectors per row of `weights` (people x items), 0 for an empty row; (people, factors)."""
    total = np.asarray(weights.sum(axis=1), dtype=np.float32).reshape(-1, 1)
    return np.asarray((weights @ items) / np.maximum(total, 1e-9), dtype=np.float32)
