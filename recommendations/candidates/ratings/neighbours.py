"""Ratings predicted by neighbours: people who rate like this one, or things that are rated like this one."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

import numpy as np
import scipy.sparse as sp

from recommendations.candidates.base import Arrays, sparse_parts
from recommendations.candidates.likeness import LikenessConfig, Neighbourhood, neighbourhood
from recommendations.candidates.ratings.base import ratings_of
from recommendations.candidates.ratings.bias import Bias
from recommendations.dataset.arrays import Csr, Floats, Ints
from recommendations.dataset.events import Dataset


@dataclass(frozen=True)
class NeighbourConfig:
    """Who speaks, and how many."""

    by: Literal["people", "items"] = "items"
    """Whose likeness is taken."""
    speakers: int = 30
    """Neighbours that are listened to: the most alike of those that have the rating asked for."""
    quorum: int = 1
    """With fewer, the biases answer."""
    likeness: LikenessConfig = field(default_factory=lambda: LikenessConfig("pearson", shrinkage=20.0, neighbours=500))
    """How alike two of them are."""


class NeighbourRater:
    """The mean of whom it is about, and the weighted deviations of the neighbours; biases where no neighbour speaks.

    It needs who rated what at scoring time, so the model folder holds it, by position only.
    """

    name = "neighbours"

    def __init__(self, config: NeighbourConfig | None = None) -> None:
        self.config = config or NeighbourConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Learn the likenesses and biases; raises ValueError without ratings."""
        ratings = ratings_of(dataset)
        rows = ratings.by_person() if self.config.by == "people" else ratings.by_item()
        self.voices = neighbourhood(rows, self.config.likeness, self.config.speakers, self.config.quorum)
        self.bias = Bias().learn(ratings)
        return self

    def predict(self, users: Ints, items: Ints) -> Floats:
        """The rating expected of each pair, shape (pairs,); not cut to the scale, as in LensKit."""
        out = self.bias.predict(users, items)
        known = np.flatnonzero((users >= 0) & (items >= 0))
        pair = (users[known], items[known])
        said = self.voices.predict(*(pair if self.config.by == "people" else pair[::-1]))
        spoken = np.isfinite(said)
        out[known[spoken]] = said[spoken]
        return out

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Likenesses, means, deviations and biases."""
        arrays, bias = self.bias.artifacts()
        parts: Arrays = {f"bias_{name}": array for name, array in arrays.items()} | {"means": self.voices.means}
        parts |= sparse_parts("likeness", self.voices.likeness) | sparse_parts("deviations", self.voices.deviations)
        return parts, {"config": asdict(self.config), "bias": bias}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted neighbours."""
        config = values["config"] | {"likeness": LikenessConfig(**values["config"]["likeness"])}
        out = cls(NeighbourConfig(**config))
        out.bias = Bias.from_artifacts({"users": arrays["bias_users"], "items": arrays["bias_items"]}, values["bias"])
        out.voices = Neighbourhood(
            _doubles("likeness", arrays),
            arrays["means"],
            _doubles("deviations", arrays),
            out.config.speakers,
            out.config.quorum,
        )
        return out


def _doubles(name: str, arrays: Arrays) -> Csr:
    """The matrix that sparse_parts() took apart, in float64: a deviation must not change on the way."""
    rows, columns = (int(n) for n in arrays[f"{name}_shape"])
    parts = (arrays[f"{name}_data"], arrays[f"{name}_indices"], arrays[f"{name}_indptr"])
    return sp.csr_matrix(parts, shape=(rows, columns))
