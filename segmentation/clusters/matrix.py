"""Portraits as numbers that can be compared: raw values, and the same standardised."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from scipy.stats import skew

from segmentation.portraits.features import BY_NAME, FEATURES, Type
from segmentation.portraits.models import Portrait

Doubles = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

SKEWED = 1.0
"""From this skewness a feature that is never negative is compared by its logarithm."""
FARTHEST = 4.0
"""Standard deviations beyond which a value counts as this far, so that one person cannot be a cluster."""
DAY = 86_400.0
COMPARED = (Type.COUNT, Type.NUMBER, Type.MONEY, Type.SHARE, Type.MOMENT)
DEFAULT = tuple(feature.name for feature in FEATURES if feature.cluster)
CHOICES = tuple(feature for feature in FEATURES if feature.type in COMPARED)


class NothingToCompare(ValueError):
    """Too few people, or nothing in which they differ; the message says which."""


@dataclass(frozen=True)
class Matrix:
    """People × features. A moment is days ago.

    `raw` has NaN where a thing is not known; `filled` has a number there; `scaled` has mean 0 and deviation 1 in each
    column. All three have the shape (people, features).
    """

    people: Ids
    names: tuple[str, ...]
    raw: Doubles
    filled: Doubles
    scaled: Doubles


def load(names: Sequence[str]) -> Matrix:
    """Read all portraits, streamed, and make them comparable.

    Raises NothingToCompare for a feature that is no number, or when people differ in nothing.
    """
    strange = [name for name in names if name not in BY_NAME or BY_NAME[name].type not in COMPARED]
    if strange or not names:
        raise NothingToCompare(f"People cannot be compared by {', '.join(strange) or 'nothing'}.")
    rows = Portrait.objects.order_by().values_list("customer_id", "as_of", *names).iterator(chunk_size=10_000)
    people: list[int] = []
    values: list[list[float]] = []
    for customer_id, as_of, *found in rows:
        people.append(customer_id)
        values.append([_number(value, as_of) for value in found])
    raw = np.array(values, dtype=np.float64).reshape(len(people), len(names))
    return comparable(np.array(people, dtype=np.int64), tuple(names), raw)


def comparable(people: Ids, names: tuple[str, ...], raw: Doubles) -> Matrix:
    """Fill and standardise raw values (people, features); features in which nobody differs are left out.

    What is not known: the longest ago seen for a moment (it never happened), the median of the others for the rest.
    Raises NothingToCompare when no feature is left.
    """
    filled = np.column_stack([_filled(name, raw[:, at]) for at, name in enumerate(names)])
    scaled = np.column_stack([_scaled(filled[:, at]) for at in range(len(names))])
    kept = [at for at in range(len(names)) if scaled[:, at].any()]
    if not kept:
        raise NothingToCompare("There are no portraits in which people differ.")
    return Matrix(people, tuple(names[at] for at in kept), raw[:, kept], filled[:, kept], scaled[:, kept])


def _number(value: object, as_of: datetime) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, datetime):
        return (as_of - value).total_seconds() / DAY
    return float(str(value))


def _filled(name: str, column: Doubles) -> Doubles:
    known = column[~np.isnan(column)]
    if not len(known):
        return np.zeros_like(column)
    instead = known.max() if BY_NAME[name].type is Type.MOMENT else np.median(known)
    return np.where(np.isnan(column), instead, column)


def _scaled(column: Doubles) -> Doubles:
    if not len(column) or np.ptp(column) == 0:
        return np.zeros_like(column)
    if column.min() >= 0 and float(skew(column)) > SKEWED:
        column = np.log1p(column)
    standard: Doubles = (column - column.mean()) / column.std()
    return standard.clip(-FARTHEST, FARTHEST)
