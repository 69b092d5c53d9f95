"""Implicit alternating least squares (Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback", 2008).

Only the items' factors are kept. A person's own are solved from their history at scoring time, in closed form, so
people the fit has never met are served like all others, and the history may be weighted by recency.

An item nobody has yet borrows the factors of those that read most like it, so that what is new is placed by taste, too
(the kNN mapping of Gantner et al., "Learning Attribute-to-Feature Mappings for Cold-Start Recommendations", 2010).
"""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from sparse_dot_topn import sp_matmul_topn

from recommendations.candidates.base import Arrays, Candidate, shares
from recommendations.candidates.content import has_text, words_of_items
from recommendations.candidates.implicit_library import Alternating, alternating
from recommendations.candidates.voices import FactorVoice, Voice
from recommendations.dataset.arrays import Csr, Doubles, Floats, Ints, row_lengths
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History
from recommendations.dataset.sample import drawn

AT_ONCE = 64
"""People whose equations are set up together, sorted by length of history, so that little is padding."""


@dataclass(frozen=True)
class AlsConfig:
    """Size and trust."""

    factors: int = 64
    """Numbers kept per item."""
    rounds: int = 15
    """Alternations between people and items."""
    weight: float = 0.03
    """What all taken pairs weigh together against all pairs there are: the sparser the data, the more each one says."""
    trust: tuple[float, float] = (2.0, 40.0)
    """Bounds of the confidence of one taken pair that `weight` leads to (a pair not taken has 1)."""
    penalty: float = 3.0
    """Ridge on the factors, in units of that confidence."""
    recency: float = 0.3
    """Share of the history within which recency-weighted input falls to 1/e."""
    seed: int = 0
    """Start of the random first factors."""
    people: int | None = None
    """The factors are learned from at most so many people, drawn by lot; None learns from everybody."""
    head: int | None = None
    """Only so many of the most taken items have factors; None gives them to all that anybody took."""
    threads: int = 1
    """Processors the factors are learned on; the result is the same."""
    lenders: int = 20
    """Items that lend their factors to one that nobody has, those most like it in words; 0 lends nothing. Where some
    items of public shops were taken for new, recall at 20 among them rose from .524 to .566 (office supplies) and from
    .435 to .517 (Steam) with lent factors beside content; five or sixty lenders were as good."""
    doubt: float = 0.2
    """Likeness added to the sum that a loan is divided by: what hardly anything is like gets little."""


