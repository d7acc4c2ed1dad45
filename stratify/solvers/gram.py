"""Inner products of standardised rows, for many training sets of one matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import dsyrk

COLUMNS_AT_ONCE = 384
"""So that a block of columns stays in the processor's cache while every training set uses it."""

CANCELLED = 1e-6
"""A variance below this share of the squared mean has lost digits, and is computed again."""


@dataclass(frozen=True, slots=True, eq=False)
class Gram:
    """Inner products of a training set's rows, and of held-out rows with them.

    Parameters
    ----------
    inner : array, shape (n_train, n_train)
    cross : array, shape (n_held_out, n_train)
    held_out : array, shape (n_held_out,)
        Each held-out row's product with itself.
    """

    inner: np.ndarray
    cross: np.ndarray
    held_out: np.ndarray

    def __add__(self, other: Gram) -> Gram:
        """Return the products of rows with the columns of both."""
        return Gram(
            self.inner + other.inner, self.cross + other.cross, self.held_out + other.held_out
        )


def compute_gram(train: np.ndarray, held_out: np.ndarray) -> Gram:
    """Compute the products of rows as they are.

    Parameters
    ----------
    train : array, shape (n_train, n_columns)
    held_out : array, shape (n_held_out, n_columns)

    Examples
    --------
    >>> compute_gram(np.array([[3.0, 4.0]]), np.array([[1.0, 0.0]])).cross
    array([[3.]])
    """
    return Gram(train @ train.T, held_out @ train.T, np.einsum("ij,ij->i", held_out, held_out))


def compute_standardised_grams(
    X: np.ndarray, splits: Sequence[tuple[np.ndarray, np.ndarray]]
) -> list[Gram]:
    """Compute the products of rows after each training set has standardised the columns.

    Columns are centred and scaled by what each training set saw of them, as
    `stratify.preprocess.TableEncoder` does: the scale is the standard deviation with ``n`` in its
    denominator, and 1 where a column is constant. The matrix is read once, in blocks of columns;
    sums over training sets are one product for all of them, and centring is a correction of rank
    one to the products.

    Parameters
    ----------
    X : array, shape (n_rows, n_columns)
        Finite.
    splits : sequence of (train, held_out)
        Positions of rows.

    Returns
    -------
    grams : list of Gram

    Examples
    --------
    >>> X = np.array([[0.0], [2.0], [5.0]])
    >>> gram = compute_standardised_grams(X, [(np.array([0, 1]), np.array([2]))])[0]
    >>> gram.inner  # -1 and 1, standardised
    array([[ 1., -1.],
           [-1.,  1.]])
    >>> gram.cross  # (5 - 1) / 1 = 4
    array([[-4.,  4.]])
    """
    members = np.zeros((len(splits), len(X)))
    for k, (train, _) in enumerate(splits):
        members[k, train] = 1 / len(train)
    rows = [np.concatenate(split) for split in splits]
    sums = [np.zeros((len(chosen), len(chosen)), order="F") for chosen in rows]
    for first in range(0, X.shape[1], COLUMNS_AT_ONCE):
        block = X[:, first : first + COLUMNS_AT_ONCE]
        block = block - block.mean(axis=0, dtype=np.float64)
        weights = 1 / _compute_scales(block, members, splits)
        for k, chosen in enumerate(rows):
            scaled = block[chosen]
            scaled *= weights[k]
            # Half of a symmetric product, added where it stands; BLAS counts columns first.
            dsyrk(1.0, scaled.T, 1.0, sums[k], trans=1, lower=1, overwrite_c=1)
    return [
        _centre(_mirror(total), len(train)) for total, (train, _) in zip(sums, splits, strict=True)
    ]


def _compute_scales(
    block: np.ndarray, members: np.ndarray, splits: Sequence[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Return the standard deviation of each column in each training set, 1 where it is constant."""
    mean = members @ block
    square = members @ block**2
    variance = square - mean**2
    for k, column in zip(*np.nonzero(variance <= CANCELLED * square), strict=True):
        values = block[splits[k][0], column]
        spread = np.sqrt(np.mean((values - values.mean()) ** 2))
        noise = 10 * np.finfo(float).eps * np.abs(values).max()
        variance[k, column] = spread**2 if spread > noise else 1.0
    return np.sqrt(variance)


def _mirror(lower: np.ndarray) -> np.ndarray:
    """Return a symmetric matrix of which the upper triangle was never written."""
    whole = lower + lower.T
    whole.ravel()[:: len(whole) + 1] /= 2
    return whole


def _centre(products: np.ndarray, n_train: int) -> Gram:
    """Move the origin of the products to the mean of the first rows, the training set."""
    mean = products[:, :n_train].mean(axis=1)
    centred = products - mean - mean[:, None] + mean[:n_train].mean()
    return Gram(
        centred[:n_train, :n_train], centred[n_train:, :n_train], np.diag(centred)[n_train:].copy()
    )
