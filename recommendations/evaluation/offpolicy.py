"""What another order of the lists would have brought, from lists that were partly drawn by lot and logged.

Each place that was shown is weighed by how likely the other order was to put that product there, over how likely the
order that was shown was to (its logged propensity): inverse propensity scoring, Horvitz and Thompson, "A Generalization
of Sampling Without Replacement", 1952; place by place as the item-position estimator of Li et al., "Offline Evaluation
of Ranking Policies with Click Models", 2018, which takes a product's pull at a place to be its own, whatever stands
around it. SNIPS divides by the sum of the weights rather than by the number of places, which costs a little bias and
saves much variance (Swaminathan and Joachims, "The Self-Normalized Estimator for Counterfactual Learning", 2015).
"""

from dataclasses import dataclass

import numpy as np

from recommendations.dataset.arrays import Bools, Doubles, Ints
from recommendations.evaluation.bootstrap import RESAMPLES, middle


@dataclass(frozen=True)
class ShownPlaces:
    """Places of logged lists; arrays of shape (places,)."""

    people: Ints
    """Who was shown it, any numbers."""
    place: Ints
    """From 1."""
    rank: Ints
    """Where the model's own order had the product, from 1."""
    propensity: Doubles
    """How likely the product was to stand there, in (0, 1]."""
    taken: Bools
    """Whether the person took it soon after."""


@dataclass(frozen=True)
class Estimate:
    """Taken products per place shown, under one order."""

    ips: float
    snips: float
    low: float
    """Lower end of the 95 % bootstrap interval of `snips` over people."""
    high: float
    effective: float
    """Kish's effective number of places: as many equally weighed ones would tell as much."""


def as_shown(log: ShownPlaces) -> Estimate:
    """What the lists brought as they were shown: every weight is 1."""
    return estimate(log, np.ones(len(log.place)))


def models_order(log: ShownPlaces) -> Estimate:
    """What the model's own order would bring, without any draw: only products that stood at their own rank tell of it.

    Raises ValueError where none did.
    """
    return estimate(log, (log.rank == log.place) / log.propensity)


def by_lot(log: ShownPlaces, reach: Ints) -> Estimate:
    """What an order drawn by lot alone would bring: each of `reach` products is as likely at each place (places,)."""
    return estimate(log, 1 / (reach * log.propensity))


def estimate(log: ShownPlaces, weight: Doubles, seed: int = 0) -> Estimate:
    """The estimate for a policy whose likelihood over the logged one is `weight` (places,).

    Raises ValueError without places or without weight.
    """
    if not len(weight) or not weight.any():
        raise ValueError("nothing that was shown tells of this order")
    _, person = np.unique(log.people, return_inverse=True)
    gain = np.bincount(person, weight * log.taken)
    mass, count = np.bincount(person, weight), np.bincount(person).astype(float)
    rng = np.random.default_rng(seed)
    found = np.empty(RESAMPLES)
    for at in range(RESAMPLES):
        drawn = rng.integers(0, len(gain), len(gain))
        found[at] = gain[drawn].sum() / max(float(mass[drawn].sum()), 1e-12)
    low, high = middle(found)
    return Estimate(
        ips=float(gain.sum() / count.sum()),
        snips=float(gain.sum() / mass.sum()),
        low=low,
        high=high,
        effective=float(weight.sum() ** 2 / np.square(weight).sum()),
    )
