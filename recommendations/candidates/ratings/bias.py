"""Some people are generous and some things are liked: the mean, a bias per item and a bias per person, all damped."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from recommendations.candidates.base import Arrays
from recommendations.candidates.ratings.base import Ratings, ratings_of
from recommendations.dataset.arrays import Doubles, Floats, Ints
from recommendations.dataset.events import Dataset


@dataclass(frozen=True)
class BiasConfig:
    """How many ratings it takes to be believed."""

    item_damping: float = 3.0
    """So many ratings at the mean are added to each item."""
    user_damping: float = 5.0
    """So many ratings without bias are added to each person."""
    rounds: int = 5
    """Items and persons are corrected for one another so often."""


@dataclass(frozen=True)
class Biases:
    """The parts of a rating that no taste explains."""

    mean: float
    users: Doubles
    """Shape (users,), 0 for somebody without ratings."""
    items: Doubles
    """Shape (items,), 0 for something without ratings."""

    def of(self, users: Ints, items: Ints) -> Doubles:
        """Mean plus both biases for each pair, shape (pairs,); -1 adds nothing."""
        return self.mean + _at(self.users, users) + _at(self.items, items)


def biases(ratings: Ratings, config: BiasConfig) -> Biases:
    """b_i = sum(r - mean - b_u) / (n_i + damping), then b_u likewise, in turns.

    Koren, "Factor in the Neighbors", 2010, section 2.1; one round is LensKit's bias model.
    """
    n_users, n_items = ratings.shape
    per_user = np.bincount(ratings.users, minlength=n_users) + config.user_damping
    per_item = np.bincount(ratings.items, minlength=n_items) + config.item_damping
    users, items = np.zeros(n_users), np.zeros(n_items)
    centred = ratings.values - ratings.mean
    for _ in range(config.rounds):
        # without damping somebody without ratings would be 0 / 0
        items = np.bincount(ratings.items, centred - users[ratings.users], n_items) / np.maximum(per_item, 1e-12)
        users = np.bincount(ratings.users, centred - items[ratings.items], n_users) / np.maximum(per_user, 1e-12)
    return Biases(ratings.mean, users, items)


class Bias:
    """Predicts by biases alone: the yardstick of every other rater, and their answer where they know nothing."""

    name = "bias"

    def __init__(self, config: BiasConfig | None = None) -> None:
        self.config = config or BiasConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Learn mean and biases; raises ValueError without ratings."""
        return self.learn(ratings_of(dataset))

    def learn(self, ratings: Ratings) -> Self:
        """As fit(), from ratings at hand."""
        self.biases = biases(ratings, self.config)
        self.scale = ratings.scale
        return self

    def predict(self, users: Ints, items: Ints) -> Floats:
        """Mean plus biases, within the scale people used; shape (pairs,)."""
        return np.clip(self.biases.of(users, items), *self.scale).astype(np.float32)

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Both biases."""
        arrays: Arrays = {"users": self.biases.users, "items": self.biases.items}
        return arrays, {"config": asdict(self.config), "mean": self.biases.mean, "scale": list(self.scale)}

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted biases."""
        out = cls(BiasConfig(**values["config"]))
        out.biases = Biases(values["mean"], arrays["users"], arrays["items"])
        out.scale = (values["scale"][0], values["scale"][1])
        return out


def _at(values: Doubles, positions: Ints) -> Doubles:
    """`values` at `positions`, 0 at -1."""
    return np.where(positions >= 0, np.r_[values, 0.0][positions], 0.0)
