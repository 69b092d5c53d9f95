"""Cut from a trained recommender the small part that answers questions live."""

import numpy as np

from recommendations.candidates.item_knn import ItemKnn
from recommendations.dataset.arrays import Csr, Ints, csr, row_lengths
from recommendations.pipeline.fitted import FittedHybrid
from recommendations.serving.desk import SearchIndex

NEIGHBOURS = 30
"""Kept per item: enough for a taste, and a few megabytes for the largest shops."""


def desk_of(fitted: FittedHybrid) -> SearchIndex:
    """The desk of `fitted`, whose items are product ids."""
    knn = next(learner for learner in fitted.learners if isinstance(learner, ItemKnn))
    takers = np.log1p(fitted.buyers.astype(np.float64))
    return SearchIndex(
        product_ids=fitted.items.astype(np.int64).to_numpy(),
        words=fitted.words,
        near=_strongest(knn.supported),
        popular=(takers / max(float(takers.max(initial=0)), 1e-9)).astype(np.float32),
        buys_again=fitted.again is not None,
    )


def _strongest(matrix: Csr) -> Csr:
    """The NEIGHBOURS largest values of each row; ties by position."""
    lengths = row_lengths(matrix)
    row = np.repeat(np.arange(matrix.shape[0]), lengths)
    order = np.lexsort((matrix.indices, -matrix.data, row))
    place = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    kept: Ints = np.sort(order[place < NEIGHBOURS])
    indptr = np.r_[0, np.cumsum(np.bincount(row[kept], minlength=matrix.shape[0]))].astype(np.int64)
    return csr(matrix.data[kept], matrix.indices[kept], indptr, matrix.shape)
