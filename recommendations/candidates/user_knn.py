"""People who took or rated the same: their things are ranked by likeness, and their ratings predict this person's.

`people_knn.py` is its sister for shops where people buy again; this one knows four likenesses, shrinkage and support.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from recommendations.candidates.base import Arrays, Candidate, sparse_parts
from recommendations.candidates.likeness import LikenessConfig, between, keep_top
from recommendations.candidates.ratings.base import has_ratings
from recommendations.candidates.ratings.neighbours import NeighbourConfig, NeighbourRater
from recommendations.dataset.arrays import Csr, Floats, Ints, dense, from_parts
from recommendations.dataset.events import Dataset
from recommendations.dataset.history import History


@dataclass(frozen=True)
class UserKnnConfig:
    """Whom to ask."""

    likeness: LikenessConfig = field(default_factory=lambda: LikenessConfig("cosine", shrinkage=5.0, neighbours=100))
    """For ranking. cosine and jaccard compare histories, also of people met after the fit; pearson and adjusted compare
    ratings, which only people known at the fit have."""
    rating: NeighbourConfig = field(
        default_factory=lambda: NeighbourConfig("people", likeness=LikenessConfig("pearson", neighbours=500))
    )
    """For predicting ratings, where the data hold any."""

    @property
    def by_ratings(self) -> bool:
        """True when people are ranked for by ratings rather than by history."""
        return self.likeness.measure in {"pearson", "adjusted"}


class UserKnn(Candidate):
    """Needs who took what at scoring time, so the model folder holds it, by position only."""

    name = "user_knn"
    views = ("user_knn",)

    def __init__(self, config: UserKnnConfig | None = None) -> None:
        self.config = config or UserKnnConfig()
        self.rater: NeighbourRater | None = None
        self.near: Csr | None = None

    def fit(self, dataset: Dataset) -> Self:
        """Keep the pairs, and learn from ratings if there are any.

        Raises ValueError when the likeness for ranking is one of ratings and there are none.
        """
        self.taken = dataset.history.pairs
        self.rater = NeighbourRater(self.config.rating).fit(dataset) if has_ratings(dataset) else None
        if self.config.by_ratings:
            by_ratings = NeighbourConfig("people", likeness=self.config.likeness)
            self.near = NeighbourRater(by_ratings).fit(dataset).voices.likeness.astype(np.float32)
        return self

    def scores(self, rows: History, users: Ints) -> dict[str, Floats]:
        """The sum of likeness of the nearest other people who took each item."""
        return {"user_knn": dense(self._nearest(rows, users) @ self.taken)}

    def _nearest(self, rows: History, users: Ints) -> Csr:
        if self.near is None:
            return between(rows.pairs, self.taken, users, self.config.likeness)
        known = sp.diags((users >= 0).astype(np.float64))
        near = (known @ self.near[np.maximum(users, 0)]).tocsr()
        return keep_top(near, self.config.likeness.neighbours or near.shape[1])

    def predict(self, users: Ints, items: Ints) -> Floats:
        """The rating expected of each pair of positions, shape (pairs,), -1 unknown.

        Raises ValueError when the data it was fitted on hold no ratings.
        """
        if self.rater is None:
            raise ValueError("fitted without ratings")
        return self.rater.predict(users, items)

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Who took what, and what ratings taught."""
        arrays, values = sparse_parts("taken", self.taken), {"config": asdict(self.config)}
        if self.near is not None:
            arrays |= sparse_parts("near", self.near)
        if self.rater is not None:
            parts, values["rater"] = self.rater.artifacts()
            arrays |= {f"rater_{name}": array for name, array in parts.items()}
        return arrays, values

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted learner."""
        config = values["config"]
        rating = config["rating"] | {"likeness": LikenessConfig(**config["rating"]["likeness"])}
        out = cls(UserKnnConfig(LikenessConfig(**config["likeness"]), NeighbourConfig(**rating)))
        out.taken = from_parts("taken", arrays)
        out.near = from_parts("near", arrays) if "near_data" in arrays else None
        if "rater" in values:
            parts = {name.removeprefix("rater_"): one for name, one in arrays.items() if name.startswith("rater_")}
            out.rater = NeighbourRater.from_artifacts(parts, values["rater"])
        return out
