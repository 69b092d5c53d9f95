"""How far predicted ratings are off, and the two pictures that show where: as plain values for a chart."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from recommendations.candidates.ratings.base import Rater, ratings_of
from recommendations.dataset.arrays import Doubles, Ints
from recommendations.dataset.events import Dataset
from recommendations.evaluation.bootstrap import error_intervals
from recommendations.evaluation.metrics import mae, rmse

BARS = 20
"""Bars of the histogram."""
MARKS = 11
"""Ratings told apart in the grid: zero to five stars by halves, or zero to ten."""
STEPS = 10
"""Bins of predicted ratings, each of as many answers as any other."""


@dataclass(frozen=True)
class Bar:
    """Answers whose error (actual minus predicted) lies between `start` and `end`."""

    start: float
    end: float
    count: int


@dataclass(frozen=True)
class CalibrationStep:
    """Answers with about the same prediction: a good rater's mean prediction is their mean rating."""

    predicted: float
    """Mean prediction."""
    actual: float
    """Mean rating."""
    low: float
    """A tenth of the ratings are below."""
    high: float
    """A tenth of the ratings are above."""
    count: int


@dataclass(frozen=True)
class Residuals:
    """The errors of one rater on ratings kept from it."""

    name: str
    answers: int
    people: int
    rmse: float
    rmse_low: float
    """Lower end of the 95 % bootstrap interval over people."""
    rmse_high: float
    mae: float
    mae_low: float
    mae_high: float
    mean: float
    """Mean error; above 0 when it predicts too low."""
    histogram: list[Bar]
    steps: list[CalibrationStep]
    """By rising prediction."""
    marks: list[float] = field(default_factory=list)
    """The ratings of the grid's rows and columns; empty in what was judged before there was a grid."""
    grid: list[list[int]] = field(default_factory=list)
    """Answers by the mark nearest to the rating (rows) and to the prediction (columns)."""

    def as_values(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """The errors that as_values() described."""
        bars, steps = [Bar(**bar) for bar in values["histogram"]], [CalibrationStep(**step) for step in values["steps"]]
        return cls(**{**values, "histogram": bars, "steps": steps})


def residuals(name: str, predicted: Doubles, actual: Doubles, users: Ints) -> Residuals:
    """The errors of `predicted` against `actual` ratings of `users`, each (answers,).

    Raises ValueError without answers.
    """
    if not len(actual):
        raise ValueError("there are no ratings to judge by")
    predicted, actual = predicted.astype(np.float64), actual.astype(np.float64)
    errors = actual - predicted
    marks = _marks(actual)
    (rmse_low, rmse_high), (mae_low, mae_high) = error_intervals(errors, users)
    return Residuals(
        name=name,
        answers=len(errors),
        people=len(np.unique(users)),
        rmse=rmse(errors),
        rmse_low=rmse_low,
        rmse_high=rmse_high,
        mae=mae(errors),
        mae_low=mae_low,
        mae_high=mae_high,
        mean=float(errors.mean()),
        histogram=_histogram(errors),
        steps=_steps(predicted, actual),
        marks=marks.tolist(),
        grid=_grid(predicted, actual, marks),
    )


def listed(rated: list[dict[str, Any]] | dict[str, Any] | None) -> list[dict[str, Any]]:
    """What is kept of raters, as a list: older versions kept one of them, or None."""
    return [rated] if isinstance(rated, dict) else rated or []


def judge_rater(name: str, rater: Rater, held: Dataset) -> Residuals:
    """The errors of a fitted `rater` on the ratings in `held`; raises ValueError when there are none."""
    ratings = ratings_of(held)
    predicted = rater.predict(ratings.users, ratings.items).astype(np.float64)
    return residuals(name, predicted, ratings.values, ratings.users)


def _histogram(errors: Doubles) -> list[Bar]:
    """Bars of equal width around 0, so that the picture is as wide to the left as to the right."""
    reach = max(float(np.abs(errors).max()), 1e-9)
    counts, edges = np.histogram(errors, np.linspace(-reach, reach, BARS + 1))
    return [
        Bar(float(start), float(end), int(count))
        for start, end, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]


def _steps(predicted: Doubles, actual: Doubles) -> list[CalibrationStep]:
    out = []
    for part in np.array_split(np.argsort(predicted, kind="stable"), min(STEPS, len(predicted))):
        low, high = np.quantile(actual[part], [0.1, 0.9])
        out.append(
            CalibrationStep(
                float(predicted[part].mean()), float(actual[part].mean()), float(low), float(high), len(part)
            )
        )
    return out


def _marks(actual: Doubles) -> Doubles:
    """The ratings in use, where there are few; else as many of equal distance over their range. Shape (marks,)."""
    used = np.unique(actual)
    return used if len(used) <= MARKS else np.linspace(used[0], used[-1], MARKS)


def _grid(predicted: Doubles, actual: Doubles, marks: Doubles) -> list[list[int]]:
    """How many answers lie nearest to each pair of marks, actual x predicted."""
    between = (marks[1:] + marks[:-1]) / 2
    row, column = np.searchsorted(between, actual), np.searchsorted(between, predicted)
    flat = np.bincount(row * len(marks) + column, minlength=len(marks) ** 2)
    return [[int(count) for count in one] for one in flat.reshape(len(marks), len(marks))]
