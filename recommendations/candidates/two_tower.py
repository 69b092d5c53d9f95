"""Two towers: one makes a vector of an item, one of a person's history; their product ranks (Yi et al., "Sampling-bias-
corrected Neural Modeling for Large Corpus Item Recommendations", RecSys 2019).

A person is read from the last things they took and from what is known of them, never from an identity, so people met
after the fit are served like all others. PyTorch is needed to fit (two_tower_training.py); what it learned is a few
plain arrays, and scoring is numpy alone.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from recommendations.candidates import two_tower_training
from recommendations.candidates.base import Arrays, Candidate
from recommendations.candidates.fields import item_fields, people_fields
from recommendations.candidates.two_tower_training import Examples, TwoTowerConfig
from recommendations.dataset.arrays import Floats, Ints, dense
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History

PERSON_TOWER = ("words", "skip", "inner", "inner_bias", "outer", "outer_bias")
"""Weights of the person's tower, as two_tower_training.learn() names them."""


@dataclass(frozen=True)
class _Read:
    """A history as the person's tower takes it."""

    recent: Floats
    """Recency-weighted mean of the item vectors, (people, factors)."""
    plain: Floats
    """Their plain mean, (people, factors)."""


class TwoTower(Candidate):
    """Vectors of items, and a small network that leads from a history to a person's vector."""

    name = "two_tower"
    views = ("two_tower",)

    def __init__(self, config: TwoTowerConfig | None = None) -> None:
        self.config = config or TwoTowerConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Learn both towers from who took what after what. Raises lib.optional.Missing without PyTorch."""
        groups, words = people_fields(dataset)
        self.groups = groups
        kinds, item_words = item_fields(dataset)
        examples = Examples(dataset.history, kinds, item_words, groups, words)
        learned = two_tower_training.learn(examples, self.config)
        self.items, self.bias = learned["items"], learned["bias"]
        self.tower = {name: learned[name] for name in PERSON_TOWER}
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
        out = dense(people @ _unit(self.items).T / np.float32(self.config.temperature) + self.bias)
        # only differences between items mean something, and 0 is what a view says that knows nothing
        return {"two_tower": out - out.min(axis=1, keepdims=True, initial=np.inf if out.shape[1] else 0)}

    def _people(self, rows: History, groups: Ints) -> Floats:
        """Vectors of length 1 of the people behind `rows`, whose words are `groups`; (people, factors)."""
        read, t = self._read(rows), self.tower
        words = t["words"][groups].sum(axis=1, dtype=np.float32)
        given = np.concatenate([read.recent, read.plain, words], axis=1)
        inner = np.maximum(given @ t["inner"] + t["inner_bias"], 0)
        return _unit(given @ t["skip"] + inner @ t["outer"] + t["outer_bias"])

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
        """Vectors and biases of items, the weights of the person's tower, and the words of the people."""
        arrays: Arrays = {"items": self.items, "bias": self.bias, "groups": self.groups}
        return arrays | self.tower, {"config": asdict(self.config)}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted towers; serving them needs no library."""
        out = cls(TwoTowerConfig(**values["config"]))
        out.items, out.bias, out.groups = arrays["items"], arrays["bias"], arrays["groups"]
        out.tower = {name: arrays[name] for name in PERSON_TOWER}
        return out


def _mean(weights: Any, items: Floats) -> Floats:
    """Weighted mean of item vectors per row of `weights` (people x items), 0 for an empty row; (people, factors)."""
    total = np.asarray(weights.sum(axis=1), dtype=np.float32).reshape(-1, 1)
    return np.asarray((weights @ items) / np.maximum(total, 1e-9), dtype=np.float32)


def _unit(vectors: Floats) -> Floats:
    """Rows at length 1; a row of zeros stays."""
    length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    return np.asarray(vectors / np.maximum(length, 1e-6), dtype=np.float32)
