"""Items taken by the same people: cosine with shrinkage, and a three-step walk that favours the long tail."""

import os
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

import numpy as np
import scipy.sparse as sp
from sparse_dot_topn import sp_matmul_topn

from recommendations.candidates.base import Arrays, SparseCandidate, shares, sparse_parts
from recommendations.candidates.voices import links_between
from recommendations.dataset.arrays import Csr, Floats, Ints, dense, from_parts, row_lengths
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History

ALONE = 5_000_000
"""Up to so many pairs one processor multiplies."""
ALONE_UP_TO = 50_000
"""Among more people nobody's own part in a link is worth leaving out, and doing so would double the time of a list."""


@dataclass(frozen=True)
class ItemKnnConfig:
    """How many neighbours, and how sure."""

    neighbours: int = 100
    """Neighbours kept per item."""
    shrinkage: float = 10.0
    """Added to each item's norms: a pair seen twice is no certainty."""
    walk_power: float = 0.6
    """Alpha of RP3beta (Paudel et al. 2017): exponent on the steps' probabilities."""
    walk_penalty: float = 0.3
    """Beta of RP3beta: exponent on the popularity that a walk's end is divided by."""
    recency: float = 0.3
    """Share of the history within which recency-weighted input falls to 1/e."""
    support: int = 10
    """A reason names an item only if so many people took both: fewer could point at one person."""


