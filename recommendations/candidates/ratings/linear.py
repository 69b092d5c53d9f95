"""Ridge regression of ratings on what is known of person and thing, and of both together; then biases of what is left.

The regression speaks for people and things nobody has rated for or been rated yet; once they have ratings, their
damped biases take over what the attributes got wrong about them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
import scipy.sparse as sp
from scipy.linalg import cho_factor, cho_solve

from recommendations.candidates.base import Arrays, sparse_parts
from recommendations.candidates.ratings.base import Ratings, ratings_of
from recommendations.candidates.ratings.bias import BiasConfig, Biases, biases
from recommendations.dataset.arrays import Csr, Doubles, Floats, Ints, from_parts
from recommendations.dataset.events import Dataset

USER_PARTS = ("gender", "birth_year", "country", "extra")
ITEM_PARTS = ("category", "brand", "tags")


@dataclass(frozen=True)
class LinearConfig:
    """Which attributes count, and how far."""

    ridge: float = 60.0
    """So many ratings at the mean are added to each attribute's effect."""
    rarest: int = 5
    """So many people (or things) must share a value."""
    most: int = 200
    """Values of people, and as many of things, the commonest first."""
    age_band: int = 10
    """Years of birth that form one value."""
    crossed: bool = True
    """Also each value of a person with each value of a thing: whom does it suit?"""
    most_crossed: int = 30
    """Of so many values of either, the commonest first."""
    crossed_ridge: float = 240.0
    """`ridge` for those: fewer ratings tell of both at once."""
    biases: bool = True
    """False leaves the pure regression, which says nothing of single people and things."""


class Linear:
    """Regression on attributes, and biases of its errors."""

    name = "linear"

    def __init__(self, config: LinearConfig | None = None, bias: BiasConfig | None = None) -> None:
        self.config = config or LinearConfig()
        self.bias_config = bias or BiasConfig()

    def fit(self, dataset: Dataset) -> Self:
        """Learn the effect of each attribute, then biases; raises ValueError without ratings."""
        c = self.config
        ratings = ratings_of(dataset)
        self.user_names, self.user_parts = user_features(dataset.user_table, c)
        self.item_names, self.item_parts = item_features(dataset.item_table, c)
        self.scale = ratings.scale
        rows = self._rows(ratings.users, ratings.items)
        self.centre = np.asarray(rows.mean(axis=0)).ravel()
        self.effects = self._regression(rows, ratings.values - ratings.mean)
        left = ratings.values - ratings.mean - self._explained(rows)
        self.biases = replace(self._biases(ratings, left), mean=ratings.mean)
        return self

    def _regression(self, rows: Csr, target: Doubles) -> Doubles:
        """(X'X + ridge)^-1 X'y over centred columns, so that the ridge spares the mean."""
        gram = (rows.T @ rows).toarray() - len(target) * np.outer(self.centre, self.centre)
        plain = len(self.user_names) + len(self.item_names)
        strength = np.full(len(gram), self.config.crossed_ridge)
        strength[:plain] = self.config.ridge
        gram[np.diag_indices_from(gram)] += strength
        if not len(gram):
            return np.zeros(0)
        # the target sums to 0, so centring the columns does not change X'y
        return np.asarray(cho_solve(cho_factor(gram, lower=True), rows.T @ target))

    def _biases(self, ratings: Ratings, left: Doubles) -> Biases:
        if not self.config.biases:
            return Biases(0.0, np.zeros(ratings.shape[0]), np.zeros(ratings.shape[1]))
        return biases(replace(ratings, values=left), self.bias_config)

    def _rows(self, users: Ints, items: Ints) -> Csr:
        """Features of each pair, (pairs, features); nothing is known of -1."""
        own, thing = _taken(self.user_parts, users), _taken(self.item_parts, items)
        parts = [own, thing]
        if self.config.crossed:
            most = self.config.most_crossed
            few = thing[:, :most]
            parts += [few.multiply(own[:, [at]]) for at in range(min(most, own.shape[1]))]
        rows: Csr = sp.hstack(parts, format="csr")
        return rows

    def _explained(self, rows: Csr) -> Doubles:
        return np.asarray(rows @ self.effects - float(self.centre @ self.effects))

    def predict(self, users: Ints, items: Ints) -> Floats:
        """Mean, attributes and biases, within the scale people used; shape (pairs,)."""
        found = self.biases.of(users, items) + self._explained(self._rows(users, items))
        return np.clip(found, *self.scale).astype(np.float32)

    def strongest(self, top: int = 10) -> list[tuple[str, float]]:
        """The attributes (of persons, of things, or of both) with the largest effects in rating points, either sign."""
        names = [*self.user_names, *self.item_names]
        if self.config.crossed:
            most = self.config.most_crossed
            names += [f"{own} x {thing}" for own in self.user_names[:most] for thing in self.item_names[:most]]
        order = np.argsort(-np.abs(self.effects), kind="stable")[:top]
        return [(names[at], float(self.effects[at])) for at in order]

    def artifacts(self) -> tuple[Arrays, dict[str, Any]]:
        """Effects, biases, and which values each person and thing has."""
        arrays: Arrays = {
            "effects": self.effects,
            "centre": self.centre,
            "bias_users": self.biases.users,
            "bias_items": self.biases.items,
        }
        arrays |= sparse_parts("people", self.user_parts) | sparse_parts("things", self.item_parts)
        return arrays, {
            "config": asdict(self.config),
            "bias_config": asdict(self.bias_config),
            "mean": self.biases.mean,
            "scale": list(self.scale),
            "user_names": self.user_names,
            "item_names": self.item_names,
        }

    @classmethod
    def from_artifacts(cls, arrays: Arrays, values: dict[str, Any]) -> Self:
        """The fitted regression."""
        out = cls(LinearConfig(**values["config"]), BiasConfig(**values["bias_config"]))
        out.effects, out.centre = arrays["effects"], arrays["centre"]
        out.biases = Biases(values["mean"], arrays["bias_users"], arrays["bias_items"])
        out.scale = (values["scale"][0], values["scale"][1])
        out.user_names, out.item_names = list(values["user_names"]), list(values["item_names"])
        out.user_parts, out.item_parts = from_parts("people", arrays), from_parts("things", arrays)
        return out


