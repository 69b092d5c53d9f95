"""What is taken next: from each step of a person (all they took at one moment) to the steps after it, with decay.

A first-order Markov chain that looks several steps ahead, as "skip" transitions do (He and McAuley, "Fusing Similarity
Models with Markov Chains", 2016). A second matrix counts what is taken within one sitting, in whatever order.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sparse_dot_topn import sp_matmul_topn

from recommendations.candidates.base import Arrays, SparseCandidate, sparse_parts
from recommendations.dataset.arrays import Csr, Ints, from_parts, row_lengths, strongest
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History
from recommendations.dataset.sample import of_people
from recommendations.dataset.steps import Steps, steps


@dataclass(frozen=True)
class TransitionsConfig:
    """How far ahead, and how sure."""

    reach: int = 10
    """Steps of a person that one step speaks for."""
    decay: float = 0.8
    """What each further step between two items leaves of their link; the very next step, and the same one, count 1."""
    sitting: float = 3600.0
    """Seconds between two steps up to which the sitting view counts them, in both directions."""
    size_power: float = 0.5
    """Exponent on 1/items of a step: a link out of a large basket says less."""
    penalty: float = 0.3
    """Exponent on the popularity of the item that comes next."""
    sitting_penalty: float = 0.5
    """The same for the sitting view, where the two items are equals."""
    shrinkage: float = 10.0
    """Added to how often each item was taken: a link seen twice is no certainty."""
    neighbours: int = 100
    """Links kept per item."""
    forget: float = 0.9
    """What each later item of a person leaves of an earlier one's say at scoring."""
    people: int | None = None
    """Links are counted from at most so many people, drawn by lot; None counts everybody's."""


class Transitions(SparseCandidate):
    """Links from item to item in time; knows nothing where the source has no times."""

    name = "transitions"
    views = ("next", "sitting")

    def __init__(self, config: TransitionsConfig | None = None) -> None:
        self.config = config or TransitionsConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Count both matrices (items x items, rows are items taken, columns what they speak for)."""
        c = self.config
        taken = steps(of_people(dataset, c.people), by_day=False)
        sizes = np.maximum(row_lengths(taken.items), 1).astype(np.float32)
        weighted = (sp.diags(sizes**-c.size_power) @ taken.items).tocsr().astype(np.float32)
        ahead = self._ahead(taken, weighted, np.inf)
        self.next = self._linked(weighted, ahead, c.penalty)
        # what lies within the hour after, before, and at the same moment
        around = self._ahead(taken, weighted, c.sitting) + self._behind(taken, weighted) + weighted
        self.sitting = self._linked(weighted, around.tocsr(), c.sitting_penalty)
        return self

    def _shift(self, taken: Steps, within: float) -> Csr:
        """steps x steps: from each step to the later ones of its person within reach and `within` seconds, decayed."""
        rows, columns, data = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for lag in range(1, min(self.config.reach, len(taken) - 1) + 1):
            near = taken.times[lag:] - taken.times[:-lag] <= within
            start = np.flatnonzero(taken.same_person(lag) & near)
            rows.append(start)
            columns.append(start + lag)
            data.append(np.full(len(start), self.config.decay ** (lag - 1), np.float32))
        where = (np.concatenate(rows), np.concatenate(columns))
        return sp.csr_matrix((np.concatenate(data), where), shape=(len(taken), len(taken)))

    def _ahead(self, taken: Steps, weighted: Csr, within: float) -> Csr:
        """What follows each step, steps x items."""
        return (self._shift(taken, within) @ weighted).tocsr()

    def _behind(self, taken: Steps, weighted: Csr) -> Csr:
        """What came before each step in the same sitting, steps x items."""
        return (self._shift(taken, self.config.sitting).T @ weighted).tocsr()

    def _linked(self, weighted: Csr, around: Csr, penalty: float) -> Csr:
        """Each item's strongest links, the norms inside both factors, so that pruning sees the final value."""
        often = np.asarray(weighted.sum(axis=0)).ravel() + self.config.shrinkage
        source = (sp.diags((1 / often).astype(np.float32)) @ weighted.T).tocsr().astype(np.float32)
        target = (around @ sp.diags((often**-penalty).astype(np.float32))).tocsr().astype(np.float32)
        coo = sp_matmul_topn(source, target, top_n=self.config.neighbours + 1).tocoo()
        other = coo.row != coo.col
        row, column, data = coo.row[other], coo.col[other], coo.data[other]
        # one more was taken than is kept, in case the item itself was among them
        kept = strongest(row, data, self.config.neighbours)
        out = sp.csr_matrix((data[kept], (row[kept], column[kept])), shape=coo.shape)
        out.sort_indices()
        return out

    def products(self, rows: History, users: Ints) -> dict[str, Csr]:
        """Sums of links over the history, the newest items counting most."""
        given = rows.matrix(self.config.forget**rows.ranks)
        return {"next": given @ self.next, "sitting": given @ self.sitting}

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Two sparse matrices."""
        return sparse_parts("next", self.next) | sparse_parts("sitting", self.sitting), {"config": asdict(self.config)}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The counted links."""
        out = cls(TransitionsConfig(**values["config"]))
        out.next, out.sitting = from_parts("next", arrays), from_parts("sitting", arrays)
        return out
