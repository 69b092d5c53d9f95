"""Bayesian personalised ranking (Rendle et al. 2009), its people found again from their histories.

The library learns a vector for each person. Those are thrown away: a ridge regression from the sum of the history's
item factors, divided by the root of its length, to the learned vectors gives one small matrix that serves everybody,
people met after the fit and histories that grew included. On public data the lists it gives are better than those of
the learned vectors, which overfit first, and no vector of a person lies in the model folder.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from recommendations.candidates.base import Arrays, Candidate
from recommendations.candidates.implicit_library import Pairwise, pairwise
from recommendations.dataset.arrays import Csr, Doubles, Floats, Ints, dense
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History


@dataclass(frozen=True)
class BprConfig:
    """Size and care; BPR overfits fast, so steps are small and few."""

    factors: int = 64
    """Numbers kept per item, its bias not counted."""
    rate: float = 0.01
    """Length of one gradient step."""
    penalty: float = 0.01
    """Pull of every factor to 0 at each step."""
    steps: int = 6000
    """Gradient steps an average person gets, whatever the length of the histories."""
    rounds: int = 400
    """At most so many passes over all pairs, however short the histories."""
    updates: int = 200_000_000
    """At most so many steps in all: some minutes of one processor."""
    ridge: float = 0.001
    """Of the regression that finds people from histories, as a share of its inputs' mean variance."""
    recency: float = 0.3
    """Share of the history within which recency-weighted input falls to 1/e."""
    seed: int = 0
    """Start of the random first factors and of the drawn pairs."""


class Bpr(Candidate):
    """Factors and biases of items, and the matrix that leads from a history to a person's factors."""

    name = "bpr"

    def __init__(self, config: BprConfig | None = None) -> None:
        self.config = config or BprConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Learn to rank taken above not taken. Raises implicit_library.LibraryMissing without the library."""
        c = self.config
        history = dataset.history
        people = np.flatnonzero(history.lengths)
        columns = np.unique(history.indices)
        self.items = np.zeros((dataset.n_items, c.factors), np.float32)
        self.bias = np.zeros(dataset.n_items, np.float32)
        self.encoder = np.zeros((c.factors, c.factors), np.float32)
        if len(people):
            pairs = history.pairs[people][:, columns].tocsr()
            settings = Pairwise(c.factors, c.rate, c.penalty, self._rounds(len(people), pairs.nnz), c.seed)
            learned, found = pairwise(pairs, settings)
            self.items[columns], self.bias[columns] = found[:, :-1], found[:, -1]
            self.encoder = self._encode(_summed(history.pairs[people], self.items), learned[:, :-1])
        self._name_views(timed=dataset.sequenced)
        return self

    def _rounds(self, people: int, pairs: int) -> int:
        """Passes over all pairs that give an average person `steps` steps, within the bounds."""
        return max(1, min(round(self.config.steps * people / pairs), self.config.rounds, self.config.updates // pairs))

    def _encode(self, sums: Floats, learned: Floats) -> Floats:
        given: Doubles = sums.astype(np.float64)
        gram = given.T @ given
        gram[np.diag_indices_from(gram)] += self.config.ridge * np.trace(gram) / len(gram) + 1e-12
        return np.linalg.solve(gram, given.T @ learned).astype(np.float32)

    def _name_views(self, *, timed: bool) -> None:
        self.views = ("bpr", "bpr_recent") if timed else ("bpr",)

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """Products with all items plus their biases, by plain and by recency-weighted history.

        0 for a person without history: the library draws what is not taken by popularity, so that neither the biases
        nor an average person say what is popular (on sparse data they say the opposite).
        """
        inputs = [rows.pairs, rows.recent(self.config.recency)][: len(self.views)]
        out: dict[str, Floats] = {}
        for view, given in zip(self.views, inputs, strict=True):
            scores = dense(_summed(given, self.items) @ self.encoder @ self.items.T + self.bias)
            scores[rows.lengths == 0] = 0
            out[view] = scores
        return out

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Factors and biases of items, and the encoder."""
        arrays: Arrays = {name: getattr(self, name) for name in ("items", "bias", "encoder")}
        return arrays, {"config": asdict(self.config), "timed": len(self.views) > 1}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted factors; serving them needs no library."""
        out = cls(BprConfig(**values["config"]))
        out.items, out.bias, out.encoder = arrays["items"], arrays["bias"], arrays["encoder"]
        out._name_views(timed=values["timed"])
        return out


def _summed(given: Csr, items: Floats) -> Floats:
    """Item factors summed over each weighted history, over the root of the weights' sum; shape (people, factors)."""
    total = np.asarray(given.sum(axis=1), dtype=np.float32).ravel()
    return np.asarray((given @ items) / np.sqrt(np.maximum(total, 1e-6))[:, None], dtype=np.float32)
