"""What people said they think of things, one number per pair, and the interface of whoever predicts such numbers."""

from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import scipy.sparse as sp

from recommendations.candidates.base import Arrays
from recommendations.dataset.arrays import Bools, Csr, Doubles, Floats, Ints
from recommendations.dataset.events import Dataset

RATING = "rating"
"""The kind of event whose value is an opinion; values of other kinds are amounts."""


class Rater(Protocol):
    """Predicts ratings. k-NN learners that can also rank keep to it as well."""

    def fit(self, dataset: Dataset) -> Self:
        """Learn from the ratings in `dataset`; raises ValueError when it holds none. Deterministic."""

    def predict(self, users: Ints, items: Ints) -> Floats:
        """The rating expected for each pair of positions, shape (pairs,); -1 stands for somebody or something unknown.

        Positions are those of the dataset it was fitted on. Always finite: what is not known is left at the mean.
        """

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Arrays and plain JSON values that from_artifacts() takes back."""

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted rater that artifacts() described."""


@dataclass(frozen=True)
class Ratings:
    """One rating per pair of person and item, ordered by person, then item; arrays of shape (ratings,)."""

    users: Ints
    items: Ints
    values: Doubles
    shape: tuple[int, int]
    """(users, items)."""

    @property
    def mean(self) -> float:
        """The mean rating."""
        return float(self.values.mean())

    @property
    def scale(self) -> tuple[float, float]:
        """The lowest and the highest rating given."""
        return float(self.values.min()), float(self.values.max())

    def by_person(self, values: Doubles | None = None) -> Csr:
        """Users x items, float64; a rating of 0 is stored like any other. `values` (ratings,) stand in for the own."""
        indptr = np.r_[0, np.cumsum(np.bincount(self.users, minlength=self.shape[0]))]
        data = self.values if values is None else values
        return sp.csr_matrix((data, self.items, indptr), shape=self.shape)

    def by_item(self, values: Doubles | None = None) -> Csr:
        """Items x users, as by_person()."""
        return self.by_person(values).T.tocsr()


def ratings_of(dataset: Dataset) -> Ratings:
    """The ratings among the events of `dataset`, the latest of each pair; raises ValueError when there is none.

    Without times the one that stands last counts.
    """
    mask = _rating_events(dataset)
    if not mask.any():
        raise ValueError("the dataset holds no ratings")
    users, items, values = dataset.user_ix[mask], dataset.item_ix[mask], dataset.value[mask].astype(np.float64)
    when = dataset.timestamp[mask] if np.isfinite(dataset.timestamp[mask]).all() else np.zeros(len(users))
    order = np.lexsort((np.arange(len(users)), when, items, users))
    users, items, values = users[order], items[order], values[order]
    last = np.r_[(users[1:] != users[:-1]) | (items[1:] != items[:-1]), True]
    return Ratings(users[last], items[last], values[last], dataset.shape)


def _rating_events(dataset: Dataset) -> Bools:
    kinds = np.asarray(dataset.kind.categories)
    return np.isin(dataset.kind.codes, np.flatnonzero(kinds == RATING))
