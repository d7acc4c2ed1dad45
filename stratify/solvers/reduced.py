"""Rows turned so that a ridge-penalised model of any width is as small as its fewest rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

RANK_TOLERANCE = 1e-13
"""Directions whose variance is below this share of the largest are rounding, and are dropped."""


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """Training and held-out rows in the directions that training rows span.

    A model with a ridge penalty and an unpenalised intercept has its weights in the span of the
    centred training rows. In an orthonormal basis of that span it has at most as many weights as
    there are training rows, and the same penalty.

    Parameters
    ----------
    train : array, shape (n_train, rank)
        Columns are centred and orthogonal to each other.
    held_out : array, shape (n_held_out, rank)
    squares : array, shape (rank,)
        The squared length of each column of ``train``.
    """

    train: np.ndarray
    held_out: np.ndarray
    squares: np.ndarray

    @property
    def rank(self) -> int:
        """How many directions there are."""
        return len(self.squares)

    def to_dual(self, weights: np.ndarray) -> np.ndarray:
        """Return ``a``, (n_train, n_models), such that ``a.T @ Z`` are the columns' weights.

        ``Z``, the centred training rows, need not be at hand before this.

        Parameters
        ----------
        weights : array, shape (rank, n_models)
        """
        return self.train @ (weights / self.squares[:, None])


def reduce_gram(inner: np.ndarray, cross: np.ndarray) -> Reduced:
    """Reduce rows that are known by their inner products alone.

    Parameters
    ----------
    inner : array, shape (n_train, n_train)
        Inner products of training rows; they need not be centred.
    cross : array, shape (n_held_out, n_train)
        Inner products of held-out with training rows.

    Returns
    -------
    reduced : Reduced

    Examples
    --------
    Two rows differ in one direction only:

    >>> X = np.array([[0.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    >>> reduce_gram(X @ X.T, X @ X.T).squares
    array([2.])
    """
    mean = inner.mean(axis=0)
    centred = inner - mean - mean[:, None] + mean.mean()
    centred_cross = cross - mean - cross.mean(axis=1, keepdims=True) + mean.mean()
    squares, vectors = eigh(centred, check_finite=False)
    kept = squares > max(RANK_TOLERANCE * squares[-1], 0.0)
    # The direction of all ones has length zero, whatever rounding makes of it.
    kept &= np.abs(vectors.sum(axis=0)) < 0.5 * np.sqrt(len(inner))
    lengths = np.sqrt(squares[kept])
    basis = vectors[:, kept]
    return Reduced(basis * lengths, centred_cross @ (basis / lengths), squares[kept])


def reduce_rows(train: np.ndarray, held_out: np.ndarray) -> Reduced:
    """Reduce rows, through whichever of their two products is the smaller.

    Parameters
    ----------
    train : array, shape (n_train, n_columns)
    held_out : array, shape (n_held_out, n_columns)

    Returns
    -------
    reduced : Reduced

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> reduce_rows(rng.normal(size=(6, 100)), rng.normal(size=(2, 100))).train.shape
    (6, 5)
    >>> reduce_rows(rng.normal(size=(100, 6)), rng.normal(size=(2, 6))).train.shape
    (100, 6)
    """
    centre = train.mean(axis=0)
    centred, centred_held_out = train - centre, held_out - centre
    if len(train) <= train.shape[1]:
        return reduce_gram(centred @ centred.T, centred_held_out @ centred.T)
    squares, vectors = eigh(centred.T @ centred, check_finite=False)
    kept = squares > max(RANK_TOLERANCE * squares[-1], 0.0) if len(squares) else slice(None)
    basis = vectors[:, kept]
    return Reduced(centred @ basis, centred_held_out @ basis, squares[kept])
