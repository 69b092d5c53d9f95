"""The one door to the library `implicit`: its factorisations on one thread, and the reason where it cannot be loaded.

Its compiled parts need the system's OpenMP runtime (libgomp), which a wheel cannot bring. Only fitting needs the
library: what it learned is plain arrays, so a model made elsewhere is served without it.
"""

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from recommendations.dataset.arrays import Csr, Floats

try:
    from implicit.cpu.als import AlternatingLeastSquares
except (ImportError, OSError) as error:
    WHY_NOT: str | None = f"the library implicit cannot be loaded: {error}"
else:
    WHY_NOT = None


class LibraryMissing(Exception):
    """A learner was fitted that needs a library this machine cannot load; the text says why."""


@dataclass(frozen=True)
class Alternating:
    """Settings of alternating least squares, as the library takes them."""

    factors: int
    alpha: float
    """Confidence of a taken pair; a pair not taken has 1."""
    penalty: float
    rounds: int
    seed: int
    threads: int = 1


def available() -> str | None:
    """None when the library can be used, else the reason in words."""
    return WHY_NOT


def alternating(pairs: Csr, settings: Alternating) -> Floats:
    """Item factors of implicit ALS on binary `pairs` (people x items), shape (items, factors).

    Raises LibraryMissing where the library cannot be loaded.
    """
    _require()
    # the library asks for one BLAS thread: its own loops and those of BLAS would wait for each other
    with threadpool_limits(1):
        model = AlternatingLeastSquares(
            factors=settings.factors,
            alpha=settings.alpha,
            regularization=settings.penalty,
            iterations=settings.rounds,
            random_state=settings.seed,
            num_threads=settings.threads,
        )
        model.fit(pairs, show_progress=False)
    return np.ascontiguousarray(model.item_factors, dtype=np.float32)


def _require() -> None:
    if reason := available():
        raise LibraryMissing(reason)
