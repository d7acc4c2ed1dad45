"""Plain functions of connectivity matrices, in stacks of any leading shape."""

from __future__ import annotations

import numpy as np

LARGEST_R = 1 - 1e-6
"""Correlations are held this far inside ±1, where Fisher z is finite: at most 7.25."""

FLOOR = 1e-6
"""A correlation matrix is positive definite if no eigenvalue is below this share of their mean."""


def count_regions(n_edges: int) -> int:
    """Return the fewest regions that have so many pairs.

    Parameters
    ----------
    n_edges : int
        At least 1.

    Examples
    --------
    >>> count_regions(4950), count_regions(4951), count_regions(1)
    (100, 101, 2)
    """
    regions = max(2, int(np.sqrt(2 * n_edges)))
    while regions * (regions - 1) // 2 < n_edges:
        regions += 1
    return regions


def vectorise(matrices: np.ndarray, *, diagonal: bool = False) -> np.ndarray:
    """Return the upper triangles, row by row.

    Parameters
    ----------
    matrices : array, shape (..., n_regions, n_regions)
        Symmetric.
    diagonal : bool
        Whether the diagonal is part of them.

    Returns
    -------
    edges : array, shape (..., n_regions * (n_regions - 1) / 2)
        Or with ``+ 1`` for ``- 1``, with the diagonal.

    Examples
    --------
    >>> vectorise(np.array([[1.0, 0.2, 0.3], [0.2, 1.0, 0.6], [0.3, 0.6, 1.0]]))
    array([0.2, 0.3, 0.6])
    """
    matrices = np.asarray(matrices)
    first, second = np.triu_indices(matrices.shape[-1], k=0 if diagonal else 1)
    return matrices[..., first, second]


def unvectorise(edges: np.ndarray, *, diagonal: float = 1.0) -> np.ndarray:
    """Return the symmetric matrices of upper triangles without their diagonal.

    Parameters
    ----------
    edges : array, shape (..., n_edges)
        Row by row. Where they end before the last row does, the pairs that are absent are 0.
    diagonal : float
        1 for a correlation.

    Returns
    -------
    matrices : array of float64, shape (..., n_regions, n_regions)
        Of the fewest regions that have so many pairs.

    Examples
    --------
    >>> unvectorise(np.array([0.2, 0.3, 0.6]))
    array([[1. , 0.2, 0.3],
           [0.2, 1. , 0.6],
           [0.3, 0.6, 1. ]])
    """
    edges = np.asarray(edges, dtype=np.float64)
    n_edges = edges.shape[-1]
    n_regions = count_regions(n_edges)
    first, second = (index[:n_edges] for index in np.triu_indices(n_regions, k=1))
    matrices = np.zeros((*edges.shape[:-1], n_regions, n_regions))
    matrices[..., first, second] = edges
    matrices[..., second, first] = edges
    matrices[..., np.arange(n_regions), np.arange(n_regions)] = diagonal
    return matrices


def fisher_z(r: np.ndarray) -> np.ndarray:
    """Return Fisher's z of correlations, those at ±1 held at `LARGEST_R`.

    Source
    ------
    Fisher 1915, Biometrika 10(4), 507-521.

    Examples
    --------
    >>> fisher_z(np.array([0.0, 0.5, 1.0])).round(3)
    array([0.   , 0.549, 7.254])
    """
    return np.arctanh(np.clip(r, -LARGEST_R, LARGEST_R))


def inverse_fisher_z(z: np.ndarray) -> np.ndarray:
    """Return the correlations of Fisher's z.

    Examples
    --------
    >>> inverse_fisher_z(fisher_z(np.array([-0.3, 0.8]))).round(12)
    array([-0.3,  0.8])
    """
    return np.tanh(z)


def shrink(matrices: np.ndarray, amount: float) -> np.ndarray:
    """Move matrices towards a multiple of the identity of the same trace.

    Parameters
    ----------
    matrices : array, shape (..., n_regions, n_regions)
    amount : float
        From 0, unchanged, to 1, the multiple of the identity.

    Returns
    -------
    shrunk : array, shape (..., n_regions, n_regions)
        Of a positive semidefinite matrix, no eigenvalue is below ``amount`` times their mean.

    Source
    ------
    Ledoit and Wolf 2004, Journal of Multivariate Analysis 88(2), 365-411, equation (3).

    Examples
    --------
    >>> shrink(np.array([[1.0, 0.8], [0.8, 1.0]]), 0.25)
    array([[1. , 0.6],
           [0.6, 1. ]])
    """
    matrices = np.asarray(matrices, dtype=np.float64)
    n_regions = matrices.shape[-1]
    size = np.trace(matrices, axis1=-2, axis2=-1)[..., None, None] / n_regions
    return (1 - amount) * matrices + amount * size * np.eye(n_regions)


