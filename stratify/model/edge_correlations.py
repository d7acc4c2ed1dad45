"""Correlations of every edge with many labels, and how large one must be to be selected."""

from __future__ import annotations

import numpy as np
from scipy import stats


def make_basis(covariates: np.ndarray | None, n_rows: int) -> np.ndarray:
    """Return orthonormal columns that span the intercept and the covariates.

    Parameters
    ----------
    covariates : array, shape (n_rows, n_covariates), optional
    n_rows : int

    Returns
    -------
    basis : array, shape (n_rows, rank)
        Covariates that say what others say add nothing.

    Examples
    --------
    >>> make_basis(np.array([[1.0, 2.0], [0.0, 0.0], [1.0, 2.0], [0.0, 0.0]]), 4).shape
    (4, 2)
    """
    intercept = np.full((n_rows, 1), 1 / np.sqrt(n_rows))
    if covariates is None or not covariates.shape[1]:
        return intercept
    centred = covariates - covariates.mean(axis=0)
    size = np.sqrt((centred**2).sum(axis=0))
    constant = size <= 1e-10 * np.abs(covariates).max(axis=0, initial=0.0) * np.sqrt(n_rows)
    centred = centred[:, ~constant] / size[~constant]
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    return np.hstack([intercept, left[:, values > 1e-9]])


def compute_edge_correlations(
    X: np.ndarray, Y: np.ndarray, covariates: np.ndarray | None = None
) -> np.ndarray:
    """Correlate every edge with every set of labels.

    Parameters
    ----------
    X : array, shape (n_patients, n_edges)
    Y : array, shape (n_patients, n_labels)
        Such as permutations of one.
    covariates : array, shape (n_patients, n_covariates), optional
        Held constant: the correlations are then partial ones.

    Returns
    -------
    r : array, shape (n_edges, n_labels)
        0 where an edge or the labels do not vary.

    Examples
    --------
    >>> X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])
    >>> compute_edge_correlations(X, np.array([[0], [0], [1], [1]])).round(3)
    array([[0.894],
           [0.   ]])
    """
    X, Y = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    basis = make_basis(covariates, len(X))
    edges, labels = remove(basis, X), remove(basis, Y)
    r = edges.T @ labels
    r /= find_sizes((edges**2).sum(axis=0), (X**2).sum(axis=0))[:, None]
    r /= find_sizes((labels**2).sum(axis=0), (Y**2).sum(axis=0))
    return np.clip(r, -1, 1, out=r)


def remove(basis: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return what is left of columns, shape (n_rows, n_columns), once a basis is taken out."""
    centred = columns - columns.mean(axis=0)
    return centred - basis @ (basis.T @ centred)


def find_sizes(squares: np.ndarray, of_whole: np.ndarray) -> np.ndarray:
    """Return the lengths of columns, infinite where only rounding error is left of them.

    Parameters
    ----------
    squares : array
        Sums of squares of what is left.
    of_whole : array
        Sums of squares of the columns before anything was taken out.

    Examples
    --------
    >>> find_sizes(np.array([4.0, 1e-18]), np.array([8.0, 1.0]))
    array([ 2., inf])
    """
    return np.where(squares > 1e-14 * of_whole, np.sqrt(np.maximum(squares, 0)), np.inf)


def critical_r(p: float, n_rows: int, rank: int) -> float:
    """Return the size above which a correlation has a two-sided p-value below ``p``.

    Parameters
    ----------
    p : float
    n_rows : int
    rank : int
        Columns of the basis held constant, the intercept among them.

    Returns
    -------
    r : float
        1, which nothing is above, where no degree of freedom is left.

    Examples
    --------
    >>> round(critical_r(0.05, n_rows=30, rank=1), 3)
    0.361
    """
    freedom = n_rows - 1 - rank
    if freedom <= 0:
        return 1.0
    t = stats.t.isf(p / 2, freedom)
    return float(t / np.sqrt(freedom + t**2))
