"""Means over sets of edges, as one sparse matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array


def make_mean_matrix(marks: Sequence[np.ndarray]) -> csr_array:
    """Return the matrix that takes edges to their means over sets of them.

    Parameters
    ----------
    marks : sequence of array of bool, shape (n_edges,)
        Which edges belong to each set; a set may be empty, and its mean is then 0.

    Returns
    -------
    matrix : sparse array, shape (n_sets, n_edges)

    Examples
    --------
    >>> marks = [np.array([True, True, False]), np.array([False, False, True])]
    >>> make_mean_matrix(marks) @ np.array([0.2, 0.4, 0.9])
    array([0.3, 0.9])
    """
    marked = np.array(marks, dtype=bool)
    rows, columns = np.nonzero(marked)
    sizes = marked.sum(axis=1)
    return csr_array((1.0 / sizes[rows], (rows, columns)), shape=marked.shape)