class Als(Candidate):
    """Factors of items, and people folded into them by their history."""

    name = "als"
    quiet = ("als",)

    def __init__(self, config: AlsConfig | None = None) -> None:
        self.config = config or AlsConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Factorise who took what. Raises implicit_library.LibraryMissing where the library cannot be loaded."""
        c = self.config
        history = dataset.history
        people = drawn(np.flatnonzero(history.lengths), c.people)
        pairs = history.pairs[people]
        columns = np.unique(pairs.indices)
        if c.head is not None and len(columns) > c.head:
            takers = np.bincount(pairs.indices, minlength=dataset.n_items)
            columns = np.sort(np.argsort(-takers, kind="stable")[: c.head])
            pairs = pairs[:, columns].tocsr()
        self.items = np.zeros((dataset.n_items, c.factors), np.float32)
        cells = int((row_lengths(pairs) > 0).sum()) * len(columns)
        self.alpha = float(np.clip(c.weight * cells / max(pairs.nnz, 1), *c.trust))
        self.lent = np.zeros(0, np.int64)
        if cells:
            kept = pairs if pairs.shape[1] == len(columns) else pairs[:, columns].tocsr()
            self.items[columns] = self._factorised(kept[row_lengths(kept) > 0])
            self._lend(dataset, columns.astype(np.int64))
        self._prepare(timed=dataset.sequenced)
        return self

    def _lend(self, dataset: Dataset, lenders: Ints) -> None:
        """Give items that nobody has the mean factors of the most alike of `lenders`, weighed by likeness."""
        c = self.config
        waiting = np.flatnonzero(~dataset.warm)
        if not c.lenders or not len(waiting) or not has_text(dataset):
            return
        words = words_of_items(dataset)
        near = sp_matmul_topn(words[waiting], words[lenders].T.tocsr(), top_n=c.lenders, n_threads=c.threads)
        total = np.asarray(near.sum(axis=1)).reshape(-1, 1)
        self.items[waiting] = (near @ self.items[lenders]) / (total + c.doubt)
        self.lent = waiting[total.ravel() > 0]

    def _factorised(self, pairs: Csr) -> Floats:
        """Factors of the columns of binary `pairs` (people x items), shape (items, factors); self.alpha is known."""
        c = self.config
        settings = Alternating(c.factors, self.alpha, c.penalty * self.alpha, c.rounds, c.seed, c.threads)
        return alternating(pairs, settings)

    def _prepare(self, *, timed: bool) -> None:
        """Name the views, and work out Y'Y + penalty I, shape (factors, factors), part of each person's equations."""
        self.views = ("als", "als_recent") if timed else ("als",)
        own = np.delete(self.items, self.lent, axis=0) if len(self.lent) else self.items
        self.gram: Doubles = (own.T @ own).astype(np.float64)
        self.gram[np.diag_indices_from(self.gram)] += self.config.penalty * self.alpha
        self.known = np.flatnonzero(self.items.any(axis=1))

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """Products of the folded-in people with all items, by plain and by recency-weighted history."""
        return {view: self.fold_in(given) @ self.items.T for view, given in self._given(rows).items()}

    def voices(self, rows: History, users: Ints) -> dict[str, Voice]:
        """The factors of both sides, multiplied only where asked."""
        return {
            view: FactorVoice(self._folded(given), self.items, self._factors, self.known)
            for view, given in self._given(rows).items()
        }

    @cached_property
    def _factors(self) -> Floats:
        """Factors of the items that have any, shape (known, factors)."""
        return self.items[self.known]

    @cached_property
    def _solved(self) -> Floats:
        """(Y'Y + penalty I)^-1 of each item's factors, shape (items, factors)."""
        return np.linalg.solve(self.gram, self.items.T.astype(np.float64)).T.astype(np.float32)

    def _given(self, rows: History) -> dict[str, Csr]:
        inputs = [rows.pairs, rows.recent(self.config.recency)][: len(self.views)]
        return dict(zip(self.views, inputs, strict=True))

    def fold_in(self, given: Csr) -> Floats:
        """Factors of people, shape (people, factors), by their weights in 0..1 on items, `given` (people x items).

        The library's own step (section 4 of the paper) with a weight w that leads from not taken to taken:
        x = (Y'Y + (alpha - 1) Y'WY + penalty I)^-1 alpha Y'w.
        """
        lengths = row_lengths(given)
        order = np.argsort(lengths, kind="stable")
        out = np.zeros((given.shape[0], self.items.shape[1]), np.float32)
        for at in range(0, len(order), AT_ONCE):
            part = order[at : at + AT_ONCE]
            place = np.arange(int(lengths[part].max()))
            real = place < lengths[part, None]
            cell = np.where(real, given.indptr[part, None] + place, 0)
            if not real.any():
                continue
            own = self.items[given.indices[cell]]
            weight = np.where(real, given.data[cell], np.float32(0))[:, :, None]
            extra = np.matmul((own * ((self.alpha - 1) * weight)).transpose(0, 2, 1), own)
            pull = self.alpha * (own * weight).sum(axis=1, dtype=np.float64)
            out[part] = np.linalg.solve(self.gram + extra, pull[:, :, None])[:, :, 0]
        return out

    def _folded(self, given: Csr) -> Floats:
        """The factors of fold_in(), for people of few items by equations as many as these.

        With A the factors of the items and D = (alpha - 1) W, x = G^-1 A' (I + D A G^-1 A')^-1 alpha w (Woodbury).
        """
        lengths = row_lengths(given)
        out = np.zeros((given.shape[0], self.items.shape[1]), np.float32)
        long = np.flatnonzero(lengths > self.config.factors // 2)
        if len(long):
            out[long] = self.fold_in(given[long])
        short = np.flatnonzero((lengths > 0) & (lengths <= self.config.factors // 2))
        short = short[np.argsort(lengths[short], kind="stable")]
        for at in range(0, len(short), AT_ONCE):
            part = short[at : at + AT_ONCE]
            place = np.arange(int(lengths[part].max()))
            real = place < lengths[part, None]
            cell = np.where(real, given.indptr[part, None] + place, 0)
            own, solved = self.items[given.indices[cell]], self._solved[given.indices[cell]]
            weight = np.where(real, given.data[cell], np.float32(0)).astype(np.float64)[:, :, None]
            left = (self.alpha - 1) * weight * np.matmul(own, solved.transpose(0, 2, 1))
            left[:, place, place] += 1
            pull = np.linalg.solve(left, self.alpha * weight)
            out[part] = np.matmul(solved.transpose(0, 2, 1), pull.astype(np.float32))[:, :, 0]
        return out

    def because(self, rows: History, person: int, item: int, top: int = 3) -> list[tuple[int, float]]:
        """History items by their exact part of the plain score (section 5 of the paper)."""
        own = rows.indices[rows.indptr[person] : rows.indptr[person + 1]]
        taken = self.items[own].astype(np.float64)
        left = self.gram + (self.alpha - 1) * (taken.T @ taken)
        return shares(self.alpha * (taken @ np.linalg.solve(left, self.items[item].astype(np.float64))), own, top)

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """The items' factors, and which of them are lent."""
        values = {"config": asdict(self.config), "alpha": self.alpha, "timed": len(self.views) > 1}
        return {"items": self.items, "lent": self.lent}, values

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted factors; serving them needs no library."""
        out = cls(AlsConfig(**(values["config"] | {"trust": tuple(values["config"]["trust"])})))
        out.items, out.lent, out.alpha = arrays["items"], arrays["lent"], values["alpha"]
        out._prepare(timed=values["timed"])
        return out
