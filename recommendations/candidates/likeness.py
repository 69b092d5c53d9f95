"""How alike two rows of ratings are: cosine, Pearson, adjusted cosine and Jaccard, and what the nearest rows predict.

Rows are items when items are compared, and people when people are.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp
from sparse_dot_topn import sp_matmul_topn

from recommendations.dataset.arrays import Csr, Doubles, Ints

Measure = Literal["cosine", "pearson", "adjusted", "jaccard"]

BLOCK = 1024
"""Rows compared at a time, which bounds memory."""


@dataclass(frozen=True)
class LikenessConfig:
    """Which likeness, and how sure."""

    measure: Measure = "cosine"
    """cosine: of the rows as they are. pearson: of the rows less their own mean, what is not rated counting as the
    mean, as in LensKit; Pearson's correlation where both rows rate the same. adjusted: of the rows less each column's
    mean (Sarwar et al., "Item-based Collaborative Filtering", 2001). jaccard: shared columns over all columns of
    either, whatever the ratings."""
    shrinkage: float = 0.0
    """n / (n + shrinkage) is taken of a likeness that rests on n shared columns (Koren, "Factor in the Neighbors",
    2010)."""
    support: int = 1
    """Shared columns below which two rows are not compared."""
    least: float = 1e-6
    """Likenesses below count as none; negative ones always do."""
    neighbours: int | None = 200
    """Nearest rows kept per row; None keeps all, which for n rows may take n x n numbers."""


def likeness(ratings: Csr, config: LikenessConfig) -> Csr:
    """Likeness of every two rows of `ratings` (rows x columns), rows x rows, float64, none of a row to itself.

    A stored 0 is a rating. Indices are sorted within rows; of equal likenesses the first row is kept. Raises ValueError
    for an unknown measure.
    """
    units, there = vectors(ratings, config.measure), binary(ratings)
    across, shared_across = units.T.tocsr(), there.T.tocsr()
    plain = config.measure != "jaccard" and not config.shrinkage and config.support <= 1
    sizes = np.diff(ratings.indptr).astype(np.float64)
    blocks = [sp.csr_matrix((0, ratings.shape[0]))]
    for start in range(0, ratings.shape[0], BLOCK):
        rows = slice(start, min(start + BLOCK, ratings.shape[0]))
        if plain and config.neighbours is not None:
            # the library prunes while it multiplies; one more, for the row itself
            found = sp_matmul_topn(units[rows], across, top_n=config.neighbours + 1, threshold=config.least / 2)
        elif plain:
            found = (units[rows] @ across).tocsr()
        else:
            shared = (there[rows] @ shared_across).tocsr()
            found = shared if config.measure == "jaccard" else (units[rows] @ across).tocsr()
            found = _sure(found, shared, (sizes[rows], sizes), config)
        blocks.append(_nearest(found, start, config))
    whole: Csr = sp.vstack(blocks, format="csr")
    return whole


def vectors(ratings: Csr, measure: Measure) -> Csr:
    """Rows of length 1 (or 0) whose products are the likeness; for jaccard the binary rows."""
    if measure == "jaccard":
        return binary(ratings)
    rows = ratings.astype(np.float64)
    if measure == "pearson":
        rows = centred(rows, row_means(rows))
    elif measure == "adjusted":
        rows = centred(rows.T.tocsr(), row_means(rows.T.tocsr())).T.tocsr()
    elif measure != "cosine":
        raise ValueError(f"no likeness is called {measure}")
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return (sp.diags(1 / np.where(lengths > 0, lengths, 1)) @ rows).tocsr()


def row_means(ratings: Csr) -> Doubles:
    """Mean of each row's stored ratings, shape (rows,); 0 for an empty row."""
    return np.asarray(ratings.sum(axis=1)).ravel() / np.maximum(np.diff(ratings.indptr), 1)


def centred(ratings: Csr, means: Doubles) -> Csr:
    """Each row less its mean; a rating equal to the mean stays as a stored 0."""
    data = ratings.data - np.repeat(means, np.diff(ratings.indptr))
    return sp.csr_matrix((data, ratings.indices, ratings.indptr), shape=ratings.shape)


