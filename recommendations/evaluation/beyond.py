"""What a list is beside right: how much of the shop is seen, how novel, how varied, how true to the person's mix."""

import numpy as np
import scipy.sparse as sp

from recommendations.dataset.arrays import Csr, Doubles, Ints

ALPHA = 0.01
"""Steck's alpha: so much of the person's own mix is blended into the list's, lest a missing category cost infinity."""


def coverage(lists: Ints, n_items: int, k: int = 10) -> float:
    """Share of `n_items` that is in somebody's first `k` (catalogue coverage, Ge et al., "Beyond Accuracy", 2010)."""
    shown = lists[:, :k]
    return len(np.unique(shown[shown >= 0])) / max(n_items, 1)


def novelty(lists: Ints, buyers: Ints, n_people: int, k: int = 10) -> float:
    """Mean -log2 of the share of people who have each shown item, over the first `k`; items nobody has are left out.

    Zhou et al., "Solving the Apparent Diversity-Accuracy Dilemma", 2010.
    """
    shown = lists[:, :k]
    share = buyers[shown[shown >= 0]] / max(n_people, 1)
    share = share[share > 0]
    return float(-np.log2(share).mean()) if len(share) else 0.0


def memberships(categories: Ints) -> Csr:
    """Items x categories, 1 for the category of each item; an item of category -1 has an empty row."""
    known = np.flatnonzero(categories >= 0)
    width = int(categories.max(initial=-1)) + 1
    return sp.csr_matrix((np.ones(len(known)), (known, categories[known])), shape=(len(categories), width))


def diversity(lists: Ints, vectors: Csr, k: int = 10) -> Doubles:
    """Mean of 1 - cosine over all pairs among the first `k`, shape (people,); NaN with fewer than two known items.

    Intra-list diversity (Smyth and McClave, "Similarity vs. Diversity", 2001). `vectors` (items x anything) are
    memberships() for diversity by category, where a pair of one category counts 0 and any other 1, or text weights for
    diversity of content. Items with an empty vector are left out.
    """
    lengths = np.sqrt(np.asarray(vectors.multiply(vectors).sum(axis=1), np.float64)).ravel()
    unit = sp.diags(np.where(lengths > 0, 1 / np.where(lengths > 0, lengths, 1), 0)) @ vectors.astype(np.float64)
    shown = _shown(lists, vectors.shape[0], k)
    total = (shown @ unit).tocsr()
    known = np.asarray(shown @ (lengths > 0)).ravel()
    # the squared length of a sum of unit vectors is their number plus twice the sum of their cosines
    cosines = np.asarray(total.multiply(total).sum(axis=1)).ravel() - known
    pairs = known * (known - 1)
    return np.where(pairs > 0, 1 - cosines / np.where(pairs > 0, pairs, 1), np.nan)


def miscalibration(lists: Ints, past: Csr, categories: Csr, k: int = 10) -> Doubles:
    """KL divergence of the person's category shares from the list's, shape (people,); 0 is calibrated.

    Steck, "Calibrated Recommendations", 2018: p(g) are the shares in `past` (people x items, weights of history), q(g)
    those in the first `k`, and sum p log(p / ((1 - alpha) q + alpha p)) in natural logarithms. `categories` is items x
    categories; an item of several counts for each in part. NaN for people without a categorised history; the largest
    value, -log(alpha), for a list without a categorised item.
    """
    parts = np.asarray(categories.sum(axis=1), np.float64).ravel()
    even = sp.diags(np.where(parts > 0, 1 / np.where(parts > 0, parts, 1), 0)) @ categories.astype(np.float64)
    p = _shares((past @ even).toarray())
    q = _shares((_shown(lists, categories.shape[0], k) @ even).toarray())
    mixed = (1 - ALPHA) * q + ALPHA * p
    there = p > 0
    ratio = np.log(np.where(there, p, 1) / np.where(there, mixed, 1))
    return np.where(there.any(axis=1), (p * ratio).sum(axis=1), np.nan)


def mean_known(values: Doubles) -> float | None:
    """Mean of the numbers that are not NaN; None when all are."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _shown(lists: Ints, n_items: int, k: int) -> Csr:
    """People x items, 1 for each of the first `k`."""
    first = lists[:, :k]
    at = first >= 0
    indptr = np.r_[0, np.cumsum(at.sum(axis=1))]
    return sp.csr_matrix((np.ones(int(at.sum())), first[at], indptr), shape=(len(lists), n_items))


def _shares(counts: Doubles) -> Doubles:
    total = counts.sum(axis=1, keepdims=True)
    return np.asarray(counts / np.where(total > 0, total, 1))
