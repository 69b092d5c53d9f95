"""EASE: the closed-form item-item regression with a zero diagonal (Steck, "Embarrassingly Shallow Autoencoders", 2019).

B = I - P diag(1/diag P) with P = (X'X + lambda I)^-1. Where people are fewer than items the same B follows from the
people's side: P = (I - X' K X) / lambda with K = (XX' + lambda I)^-1 (Woodbury), and scoring never forms items x items.

Whoever was learned from is scored as if they had not been: their row is taken out of the solved matrix, which leaves a
formula in their own scores (Sherman and Morrison, 1950). Else their own things would stand further up than those of
somebody with the same history who was not learned from, and lists would tell the two apart (pipeline/shadow.py).
"""

import os
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import numpy as np
from scipy.linalg import lapack
from threadpoolctl import threadpool_limits

from recommendations.candidates.base import Arrays, Candidate, shares, sparse_parts
from recommendations.candidates.voices import SparseVoice, Voice
from recommendations.dataset.arrays import Csr, Doubles, Floats, Ints, csr, dense, from_parts, row_lengths
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History

Side = Literal["items", "people"]

FLOOR = 0.05
ALONE = 2_000
"""Up to so many rows a second processor costs more in waiting than it brings."""


@dataclass(frozen=True)
class EaseConfig:
    """Strength and size."""

    ridge: float = 300.0
    """Lambda: what a pair of items must overcome to count. Tuned inside the training data."""
    recency: tuple[float, ...] = (0.3, 0.1)
    """Shares of the history within which recency-weighted input falls to 1/e, one view each."""
    direct: int = 8_000
    """Up to so many items the items' side is solved, whatever the number of people."""
    largest: int = 12_000
    """Largest matrix to invert; above, only the head of the catalogue is learned. Never over 20,000: 32-bit LAPACK."""
    head: int = 10_000
    """Most popular items learned where neither side fits."""
    links: int | None = None
    """Weights kept per item, the largest either way, after the items' side is solved; None keeps all."""
    evenness: float = 0.0
    """From 0 (every act counts alike) towards 1 (every person counts alike, however long the history)."""