@dataclass(frozen=True)
class Neighbourhood:
    """What rows that are alike say of a column: the mean-centred weighted average of Herlocker et al. (1999)."""

    likeness: Csr
    """Rows x rows."""
    means: Doubles
    """Shape (rows,)."""
    deviations: Csr
    """Columns x rows: each rating less the mean of its row."""
    neighbours: int
    """At most so many rows, the most alike of those that rated the column, speak."""
    quorum: int = 1
    """Fewer say nothing."""

    def predict(self, rows: Ints, columns: Ints) -> Doubles:
        """mean + sum(likeness x deviation) / sum(likeness) for each pair, shape (pairs,); NaN where nobody speaks."""
        asked = self.likeness[rows]
        said = self.deviations[columns]
        # the pattern first: a deviation of 0 is a vote for the mean
        speaking = keep_top(asked.multiply(binary(said)).tocsr(), self.neighbours)
        weight = np.asarray(speaking.sum(axis=1)).ravel()
        votes = np.asarray(speaking.multiply(said).sum(axis=1)).ravel()
        enough = (np.diff(speaking.indptr) >= self.quorum) & (weight > 0)
        return np.where(enough, self.means[rows] + votes / np.where(enough, weight, 1), np.nan)


def neighbourhood(ratings: Csr, config: LikenessConfig, neighbours: int, quorum: int = 1) -> Neighbourhood:
    """The neighbourhood of the rows of `ratings` (rows x columns)."""
    rows = ratings.astype(np.float64)
    means = row_means(rows)
    return Neighbourhood(likeness(rows, config), means, centred(rows, means).T.tocsr(), neighbours, quorum)


def binary(matrix: Csr) -> Csr:
    """1 wherever something is stored, also a 0; float64."""
    out: Csr = sp.csr_matrix((np.ones(matrix.nnz), matrix.indices, matrix.indptr), shape=matrix.shape)
    return out


def _sure(found: Csr, shared: Csr, sizes: tuple[Doubles, Doubles], config: LikenessConfig) -> Csr:
    """`found` by how many columns are shared: not compared below the support, shrunk above.

    `sizes` are the columns of each asked and of each known row.
    """
    n = shared.data
    trust = np.where(n >= config.support, n / (n + config.shrinkage), 0.0)
    if config.measure == "jaccard":
        own = np.repeat(sizes[0], np.diff(shared.indptr))
        jaccard = n / (own + sizes[1][shared.indices] - n)
        return sp.csr_matrix((jaccard * trust, shared.indices, shared.indptr), shape=shared.shape)
    out: Csr = found.multiply(sp.csr_matrix((trust, shared.indices, shared.indptr), shape=shared.shape)).tocsr()
    return out


def _nearest(found: Csr, first: int, config: LikenessConfig) -> Csr:
    """Without the rows themselves (from the `first` on) and what is below the least likeness, the nearest of each."""
    row = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
    keep = (found.indices != first + row) & (found.data >= config.least)
    kept: Csr = sp.csr_matrix((found.data[keep], (row[keep], found.indices[keep])), shape=found.shape)
    return keep_top(kept, config.neighbours) if config.neighbours is not None else kept


def keep_top(matrix: Csr, most: int) -> Csr:
    """The `most` largest entries of each row, the first of equal ones; indices sorted."""
    matrix.sort_indices()
    lengths = np.diff(matrix.indptr)
    if not len(lengths) or lengths.max() <= most:
        return matrix
    row = np.repeat(np.arange(matrix.shape[0]), lengths)
    order = np.lexsort((-matrix.data, row))
    place = np.arange(len(order)) - np.repeat(matrix.indptr[:-1], lengths)
    kept = np.sort(order[place < most])
    indptr = np.r_[0, np.cumsum(np.minimum(lengths, most))]
    out: Csr = sp.csr_matrix((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)
    return out