def user_features(table: pd.DataFrame, config: LinearConfig) -> tuple[list[str], Csr]:
    """Names of values, and people x values (binary): gender, band of birth years, country, each declared extra."""
    said: list[list[str]] = [[] for _ in range(len(table))]
    for part in USER_PARTS:
        for person, cell in zip(said, table[part].astype(str), strict=True):
            if part == "birth_year":
                person += [f"born={int(cell[:4]) // config.age_band * config.age_band}"] if cell[:4].isdigit() else []
            else:
                person += [f"{part}={value.strip()}" for value in cell.split(";") if value.strip()]
    return _coded(said, config.rarest, config.most)


def item_features(table: pd.DataFrame, config: LinearConfig) -> tuple[list[str], Csr]:
    """Names of values, and items x values (binary): each step of the category, brand, each tag, fifth of the price."""
    said: list[list[str]] = [[] for _ in range(len(table))]
    for part in ITEM_PARTS:
        for thing, cell in zip(said, table[part].astype(str), strict=True):
            cuts = cell.split(">") if part == "category" else cell.split(";")
            thing += [f"{part}={value.strip()}" for value in cuts if value.strip()]
    price = table["price"].to_numpy(float)
    if np.isfinite(price).any():
        edges = np.quantile(price[np.isfinite(price)], [0.2, 0.4, 0.6, 0.8])
        for thing, amount in zip(said, price.tolist(), strict=True):
            thing += [f"price={int(np.searchsorted(edges, amount)) + 1}/5"] if np.isfinite(amount) else []
    return _coded(said, config.rarest, config.most)


def _coded(said: Sequence[Sequence[str]], rarest: int, most: int) -> tuple[list[str], Csr]:
    """The kept values, commonest first (ties by name), and a binary matrix of who has them."""
    counts = Counter(value for one in said for value in set(one))
    kept = sorted((value for value, n in counts.items() if n >= rarest), key=lambda value: (-counts[value], value))
    code = {value: at for at, value in enumerate(kept[:most])}
    pairs = [(row, code[value]) for row, one in enumerate(said) for value in sorted(set(one)) if value in code]
    rows, columns = np.array(pairs, np.int64).reshape(-1, 2).T
    matrix = sp.csr_matrix((np.ones(len(pairs), np.float32), (rows, columns)), shape=(len(said), len(code)))
    return list(code), matrix


def _taken(matrix: Csr, positions: Ints) -> Csr:
    """Rows of `matrix` as float64, empty at -1."""
    known = sp.diags((positions >= 0).astype(np.float64))
    return (known @ matrix[np.maximum(positions, 0)]).tocsr() if matrix.shape[0] else sp.csr_matrix((len(positions), 0))
