"""Implicit alternating least squares (Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback", 2008).

Only the items' factors are kept. A person's own are solved from their history at scoring time, in closed form, so
people the fit has never met are served like all others, and the history may be weighted by recency.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from recommendations.candidates.base import Arrays, Candidate, shares
from recommendations.candidates.implicit_library import Alternating, alternating
from recommendations.dataset.arrays import Csr, Doubles, Floats, Ints, row_lengths
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History

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


class Als(Candidate):
    """Factors of items, and people folded into them by their history."""

    name = "als"

    def __init__(self, config: AlsConfig | None = None) -> None:
        self.config = config or AlsConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Factorise who took what. Raises implicit_library.LibraryMissing where the library cannot be loaded."""
        c = self.config
        history = dataset.history
        people = np.flatnonzero(history.lengths)
        columns = np.unique(history.indices)
        self.items = np.zeros((dataset.n_items, c.factors), np.float32)
        cells = len(people) * len(columns)
        self.alpha = float(np.clip(c.weight * cells / max(len(history.indices), 1), *c.trust))
        if cells:
            self.items[columns] = self._factorised(history.pairs[people][:, columns].tocsr())
        self._prepare(timed=dataset.timed)
        return self

    def _factorised(self, pairs: Csr) -> Floats:
        """Factors of the columns of binary `pairs` (people x items), shape (items, factors); self.alpha is known."""
        c = self.config
        return alternating(pairs, Alternating(c.factors, self.alpha, c.penalty * self.alpha, c.rounds, c.seed))

    def _prepare(self, *, timed: bool) -> None:
        """Name the views, and work out Y'Y + penalty I, shape (factors, factors), part of each person's equations."""
        self.views = ("als", "als_recent") if timed else ("als",)
        self.gram: Doubles = (self.items.T @ self.items).astype(np.float64)
        self.gram[np.diag_indices_from(self.gram)] += self.config.penalty * self.alpha

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """Products of the folded-in people with all items, by plain and by recency-weighted history."""
        inputs = [rows.pairs, rows.recent(self.config.recency)][: len(self.views)]
        return {view: self.fold_in(given) @ self.items.T for view, given in zip(self.views, inputs, strict=True)}

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

    def because(self, rows: History, person: int, item: int, top: int = 3) -> list[tuple[int, float]]:
        """History items by their exact part of the plain score (section 5 of the paper)."""
        own = rows.indices[rows.indptr[person] : rows.indptr[person + 1]]
        taken = self.items[own].astype(np.float64)
        left = self.gram + (self.alpha - 1) * (taken.T @ taken)
        return shares(self.alpha * (taken @ np.linalg.solve(left, self.items[item].astype(np.float64))), own, top)

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """The items' factors."""
        values = {"config": asdict(self.config), "alpha": self.alpha, "timed": len(self.views) > 1}
        return {"items": self.items}, values

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted factors; serving them needs no library."""
        out = cls(AlsConfig(**(values["config"] | {"trust": tuple(values["config"]["trust"])})))
        out.items, out.alpha = arrays["items"], values["alpha"]
        out._prepare(timed=values["timed"])
        return out
