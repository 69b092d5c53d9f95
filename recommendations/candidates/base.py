"""The one small interface of a learner: fit on a dataset, score people by their history, keep itself without pickle."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from recommendations.candidates.voices import DenseVoice, SparseVoice, Voice
from recommendations.dataset.arrays import Csr, Floats, Ints, dense
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History

Arrays = dict[str, npt.NDArray[Any]]


class Candidate(ABC):
    """A learner with one or more views: score columns that share one fit, such as plain and recency-weighted input."""

    name: ClassVar[str]
    """Also the name of its part in a model folder."""
    views: tuple[str, ...] = ()
    """Names of its score columns, the main one first; known after fit()."""

    about_own: ClassVar[bool] = False
    """True for a learner that speaks only of what a person has already."""

    quiet: ClassVar[tuple[str, ...]] = ()
    """Views that nominate nothing in a large shop, because another one of the same learner speaks for nearly the same
    items; they say what they know of the cells that others nominate."""

    timeless: ClassVar[bool] = False
    """True for a learner that uses no behaviour: fitted once, it serves every validation window."""

    @abstractmethod
    def fit(self, dataset: Dataset) -> Self:
        """Learn from the liked events of `dataset` and return self. Deterministic."""

    @abstractmethod
    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """For each view an array (people, items), higher is better, 0 where the view knows nothing.

        `rows` is the history of exactly the people asked for, in order; `users` are their positions in the dataset the
        learner was fitted on, -1 for people it has never met. An array may be a read-only broadcast.
        """

    def voices(self, rows: History, users: Ints) -> dict[str, Voice]:
        """For each view what `scores` says, ready to be asked for the best items or for given cells alone.

        A learner meant for large shops has its own way that forms no array (people, items); this one serves the rest.
        """
        return {view: DenseVoice(scores) for view, scores in self.scores(rows, users).items()}

    @abstractmethod
    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Arrays and plain JSON values that from_artifacts() takes back."""

    @classmethod
    @abstractmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted learner that artifacts() described."""

    def because(self, rows: History, person: int, item: int, top: int = 3) -> list[tuple[int, float]]:
        """The `top` history items of row `person` that speak for `item`, with their shares (sum at most 1), best first.

        Empty for a learner whose score is no sum over history.
        """
        return []

    def recommend(self, rows: History, users: Ints, k: int) -> Ints:
        """The `k` best items new to each person by the main view, shape (people, min(k, items)); ties by position."""
        scores = np.array(self.scores(rows, users)[self.views[0]], dtype=np.float32)
        scores[rows.pairs.nonzero()] = -np.inf
        return np.argsort(-scores, axis=1, kind="stable")[:, :k]


class SparseCandidate(Candidate):
    """A learner whose views are products of histories with a sparse matrix."""

    @abstractmethod
    def products(self, rows: History, users: Ints) -> dict[str, Csr]:
        """For each view a sparse matrix (people, items), each cell stored at most once; not stored is 0."""

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """The products, zeros filled in."""
        return {view: dense(product) for view, product in self.products(rows, users).items()}

    def voices(self, rows: History, users: Ints) -> dict[str, Voice]:
        """The products as they are."""
        return {view: SparseVoice(product) for view, product in self.products(rows, users).items()}


def shares(contributions: npt.NDArray[np.floating[Any]], items: Ints, top: int) -> list[tuple[int, float]]:
    """The `top` positive contributions as (item, share of all positive ones), best first."""
    positive = np.maximum(contributions, 0)
    total = float(positive.sum())
    order = np.argsort(-positive, kind="stable")[:top]
    return [(int(items[i]), float(positive[i]) / total) for i in order if positive[i] > 0]


def sparse_parts(name: str, matrix: Any) -> Arrays:
    """A CSR matrix as arrays for a model folder, their names starting with `name`."""
    return {
        f"{name}_data": matrix.data,
        f"{name}_indices": matrix.indices,
        f"{name}_indptr": matrix.indptr,
        f"{name}_shape": np.array(matrix.shape),
    }