def is_positive_definite(matrices: np.ndarray, lowest: float = 0.0) -> np.ndarray:
    """Tell which matrices have all their eigenvalues above ``lowest``.

    Parameters
    ----------
    matrices : array, shape (..., n_regions, n_regions)
        Symmetric.
    lowest : float
        Below 0 it allows for the rounding of a matrix that is only semidefinite.

    Returns
    -------
    is_so : array of bool, shape (...)

    Examples
    --------
    >>> is_positive_definite(np.array([[[1.0, 0.5], [0.5, 1.0]], [[1.0, 2.0], [2.0, 1.0]]]))
    array([ True, False])
    """
    matrices = np.asarray(matrices, dtype=np.float64)
    moved = matrices - lowest * np.eye(matrices.shape[-1])
    if _has_cholesky(moved):
        return np.ones(matrices.shape[:-2], dtype=bool)
    return np.array(
        [_has_cholesky(matrix) for matrix in moved.reshape(-1, *moved.shape[-2:])], dtype=bool
    ).reshape(matrices.shape[:-2])


def _has_cholesky(matrices: np.ndarray) -> bool:
    try:
        np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        return False
    return True


def clip_eigenvalues(matrices: np.ndarray, lowest: float = 0.0) -> np.ndarray:
    """Return the nearest matrices, in Frobenius norm, without an eigenvalue below ``lowest``.

    Parameters
    ----------
    matrices : array, shape (..., n_regions, n_regions)
        Symmetric.
    lowest : float

    Source
    ------
    Higham 1988, Linear Algebra and its Applications 103, 103-118, theorem 2.1.

    Examples
    --------
    >>> clip_eigenvalues(np.array([[1.0, 2.0], [2.0, 1.0]])).round(12)
    array([[1.5, 1.5],
           [1.5, 1.5]])
    """
    values, vectors = np.linalg.eigh(matrices)
    values = np.maximum(values, lowest)
    return np.einsum("...ij,...j,...kj->...ik", vectors, values, vectors, optimize=True)


def scale_to_unit_diagonal(matrices: np.ndarray) -> np.ndarray:
    """Return the correlation matrices of covariance matrices.

    Examples
    --------
    >>> scale_to_unit_diagonal(np.array([[4.0, 1.0], [1.0, 1.0]]))
    array([[1. , 0.5],
           [0.5, 1. ]])
    """
    matrices = np.asarray(matrices, dtype=np.float64)
    deviation = np.sqrt(np.diagonal(matrices, axis1=-2, axis2=-1))
    return matrices / (deviation[..., :, None] * deviation[..., None, :])


def is_correlation(matrices: np.ndarray) -> np.ndarray:
    """Tell which matrices of unit diagonal may be correlations: none of their eigenvalues below 0.

    Such matrices come from one set of signals. Filling in edges, averaging Fisher z or removing
    confounds edge by edge can leave one that does not.

    Returns
    -------
    is_so : array of bool, shape (...)

    Examples
    --------
    >>> is_correlation(unvectorise(np.array([[0.9, 0.9, 0.9], [0.9, 0.9, -0.9]])))
    array([ True, False])
    """
    return is_positive_definite(matrices, -FLOOR)


def make_positive_definite(correlations: np.ndarray, shrinkage: float) -> np.ndarray:
    """Return correlation matrices that can be inverted, each by itself.

    One that no set of signals can have is first replaced by the nearest positive semidefinite
    matrix, scaled to a unit diagonal. All are then shrunk; without shrinkage, eigenvalues below
    `FLOOR` are raised to it.

    Parameters
    ----------
    correlations : array, shape (..., n_regions, n_regions)
        Of unit diagonal.
    shrinkage : float
        From 0 to 1.

    Returns
    -------
    correlations : array, shape (..., n_regions, n_regions)

    Examples
    --------
    >>> impossible = unvectorise(np.array([0.9, 0.9, -0.9]))
    >>> np.linalg.eigvalsh(make_positive_definite(impossible, 0.1)).min().round(6)
    np.float64(0.1)
    """
    correlations = np.array(correlations, dtype=np.float64)
    if shrinkage > 0:
        mended = ~is_correlation(correlations)
        lowest = 0.0
    else:
        mended = ~is_positive_definite(correlations, FLOOR)
        lowest = FLOOR
    if mended.any():
        clipped = clip_eigenvalues(correlations[mended], lowest)
        correlations[mended] = scale_to_unit_diagonal(clipped)
    return shrink(correlations, shrinkage)


def compute_partial_correlations(correlations: np.ndarray) -> np.ndarray:
    """Return each pair's correlation with all other regions held constant.

    Parameters
    ----------
    correlations : array, shape (..., n_regions, n_regions)
        Positive definite correlations or covariances.

    Returns
    -------
    partial : array, shape (..., n_regions, n_regions)
        Of unit diagonal.

    Source
    ------
    Whittaker 1990, Graphical Models in Applied Multivariate Statistics, corollary 5.8.2.

    Examples
    --------
    Two regions that share nothing but a third are not connected once it is held constant:

    >>> compute_partial_correlations(unvectorise(np.array([0.25, 0.5, 0.5]))).round(12)[0, 1]
    np.float64(-0.0)
    """
    precision = np.linalg.inv(correlations)
    partial = -scale_to_unit_diagonal(precision)
    regions = np.arange(partial.shape[-1])
    partial[..., regions, regions] = 1.0
    return partial
