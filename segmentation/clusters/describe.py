"""What a cluster is, in words and figures: its name, what sets it apart, and a rule that nearly says who is in."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from segmentation.clusters.fit import Fit
from segmentation.clusters.matrix import Doubles, Matrix
from segmentation.clusters.surrogate import Surrogate, surrogate
from segmentation.clusters.vocabulary import (
    BUYERS,
    MARKED,
    NEVER_BOUGHT,
    ONE_ORDER,
    ONE_TIME,
    PAIRS,
    TYPICAL,
    VISITORS,
    Word,
)

STRONGEST = 3
ADJECTIVES = 2
POINTS = 1_500
ALIKE = 0.8
"""Two axes correlated more than this would show the same thing twice."""


@dataclass(frozen=True)
class Description:
    """One cluster in words. `profile` and `features` are in each feature's own unit, moments in days ago."""

    number: int
    names: dict[str, str]
    """The name by language."""
    size: int
    share: float
    features: list[dict[str, Any]]
    profile: dict[str, float]
    rules: list[Surrogate]


def describe(matrix: Matrix, fit: Fit) -> list[Description]:
    """Describe every cluster of a fit, in its order; no two have the same name."""
    overall = _means(matrix.raw)
    taken: set[str] = set()
    described = []
    for number in range(fit.k):
        inside = fit.labels == number
        means = _means(matrix.raw[inside])
        profile = {name: float(means[at]) for at, name in enumerate(matrix.names) if np.isfinite(means[at])}
        marks = dict(zip(matrix.names, (float(z) for z in fit.centres[number]), strict=True))
        english, chinese = _name(marks, profile, taken)
        taken.add(english)
        described.append(
            Description(
                number=number,
                names={"en": english, "zh-hans": chinese},
                size=int(inside.sum()),
                share=float(inside.mean()),
                features=_strongest(matrix.names, fit.centres[number], means, overall),
                profile=profile,
                rules=surrogate(matrix, inside),
            )
        )
    return described


def scatter(matrix: Matrix, fit: Fit, *, seed: int = 0) -> dict[str, Any]:
    """Return at most 1,500 people as points on the two features that part the clusters best.

    {"x": feature, "y": feature, "points": [[[x, y], …] for each cluster]}; a far outlier is drawn at the edge.
    """
    first, second = _axes(matrix.scaled, fit)
    columns = matrix.filled[:, [first, second]]
    edge = np.quantile(columns, 0.99, axis=0)
    drawn = np.random.default_rng(seed).permutation(len(columns))[:POINTS]
    points = np.minimum(columns[drawn], edge).round(3)
    return {
        "x": matrix.names[first],
        "y": matrix.names[second],
        "points": [points[fit.labels[drawn] == number].tolist() for number in range(fit.k)],
    }


def _means(raw: Doubles) -> Doubles:
    known = ~np.isnan(raw)
    sums = np.where(known, raw, 0).sum(axis=0)
    means: Doubles = np.full(raw.shape[1], np.nan)
    np.divide(sums, known.sum(axis=0), out=means, where=known.any(axis=0))
    return means


def _strongest(names: tuple[str, ...], centre: Doubles, means: Doubles, overall: Doubles) -> list[dict[str, Any]]:
    order = np.argsort(-np.abs(centre), kind="stable")[:STRONGEST]
    return [
        {
            "name": names[at],
            "value": float(means[at]) if np.isfinite(means[at]) else None,
            "average": float(overall[at]),
            "z": round(float(centre[at]), 3),
        }
        for at in order
    ]


def _name(marks: dict[str, float], profile: dict[str, float], taken: set[str]) -> tuple[str, str]:
    """Build a name: up to two adjectives and a noun, the strongest first; more words until it is unlike the others."""
    words = _words(marks, profile)
    noun = next((word for word in words if word.noun), None) or _plain_noun(profile)
    adjectives = [word for word in words if not word.noun]
    for more in range(max(1, len(adjectives))):
        used = adjectives[: ADJECTIVES + more] or [TYPICAL]
        name = _joined(used, noun)
        if name[0] not in taken:
            return name
    number = 2
    while f"{name[0]} {number}" in taken:
        number += 1
    return f"{name[0]} {number}", f"{name[1]} {number}"


def _words(marks: dict[str, float], profile: dict[str, float]) -> list[Word]:
    """Return the words a cluster has earned, strongest first, one for each theme."""
    found: list[Word] = []
    themes: set[str] = set()
    for feature, z in sorted(marks.items(), key=lambda mark: -abs(mark[1])):
        pair = PAIRS.get(feature)
        if pair is None or abs(z) < MARKED or pair.theme in themes:
            continue
        word = pair.high if z > 0 else pair.low
        if feature.startswith("orders") and z < 0 and NEVER_BOUGHT <= profile.get("orders", 2.0) < ONE_ORDER:
            word = ONE_TIME
        if word is not None and not (word.noun and any(other.noun for other in found)):
            found.append(word)
            themes.add(pair.theme)
    return found


def _plain_noun(profile: dict[str, float]) -> Word:
    return VISITORS if profile.get("orders", 1.0) < NEVER_BOUGHT else BUYERS


def _joined(adjectives: list[Word], noun: Word) -> tuple[str, str]:
    en = " ".join([*(word.en for word in adjectives), noun.en])
    return en[0].upper() + en[1:], "".join([*(word.zh for word in adjectives), noun.zh])


def _axes(scaled: Doubles, fit: Fit) -> tuple[int, int]:
    """Return the two columns with the largest share of their variance between clusters that are not alike."""
    spread = np.array([_between(scaled[:, at], fit) for at in range(scaled.shape[1])])
    order = np.argsort(-spread, kind="stable")
    first = int(order[0])
    for at in order[1:]:
        if abs(float(np.corrcoef(scaled[:, first], scaled[:, at])[0, 1])) < ALIKE:
            return first, int(at)
    return first, int(order[min(1, len(order) - 1)])


def _between(column: Doubles, fit: Fit) -> float:
    sizes = np.bincount(fit.labels, minlength=fit.k)
    means = np.bincount(fit.labels, weights=column, minlength=fit.k) / sizes
    return float((sizes * (means - column.mean()) ** 2).sum() / max(1e-12, ((column - column.mean()) ** 2).sum()))
