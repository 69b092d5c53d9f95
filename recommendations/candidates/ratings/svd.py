"""Regularised factors of what the biases leave unexplained, by alternating least squares.

r = mean + b_u + b_i + p_u . q_i, with the penalty of each person and item in proportion to their ratings (Zhou et al.,
"Large-Scale Parallel Collaborative Filtering for the Netflix Prize", 2008). "SVD" is what the trade calls it since the
Netflix prize; no singular values are computed.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from threadpoolctl import threadpool_limits

from recommendations.candidates.base import Arrays
from recommendations.candidates.ratings.base import ratings_of
from recommendations.candidates.ratings.bias import Bias, BiasConfig
from recommendations.dataset.arrays import Csr, Doubles, Floats, Ints
from recommendations.dataset.events import Dataset


@dataclass(frozen=True)
class SvdConfig:
    """Size and strength."""

    factors: int = 20
    """Tastes told apart."""
    penalty: float = 0.15
    """Ridge per rating: larger keeps people with few ratings nearer to the biases."""
    rounds: int = 12
    """Times persons and items are solved in turn."""
    seed: int = 0
    """Of the small random start."""
    block: int = 4096
    """Rows solved at a time; bounds memory to block x factors^2 numbers."""


class Svd:
    """Biases plus factors."""

    name = "svd"

    def __init__(self, config: SvdConfig | None = None, bias: BiasConfig | None = None) -> None:
        self.config = config or SvdConfig()
        self.bias = Bias(bias)

    def fit(self, dataset: Dataset) -> Self:
        """Learn biases, then the factors of what is left; raises ValueError without ratings."""
        c = self.config
        ratings = ratings_of(dataset)
        self.bias.learn(ratings)
        left = ratings.values - self.bias.biases.of(ratings.users, ratings.items)
        by_person, by_item = ratings.by_person(left), ratings.by_item(left)
        rng = np.random.default_rng(c.seed)
        self.items = rng.normal(0, 0.1, (dataset.n_items, c.factors))
        # small systems: threads would wait for one another
        with threadpool_limits(1):
            for _ in range(c.rounds):
                self.users = solve(by_person, self.items, c)
                self.items = solve(by_item, self.users, c)
        return self

    def predict(self, users: Ints, items: Ints) -> Floats:
        """Biases plus the product of factors, within the scale people used; shape (pairs,)."""
        known = (users >= 0) & (items >= 0)
        taste = np.zeros(len(users))
        taste[known] = np.einsum("ij,ij->i", self.users[users[known]], self.items[items[known]])
        return np.clip(self.bias.biases.of(users, items) + taste, *self.bias.scale).astype(np.float32)

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Factors and biases."""
        arrays, values = self.bias.artifacts()
        parts: Arrays = {f"bias_{name}": array for name, array in arrays.items()}
        return parts | {"users": self.users, "items": self.items}, {"config": asdict(self.config), "bias": values}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted factors."""
        out = cls(SvdConfig(**values["config"]))
        out.bias = Bias.from_artifacts({"users": arrays["bias_users"], "items": arrays["bias_items"]}, values["bias"])
        out.users, out.items = arrays["users"], arrays["items"]
        return out


def solve(matrix: Csr, other: Doubles, config: SvdConfig) -> Doubles:
    """For each row of `matrix` (rows x columns) the ridge solution against `other` (columns, factors).

    x = (sum q q' + penalty n I)^-1 sum r q over the row's n ratings; 0 for a row without any. Shape (rows, factors).
    """
    n_rows = matrix.shape[0]
    width = other.shape[1]
    out = np.zeros((n_rows, width))
    upper = np.triu_indices(width)
    products = other[:, upper[0]] * other[:, upper[1]]
    there = matrix.copy()
    there.data = np.ones_like(there.data)
    counts = np.diff(matrix.indptr)
    for start in range(0, n_rows, config.block):
        rows = slice(start, min(start + config.block, n_rows))
        gram = np.zeros((rows.stop - rows.start, width, width))
        gram[:, upper[0], upper[1]] = gram[:, upper[1], upper[0]] = there[rows] @ products
        ridge = np.maximum(config.penalty * counts[rows], 1e-9)
        gram[:, np.arange(width), np.arange(width)] += ridge[:, None]
        out[rows] = np.linalg.solve(gram, (matrix[rows] @ other)[:, :, None])[:, :, 0]
    return out
