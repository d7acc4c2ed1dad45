"""Ridge classifiers of many labellings, of which only the held-out scores are asked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from stratify.solvers.gram import Gram


def score_ridge(
    gram: Gram, signs: np.ndarray, penalties: Sequence[float] | np.ndarray
) -> np.ndarray:
    """Fit every penalty to every labelling; return the scores of held-out rows.

    Scores are linear in the labels, by a matrix that does not depend on them: it is found once a
    penalty, by a Cholesky factor, and is as small as held-out rows times training rows. The
    objective is that of `stratify.solvers.solve` with the squared loss.

    Parameters
    ----------
    gram : Gram
        Inner products; they need not be centred.
    signs : array of -1 and 1, shape (n_train, n_labellings)
    penalties : sequence of float
        Above what rounding makes of the inner products.

    Returns
    -------
    scores : array, shape (n_held_out, n_penalties, n_labellings)

    Source
    ------
    Saunders, Gammerman and Vovk 1998, ICML, 515-521 (ridge regression in dual variables).

    Examples
    --------
    With equal classes and one column ridge has a closed form, here a weight of 8 / (20 + 4):

    >>> from stratify.solvers.gram import compute_gram
    >>> rows, signs = np.array([[-1.0], [1.0], [3.0], [-3.0]]), np.array([[-1.0], [1], [1], [-1]])
    >>> score_ridge(compute_gram(rows, np.array([[1.0]])), signs, [4.0]).round(4)
    array([[[0.3333]]])
    """
    mean = gram.inner.mean(axis=0)
    inner = gram.inner - mean - mean[:, None] + mean.mean()
    cross = gram.cross - mean - gram.cross.mean(axis=1, keepdims=True) + mean.mean()
    scores = np.empty((len(cross), len(penalties), signs.shape[1]))
    diagonal = np.arange(len(inner))
    for k, penalty in enumerate(penalties):
        penalised = inner.copy()
        penalised[diagonal, diagonal] += penalty
        factor = cho_factor(penalised, lower=True, overwrite_a=True, check_finite=False)
        by_label = cho_solve(factor, cross.T, check_finite=False)
        np.matmul(by_label.T, signs, out=scores[:, k])
    # Centred rows do not answer to a shift of all labels; the intercept does.
    scores += signs.mean(axis=0)
    return scores
