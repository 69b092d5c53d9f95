"""What people with the same taste take: nearest people by shared items, their own decayed purchases summed.

With repeat counts on both sides this is TIFU-KNN (Hu et al., "Modeling Personalized Item Frequency Information for
Next-basket Recommendation", 2020) without its own-frequency half, which `repeat.py` gives.
"""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sparse_dot_topn import sp_matmul_topn

from recommendations.candidates.base import Arrays, SparseCandidate, sparse_parts
from recommendations.dataset.arrays import Csr, Ints, from_parts
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History
from recommendations.dataset.sample import drawn


@dataclass(frozen=True)
class PeopleKnnConfig:
    """How many people speak for one."""

    neighbours: int = 150
    """Nearest people whose items are summed."""
    rarity: float = 0.5
    """Exponent on 1/buyers in the likeness: sharing a rare item says more."""
    speakers: int | None = None
    """At most so many people, drawn by lot, are asked; None asks everybody, which takes time by the square."""


class PeopleKnn(SparseCandidate):
    """Needs who took what at scoring time, so the model folder holds it, by position only."""

    name = "people_knn"
    views = ("people",)

    def __init__(self, config: PeopleKnnConfig | None = None) -> None:
        self.config = config or PeopleKnnConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Keep the pairs, their weights, and the rarity of each item."""
        history = dataset.history
        buyers = np.bincount(history.indices, minlength=dataset.n_items)
        self.speakers = drawn(np.flatnonzero(history.lengths), self.config.speakers)
        if len(self.speakers) < dataset.n_users:
            history = history.take(self.speakers)
        self.rarity = (np.maximum(buyers, 1) ** -self.config.rarity).astype(np.float32)
        self.repeats = dataset.repeats
        taken = history.matrix(history.baskets) if self.repeats else history.pairs
        self.taken = _rows_to_length_one(taken) if self.repeats else taken
        self.likeness = self._likeness(history)
        return self

    @cached_property
    def _across(self) -> Csr:
        """items x speakers."""
        return self.likeness.T.tocsr()

    def _likeness(self, rows: History) -> Csr:
        """Rows of length 1 whose products are the likeness of two people."""
        base = rows.matrix(rows.baskets) if self.repeats else rows.pairs
        return _rows_to_length_one((base @ sp.diags(self.rarity)).tocsr())

    def products(self, rows: History, users: Ints) -> dict[str, Csr]:
        """Items of the nearest other people, by likeness."""
        near = sp_matmul_topn(self._likeness(rows), self._across, top_n=self.config.neighbours + 1)
        coo = near.tocoo()
        other = self.speakers[coo.col] != users[coo.row]
        near = sp.csr_matrix((coo.data[other], (coo.row[other], coo.col[other])), shape=near.shape)
        return {"people": near @ self.taken}

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Both person-item matrices, whose rows they are, and the rarity of items."""
        arrays = sparse_parts("taken", self.taken) | sparse_parts("likeness", self.likeness)
        arrays |= {"rarity": self.rarity, "speakers": self.speakers}
        return arrays, {"config": asdict(self.config), "repeats": self.repeats}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted matrices."""
        out = cls(PeopleKnnConfig(**values["config"]))
        out.rarity, out.speakers, out.repeats = arrays["rarity"], arrays["speakers"], values["repeats"]
        out.taken, out.likeness = from_parts("taken", arrays), from_parts("likeness", arrays)
        return out


def _rows_to_length_one(matrix: Csr) -> Csr:
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return (sp.diags(1 / np.maximum(length, 1e-12)) @ matrix).tocsr().astype(np.float32)