class ItemKnn(SparseCandidate):
    """Item-to-item neighbours, pruned; its pairs are also what reasons are made of."""

    name = "item_knn"

    def __init__(self, config: ItemKnnConfig | None = None) -> None:
        self.config = config or ItemKnnConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Build both neighbour matrices (items x items, rows are history items, columns what they speak for)."""
        c = self.config
        pairs = dataset.history.pairs
        buyers = np.bincount(pairs.indices, minlength=dataset.n_items).astype(np.float32)
        self.buyers, self.lengths = buyers, row_lengths(pairs)
        self.cosine, count = self._cosine(pairs, buyers)
        self.supported = self._supported(self.cosine, count)
        lengths = np.maximum(row_lengths(pairs), 1).astype(np.float32)
        step_out = (sp.diags(lengths**-c.walk_power) @ pairs).tocsr().astype(np.float32)
        step_back = (sp.diags(np.maximum(buyers, 1) ** -c.walk_power) @ pairs.T).tocsr().astype(np.float32)
        end = (step_out @ sp.diags(np.maximum(buyers, 1) ** -c.walk_penalty)).tocsr().astype(np.float32)
        self.walk = _without_diagonal(_product(step_back, end, c.neighbours + 1))
        self._name_views(timed=dataset.sequenced)
        return self

    def _cosine(self, pairs: Csr, buyers: Floats) -> tuple[Csr, Floats]:
        """Cosine of items x items, and how many people took both of each pair."""
        c = self.config
        # the norm of cosine with the shrinkage inside both factors, so that pruning sees the final value
        norm = 1 / np.sqrt(buyers + c.shrinkage)
        scaled = (pairs @ sp.diags(norm)).tocsr().astype(np.float32)
        cosine = _without_diagonal(_product(scaled.T.tocsr(), scaled, c.neighbours + 1))
        together = cosine.tocoo()
        return cosine, together.data / (norm[together.row] * norm[together.col])

    def _supported(self, cosine: Csr, count: Floats) -> Csr:
        kept = cosine.copy()
        kept.data = np.where(np.round(count) >= self.config.support, kept.data, 0).astype(np.float32)
        kept.eliminate_zeros()
        return kept

    def _name_views(self, *, timed: bool) -> None:
        self.views = ("knn", "walk", "knn_recent") if timed else ("knn", "walk")

    def products(self, rows: History, users: Ints) -> dict[str, Csr]:
        """Sums of similarity over the history, plain, by walk, and weighted by recency."""
        # the length normalises only between people, but keeps float32 sums small
        inputs = {"knn": rows.pairs, "walk": rows.pairs}
        if "knn_recent" in self.views:
            inputs["knn_recent"] = rows.recent(self.config.recency)
        out = {}
        for view, given in inputs.items():
            product = given @ (self.walk if view == "walk" else self.cosine)
            own = self._of_themselves(rows, users, given, view)
            out[view] = product if own is None else product - own
        return out

    def _of_themselves(self, rows: History, users: Ints, given: Csr, view: str) -> "Csr | None":
        """What of a sum over `given` is each person's own doing: their share in the links between two things they had.

        Without it whoever was learned from finds their own things further up than somebody with the same history who
        was not, and lists tell the two apart (pipeline/shadow.py). Only links that were kept are counted. None where
        there is nothing to leave out.
        """
        c = self.config
        known = users >= 0
        lengths = np.where(known, self.lengths[np.maximum(users, 0)], 0)
        if len(self.lengths) > ALONE_UP_TO or not lengths.any():
            return None
        if view == "walk":
            at_least = np.maximum(self.buyers, 1)
            links, source = self.walk, at_least**-c.walk_power
            target, person = at_least**-c.walk_penalty, np.maximum(lengths, 1.0) ** -c.walk_power
        else:
            norm = 1 / np.sqrt(self.buyers + c.shrinkage)
            links, source, target, person = self.cosine, norm, norm, np.ones(len(users))
        pattern = sp.csr_matrix((np.ones_like(links.data), links.indices, links.indptr), shape=links.shape)
        own = ((given @ sp.diags(source)) @ pattern).multiply(rows.pairs)
        out: Csr = (sp.diags(person * (lengths > 0)) @ own @ sp.diags(target)).tocsr().astype(np.float32)
        return out

    def because(self, rows: History, person: int, item: int, top: int = 3) -> list[tuple[int, float]]:
        """History items whose similarity to `item` rests on enough people, with their shares of the sum."""
        own = rows.indices[rows.indptr[person] : rows.indptr[person + 1]]
        return shares(dense(self.supported[own][:, [item]]).ravel(), own, top)

    def reasons(self, rows: History, items: Ints) -> Ints:
        """For each row of `items` (people, k) the strongest supported history item, -1 where none; same shape."""
        cell, source, strength = links_between(rows, self.supported, items)
        out = np.full(items.size, -1, np.int64)
        # of several to one cell the last is the strongest
        order = np.lexsort((strength, cell))
        last = np.r_[cell[order][1:] != cell[order][:-1], True][: len(order)]
        out[cell[order][last]] = source[order][last]
        return out.reshape(items.shape)

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Three sparse matrices."""
        arrays = (
            sparse_parts("cosine", self.cosine)
            | sparse_parts("walk", self.walk)
            | sparse_parts("supported", self.supported)
            | {"buyers": self.buyers, "lengths": self.lengths}
        )
        return arrays, {"config": asdict(self.config), "timed": "knn_recent" in self.views}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted matrices."""
        known = {setting.name for setting in fields(ItemKnnConfig)}
        # models of earlier versions name settings that are gone; only their defaults were ever used
        out = cls(ItemKnnConfig(**{name: value for name, value in values["config"].items() if name in known}))
        out.cosine, out.walk = from_parts("cosine", arrays), from_parts("walk", arrays)
        out.supported = from_parts("supported", arrays)
        out.buyers, out.lengths = arrays["buyers"], arrays["lengths"]
        out._name_views(timed=values["timed"])
        return out


def _product(left: Csr, right: Csr, most: int) -> Csr:
    """The `most` largest of each row of left @ right, on all processors where that is worth it."""
    found: Csr = sp_matmul_topn(left, right, top_n=most, n_threads=os.cpu_count() if left.nnz > ALONE else 1)
    return found


def _without_diagonal(matrix: Csr) -> Csr:
    """The same matrix without an item's likeness to itself, indices sorted."""
    coo = matrix.tocoo()
    keep = coo.row != coo.col
    out = sp.csr_matrix((coo.data[keep].astype(np.float32), (coo.row[keep], coo.col[keep])), shape=matrix.shape)
    out.sort_indices()
    return out
