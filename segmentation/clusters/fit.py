"""K-means over standardised portraits, with the number of clusters chosen by how well and how surely they part."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from segmentation.clusters.matrix import Doubles, NothingToCompare

Labels = npt.NDArray[np.int64]

FEWEST, MOST = 3, 8
TRIED_ON = 20_000
"""People the numbers of clusters are tried on; the final fit uses everyone."""
SILHOUETTE_ON = 5_000
BOOTSTRAPS = 5
MANY = 100_000
"""From this many people on, mini-batches."""
FEWEST_PEOPLE = 30
STARTS = 5


@dataclass(frozen=True)
class ClusterCount:
    """How one number of clusters did."""

    k: int
    silhouette: float
    """Mean silhouette, -1 to 1 (Rousseeuw 1987, Journal of Computational and Applied Mathematics 20)."""
    stability: float
    """Mean adjusted Rand index between fits on bootstrap samples, at most 1 (Hubert and Arabie 1985)."""

    @property
    def score(self) -> float:
        """Well parted and found again: the product, so that neither makes up for the other."""
        return self.silhouette * max(0.0, self.stability)


@dataclass(frozen=True)
class Fit:
    """Clusters of everyone, the largest first. `labels` has shape (people,), `centres` (k, features), standardised."""

    labels: Labels
    centres: Doubles
    chosen: ClusterCount
    choices: list[ClusterCount] = field(default_factory=list)

    @property
    def k(self) -> int:
        """Number of clusters."""
        return len(self.centres)


def fit(scaled: Doubles, *, k: int = 0, seed: int = 0, tried: Callable[[int, int], None] | None = None) -> Fit:
    """Find clusters among people (people, features); `k` 0 chooses from 3 to 8.

    The same input and seed give the same clusters. `tried` hears (numbers done, numbers to try). Raises
    NothingToCompare for fewer than 30 people, or for people who differ too little for three clusters.
    """
    if len(scaled) < FEWEST_PEOPLE:
        raise NothingToCompare(f"There are {len(scaled)} people; clusters need at least {FEWEST_PEOPLE}.")
    random = np.random.default_rng(seed)
    sample = scaled[random.permutation(len(scaled))[:TRIED_ON]]
    different = len(np.unique(sample.round(6), axis=0))
    if different <= max(FEWEST, k):
        raise NothingToCompare("People differ too little to fall into that many clusters.")
    numbers = [k] if k else [number for number in range(FEWEST, MOST + 1) if number < different]
    choices = []
    # Threads that wait for each other cost more than they save on so few people, above all on a busy machine.
    with threadpool_limits(1):
        for done, number in enumerate(numbers):
            if tried:
                tried(done, len(numbers))
            choices.append(_try(sample, number, seed, random))
    chosen = max(choices, key=lambda choice: choice.score)
    with threadpool_limits(1 if len(scaled) <= TRIED_ON else None):
        return _ordered(_kmeans(len(scaled), chosen.k, seed).fit(scaled), chosen, choices)


def _try(sample: Doubles, k: int, seed: int, random: np.random.Generator) -> ClusterCount:
    labels = _kmeans(len(sample), k, seed).fit_predict(sample)
    few = random.permutation(len(sample))[:SILHOUETTE_ON]
    parted = len(np.unique(labels[few])) > 1
    silhouette = float(silhouette_score(sample[few], labels[few])) if parted else -1.0
    agreements = []
    for again in range(BOOTSTRAPS):
        drawn = random.integers(0, len(sample), len(sample))
        other = _kmeans(len(sample), k, seed + 1 + again, starts=2).fit(sample[drawn])
        agreements.append(adjusted_rand_score(labels, other.predict(sample)))
    return ClusterCount(k, silhouette, float(np.mean(agreements)))


def _kmeans(people: int, k: int, seed: int, starts: int = STARTS) -> KMeans | MiniBatchKMeans:
    if people > MANY:
        return MiniBatchKMeans(k, n_init=starts, batch_size=10_000, random_state=seed)
    return KMeans(k, n_init=starts, random_state=seed)


def _ordered(model: KMeans | MiniBatchKMeans, chosen: ClusterCount, choices: list[ClusterCount]) -> Fit:
    """Number the clusters from the largest down; one that holds nobody is dropped."""
    sizes = np.bincount(model.labels_, minlength=chosen.k)
    order = [at for at in np.argsort(-sizes, kind="stable") if sizes[at]]
    place = np.zeros(chosen.k, dtype=np.int64)
    place[order] = np.arange(len(order))
    return Fit(place[model.labels_], np.asarray(model.cluster_centers_, dtype=np.float64)[order], chosen, choices)