class Ease(Candidate):
    """Linear regression of each item on all others, scored with plain and recency-weighted history."""

    name = "ease"

    def __init__(self, config: EaseConfig | None = None) -> None:
        self.config = config or EaseConfig()
        if max(self.config.direct, self.config.largest, self.config.head) > 20_000:
            raise ValueError("32-bit LAPACK crashes above 20,000 rows")
        self.side: Side = "items"
        self.links: Csr | None = None

    def fit(self, dataset: Dataset) -> Self:
        """Solve the side that fits into memory and time."""
        pairs = dataset.history.pairs
        self.n_items = dataset.n_items
        buyers = np.bincount(pairs.indices, minlength=dataset.n_items)
        columns = np.flatnonzero(buyers)
        people = np.flatnonzero(dataset.history.lengths)
        self.side = "items"
        few = len(people) < len(columns) and len(people) <= self.config.largest
        if len(columns) > self.config.direct and few and self.config.links is None:
            self.side = "people"
        elif len(columns) > self.config.largest:
            columns = np.sort(np.argsort(-buyers, kind="stable")[: self.config.head])
        self.columns = columns
        x = pairs[people][:, columns].tocsr()
        if self.config.evenness and x.nnz:
            x = _evened(x, self.config.evenness)
        self.emphasis = np.zeros(dataset.n_users, np.float32)
        self.emphasis[people] = x.max(axis=1).toarray().ravel() if x.nnz else 0
        if self.side == "items":
            self._fit_items(x)
        else:
            self._fit_people(x)
        self._name_views(timed=dataset.sequenced)
        return self

    def _fit_items(self, x: Csr) -> None:
        weights = inverse(dense(x.T @ x), self.config.ridge)
        self.diagonal = np.diag(weights).copy()
        weights /= -self.diagonal[None, :]
        np.fill_diagonal(weights, 0)
        self.weights = weights
        if self.config.links is not None:
            self.links = self._strongest(weights, self.config.links)
            # among the people of a large shop nobody's own row is worth taking out
            self.emphasis[:] = 0
            self.weights = weights[:0].copy()

    def _strongest(self, weights: Floats, most: int) -> Csr:
        """The `most` weights of each row that are furthest from 0, catalogue x catalogue."""
        n, k = len(weights), min(most, len(weights))
        top = [np.zeros((0, k), np.int64)]
        for at in range(0, n, ALONE):
            block = np.abs(weights[at : at + ALONE])
            top.append(np.sort(np.argpartition(block, n - k, axis=1)[:, n - k :], axis=1))
        column = np.concatenate(top)
        lengths = np.zeros(self.n_items, np.int64)
        lengths[self.columns] = k
        data = np.take_along_axis(weights, column, axis=1).ravel()
        indptr = np.r_[0, np.cumsum(lengths)].astype(np.int64)
        return csr(data, self.columns[column].ravel(), indptr, (self.n_items, self.n_items))

    def _fit_people(self, x: Csr) -> None:
        self.x = x
        self.weights = inverse(dense(x @ x.T), self.config.ridge)
        # diag(X' K X), column by column of X without forming items x items
        inner = np.empty(x.shape[1])
        by_item = x.T.tocsr()
        for item in range(x.shape[1]):
            part = slice(by_item.indptr[item], by_item.indptr[item + 1])
            who, much = by_item.indices[part], by_item.data[part]
            inner[item] = much @ self.weights[who[:, None], who] @ much
        self.diagonal = ((1 - inner) / self.config.ridge).astype(np.float32)

    def _name_views(self, *, timed: bool) -> None:
        recent = tuple(f"{self.name}_recent_{share:g}" for share in self.config.recency) if timed else ()
        self.views = (self.name, *recent)

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """Regression scores; items outside the learned head get 0."""
        inputs = self._given(rows)
        told = {view: self._score(given) for view, given in inputs.items()}
        emphasis = np.where(users >= 0, self.emphasis[np.maximum(users, 0)], 0)
        if emphasis.any() and len(self.columns):
            plain = told[self.name][:, self.columns]
            for view, scores in told.items():
                own = plain, rows, emphasis
                scores[:, self.columns] = self._as_a_stranger(scores[:, self.columns], inputs[view], own)
        return told

    def voices(self, rows: History, users: Ints) -> dict[str, Voice]:
        """Sparse where only the strongest weights were kept."""
        if self.links is None:
            return super().voices(rows, users)
        return {view: SparseVoice(given @ self.links) for view, given in self._given(rows).items()}

    def _given(self, rows: History) -> dict[str, Csr]:
        inputs = [rows.pairs] + [rows.recent(share) for share in self.config.recency[: len(self.views) - 1]]
        return dict(zip(self.views, inputs, strict=True))

    def _as_a_stranger(self, scores: Floats, given: Csr, own: tuple[Floats, History, Floats]) -> Floats:
        """`scores` (people, columns) of the input `given` with each person's own row x taken out of P.

        `own` are the plain scores, the history, and how much each person counted at the fit, 0 for a stranger. With
        t = P x: P - without the row - is P + t t' / (1 - x't), and (q P)_i = P_ii (q_i - score_i) for every input q.
        """
        plain, rows, emphasis = own
        x, q = dense(rows.pairs[:, self.columns]), dense(given[:, self.columns])
        t = emphasis[:, None] * self.diagonal * (x - plain)
        # x't < 1 for a row that was in the sum; the floor is for somebody whose history has grown since
        left = np.maximum(1 - emphasis * np.einsum("ij,ij->i", x, t), FLOOR)[:, None]
        through = self.diagonal * (q - scores) + np.einsum("ij,ij->i", q, t)[:, None] * t / left
        return np.asarray(q - through / (self.diagonal + t * t / left), np.float32)

    def _score(self, given: Csr) -> Floats:
        if not len(self.columns):
            return np.zeros((given.shape[0], self.n_items), np.float32)
        if self.links is not None:
            return dense(given @ self.links)
        given = given[:, self.columns]
        if self.side == "items":
            part = dense(given @ self.weights)
        else:
            likeness = dense(given @ self.x.T) @ self.weights
            part = dense((self.x.T @ likeness.T).T)
            part -= dense(given)
            part /= self.config.ridge * self.diagonal
            # the diagonal of B is 0, so an item never speaks for itself
            part += dense(given)
        out = np.zeros((given.shape[0], self.n_items), np.float32)
        out[:, self.columns] = part
        return out

    def because(self, rows: History, person: int, item: int, top: int = 3) -> list[tuple[int, float]]:
        """History items by their exact contribution to the plain view."""
        own = rows.indices[rows.indptr[person] : rows.indptr[person + 1]]
        place = np.full(self.n_items, -1, np.int64)
        place[self.columns] = np.arange(len(self.columns))
        own, target = own[place[own] >= 0], place[item]
        if target < 0 or not len(own):
            return []
        return shares(self._column(place[own], int(target)), own, top)

    def _column(self, sources: Ints, target: int) -> Floats:
        """B[sources, target], both counted among the learned columns."""
        if self.links is not None:
            return dense(self.links[self.columns[sources]][:, [self.columns[target]]]).ravel()
        if self.side == "items":
            return np.asarray(self.weights[sources, target])
        spread = self.weights @ dense(self.x[:, [target]]).ravel()
        inner = np.asarray(self.x[:, sources].T @ spread)
        out = inner / (self.config.ridge * self.diagonal[target])
        out[sources == target] = 0
        return np.asarray(out, dtype=np.float32)

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """The solved matrix; on the people's side also who took what, which scoring needs."""
        arrays: Arrays = {"weights": self.weights, "columns": self.columns}
        arrays |= {"diagonal": self.diagonal, "emphasis": self.emphasis}
        if self.side == "people":
            arrays |= sparse_parts("x", self.x)
        if self.links is not None:
            arrays |= sparse_parts("links", self.links)
        values = {"side": self.side, "n_items": self.n_items, "timed": len(self.views) > 1}
        return arrays, values | {"config": asdict(self.config)}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The solved matrix."""
        out = cls(EaseConfig(**(values["config"] | {"recency": tuple(values["config"]["recency"])})))
        out.side, out.n_items = values["side"], values["n_items"]
        out.weights, out.columns = arrays["weights"], arrays["columns"]
        out.diagonal, out.emphasis = arrays["diagonal"], arrays["emphasis"]
        if out.side == "people":
            out.x = from_parts("x", arrays)
        if "links_data" in arrays:
            out.links = from_parts("links", arrays)
        out._name_views(timed=values["timed"])
        return out


class EvenEase(Ease):
    """The same regression with long histories held back: a person of a thousand acts is not a thousand people.

    It errs elsewhere than the plain one, which is what a blend needs.
    """

    name = "ease_even"

    def __init__(self, config: EaseConfig | None = None) -> None:
        super().__init__(config or EaseConfig(evenness=0.5, recency=(0.3,)))


def _evened(x: Csr, evenness: float) -> Csr:
    """Rows divided by a power of their length, scaled so that the sum of squares stays: the ridge keeps its meaning."""
    lengths = np.maximum(row_lengths(x), 1).astype(np.float64)
    weight = lengths ** (-evenness / 2)
    weight *= np.sqrt(lengths.sum() / (lengths * weight**2).sum())
    return csr(np.repeat(weight, row_lengths(x)), x.indices, x.indptr, (x.shape[0], x.shape[1]))


def inverse(gram: Floats | Doubles, ridge: float) -> Floats:
    """(gram + ridge I)^-1 of a symmetric positive semidefinite (n, n) matrix, in float32.

    Raises ValueError when the factorisation fails (ridge too small for float32).
    """
    n = len(gram)
    if n == 0:
        return np.zeros((0, 0), np.float32)
    work = np.array(gram, dtype=np.float32, order="F")
    work[np.arange(n), np.arange(n)] += ridge
    with threadpool_limits(1 if n <= ALONE else os.cpu_count()):
        factor, info = lapack.spotrf(work, lower=1, overwrite_a=1)
        if info:
            raise ValueError(f"matrix of {n} rows is not positive definite at ridge {ridge:g}")
        lower, info = lapack.spotri(factor, lower=1, overwrite_c=1)
    if info:
        raise ValueError(f"matrix of {n} rows has no inverse at ridge {ridge:g}")
    # LAPACK leaves the upper triangle at zero
    out = lower + lower.T
    out[np.arange(n), np.arange(n)] /= 2
    return np.ascontiguousarray(out, dtype=np.float32)
