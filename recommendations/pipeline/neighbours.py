"""The model's neighbourhoods of items as rows to be served: only pairs that enough people stand behind."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from recommendations.candidates.item_knn import ItemKnn
from recommendations.dataset.arrays import Csr, Doubles, Ints
from recommendations.pipeline.fitted import FittedHybrid
from recommendations.ranking.policy import K_SUPPORT
from recommendations.serving.models import Neighbours
from recommendations.serving.neighbours import Beside

MOST = 50
"""Neighbours kept per product and kind."""


def neighbours(fitted: FittedHybrid, product_ids: "np.ndarray[Any, np.dtype[np.int64]]") -> Iterator[Beside]:
    """Yield, for every item that has some, its similar ones and those that go into one basket with it.

    `product_ids` gives the product of each item position, shape (items,). Similar: the pairs of ItemKnn.supported,
    ordered by cosine with shrinkage. Together: association rules (Agrawal et al., 1993) of the pairs of
    Grounds.baskets, with people for transactions: support is how many took both on one day, the score is the rule's
    confidence, their share of the people who took the item. None has fewer than K_SUPPORT people.
    """
    knn = next(learner for learner in fitted.learners if isinstance(learner, ItemKnn))
    yield from _rows(Neighbours.Kind.SIMILAR, knn.supported, people_of(knn, fitted.buyers), product_ids)
    baskets = fitted.grounds.baskets.pairs
    share = baskets.copy()
    share.data = baskets.data / np.maximum(fitted.buyers[_row_of_each(baskets)], 1)
    yield from _rows(Neighbours.Kind.TOGETHER, share, baskets, product_ids)


def people_of(knn: ItemKnn, buyers: Ints) -> Csr:
    """How many people took both items of each supported pair, items x items; `buyers` is (items,).

    The cosine is people / sqrt((buyers + shrinkage) (buyers + shrinkage)), so the number comes back out of it.
    """
    root = np.sqrt(buyers + knn.config.shrinkage)
    out = knn.supported.copy()
    out.data = np.round(out.data * root[_row_of_each(out)] * root[out.indices])
    return out


def _row_of_each(matrix: Csr) -> Ints:
    """The row of each stored cell, shape (cells,)."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))


def _rows(
    kind: Neighbours.Kind, scores: Csr, people: Csr, product_ids: "np.ndarray[Any, np.dtype[np.int64]]"
) -> Iterator[Beside]:
    """One row per item with neighbours; `scores` and `people` have the same cells."""
    for item in range(scores.shape[0]):
        cells = slice(scores.indptr[item], scores.indptr[item + 1])
        best = _best(scores.data[cells], people.data[cells])
        if not len(best):
            continue
        yield Beside(
            product_id=int(product_ids[item]),
            kind=kind.value,
            product_ids=[int(one) for one in product_ids[scores.indices[cells][best]]],
            scores=[round(float(one), 5) for one in scores.data[cells][best]],
            support=[int(one) for one in people.data[cells][best]],
        )


def _best(scores: Doubles, people: Doubles) -> Ints:
    """The places of the MOST best cells with support, best first; ties in their order."""
    order = np.argsort(-scores, kind="stable")
    found: Ints = order[people[order] >= K_SUPPORT][:MOST]
    return found
