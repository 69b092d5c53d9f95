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


def find(indptr: Ints, indices: Ints, columns: Ints, width: int) -> Ints:
    """Where (row, columns[row]) stands among the entries of a CSR matrix, their number where it does not.

    `columns` is (rows, any); a negative one is never found. Raises ValueError unless the entries are sorted.
    """
    key = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)) * width + indices
    if (np.diff(key) <= 0).any():
        raise ValueError("the entries are not sorted by row and column")
    wanted = np.where(columns >= 0, np.arange(len(columns))[:, None] * width + columns, -1)
    place = np.searchsorted(key, wanted)
    found = np.append(key, -2)[np.minimum(place, len(key))] == wanted
    return np.where(found, place, len(key))


def strongest(group: Ints, strength: npt.NDArray[Any], most: int) -> Ints:
    """Positions of the `most` strongest entries of each group, by group and strength, best first; ties by position."""
    order = np.lexsort((-strength, group))
    return np.asarray(order[places(group[order]) < most])


def largest(data: npt.NDArray[Any], indptr: Ints, most: "int | Ints") -> Ints:
    """Positions in `data` of the `most` largest numbers of each row, in their order; of equal ones the first.

    `data` and `indptr` are those of a CSR matrix; `most` may differ by row, shape (rows,). Rows of like length are
    compared together, padded, which is many times faster than sorting all of them.
    """
    lengths = np.diff(indptr)
    most = np.broadcast_to(np.asarray(most, np.int64), lengths.shape)
    out = [np.flatnonzero(np.repeat(lengths <= most, lengths))]
    long = np.flatnonzero(lengths > most)
    size = np.ceil(np.log2(np.maximum(lengths[long], 1))).astype(np.int64)
    for one in np.unique(size):
        rows = long[size == one]
        out += [indptr[rows[row]] + column for row, column in _largest_padded(data, indptr, rows, most[rows])]
    return np.sort(np.concatenate(out)) if len(out) > 1 else out[0]


def _largest_padded(
    data: npt.NDArray[Any], indptr: Ints, rows: Ints, most: Ints
) -> "list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]":
    """Number among `rows` and place in its row of each of the `most` (rows,) largest, rows being longer than that."""
    lengths = indptr[rows + 1] - indptr[rows]
    width = int(lengths.max())
    real = np.arange(width) < lengths[:, None]
    padded = np.full((len(rows), width), -np.inf, data.dtype)
    padded[real] = data[ranges(indptr[rows], lengths)]
    found = []
    for wanted in np.unique(most):
        chosen = np.flatnonzero(most == wanted)
        if not wanted:
            continue
        part = padded[chosen]
        last = np.partition(part, width - wanted, axis=1)[:, width - wanted, None]
        keep = part >= last
        crowded = np.flatnonzero(keep.sum(axis=1) > wanted)
        if len(crowded):
            tied = part[crowded] == last[crowded]
            room = wanted - (part[crowded] > last[crowded]).sum(axis=1)
            keep[crowded] &= ~tied | (np.cumsum(tied, axis=1) <= room[:, None])
        row, column = np.nonzero(keep)
        found.append((chosen[row], column))
    return found


def from_parts(name: str, arrays: dict[str, npt.NDArray[Any]]) -> Csr:
    """The CSR matrix whose four arrays are called `<name>_data`, `_indices`, `_indptr` and `_shape`."""
    rows, columns = (int(n) for n in arrays[f"{name}_shape"])
    return csr(arrays[f"{name}_data"], arrays[f"{name}_indices"], arrays[f"{name}_indptr"], (rows, columns))
