"""The array types every learner speaks: names for the shapes, and the few moves numpy lacks."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float32]
Doubles: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]
Csr: TypeAlias = "sp.csr_matrix[Any]"


def csr(data: npt.NDArray[Any], indices: npt.NDArray[Any], indptr: npt.NDArray[Any], shape: tuple[int, int]) -> Csr:
    """A float32 CSR matrix over existing arrays; indices must be sorted within each row."""
    return sp.csr_matrix((data.astype(np.float32, copy=False), indices, indptr), shape=shape)


def from_pairs(rows: Ints, columns: Ints, shape: tuple[int, int]) -> Csr:
    """A binary float32 CSR matrix (duplicates collapse to 1) of `shape`."""
    matrix = sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=shape)
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix


def dense(matrix: Any) -> Floats:
    """The sparse or dense product as a C-ordered float32 array."""
    array = matrix.toarray() if hasattr(matrix, "toarray") else np.asarray(matrix)
    return np.ascontiguousarray(array, dtype=np.float32)


def row_lengths(matrix: Csr) -> Ints:
    """Stored entries per row, shape (rows,)."""
    return np.diff(matrix.indptr).astype(np.int64)


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """start, start+1, ... for each pair, one after the other; shape (lengths.sum(),)."""
    ends = np.cumsum(lengths)
    return np.asarray(np.arange(int(lengths.sum())) + np.repeat(starts - (ends - lengths), lengths))


def places(group: Ints) -> Ints:
    """How many of the same group stand before each entry of `group`, which is sorted; same shape."""
    opens = np.ones(len(group), bool)
    opens[1:] = group[1:] != group[:-1]
    start = np.flatnonzero(opens)
    return np.asarray(np.arange(len(group)) - np.repeat(start, np.diff(np.r_[start, len(group)])))


def strongest(group: Ints, strength: npt.NDArray[Any], most: int) -> Ints:
    """Positions of the `most` strongest entries of each group, by group and strength, best first; ties by position."""
    order = np.lexsort((-strength, group))
    return np.asarray(order[places(group[order]) < most])


def from_parts(name: str, arrays: dict[str, npt.NDArray[Any]]) -> Csr:
    """The CSR matrix whose four arrays are called `<name>_data`, `_indices`, `_indptr` and `_shape`."""
    rows, columns = (int(n) for n in arrays[f"{name}_shape"])
    return csr(arrays[f"{name}_data"], arrays[f"{name}_indices"], arrays[f"{name}_indptr"], (rows, columns))
