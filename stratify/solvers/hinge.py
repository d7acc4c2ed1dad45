"""Support vector machines with the hinge loss, from inner products alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stratify.solvers.gram import Gram

TOLERANCE = 1e-7
"""How far a margin may be from what optimality asks of it."""


@dataclass(frozen=True, slots=True, eq=False)
class HingeSolution:
    """One machine a column.

    Parameters
    ----------
    dual : array, shape (n_train, n_models)
        Signed: ``dual.T @ Z`` are the weights of the columns ``Z`` of the training rows.
    intercepts : array, shape (n_models,)
    """

    dual: np.ndarray
    intercepts: np.ndarray

    def score(self, cross: np.ndarray) -> np.ndarray:
        """Return scores of rows by their products with training rows, (n_rows, n_models)."""
        return cross @ self.dual + self.intercepts


def solve_hinge(
    inner: np.ndarray, signs: np.ndarray, costs: np.ndarray, *, tolerance: float = TOLERANCE
) -> HingeSolution:
    """Minimise ``1 / 2 * |weights|^2 + cost * sum(max(0, 1 - signs * f))`` in the dual.

    The same objective as scikit-learn's ``SVC(C=cost)``, and the same solver of it (libsvm), which
    is given the products instead of computing them again for each model.

    Parameters
    ----------
    inner : array, shape (n_train, n_train)
        Inner products, or any other kernel, of the training rows.
    signs : array of -1 and 1, shape (n_train, n_models) or (n_train, 1)
    costs : array, shape (n_models,)
    tolerance : float

    Examples
    --------
    Two patients, at -1 and 1: the margin is theirs.

    >>> solution = solve_hinge(np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([[-1.0], [1.0]]),
    ...                        np.array([10.0]))
    >>> solution.score(np.array([[-0.5, 0.5]]))
    array([[0.5]])
    """
    from sklearn import config_context
    from sklearn.svm import SVC

    costs = np.asarray(costs, dtype=float)
    signs = np.broadcast_to(signs, (len(signs), len(costs)))
    dual, intercepts = np.zeros(signs.shape), np.zeros(len(costs))
    inner = np.ascontiguousarray(inner)
    with config_context(assume_finite=True, skip_parameter_validation=True):
        for k, cost in enumerate(costs):
            machine = SVC(C=float(cost), kernel="precomputed", tol=tolerance)
            machine.fit(inner, signs[:, k])
            dual[machine.support_, k] = machine.dual_coef_[0]
            intercepts[k] = machine.intercept_[0]
    return HingeSolution(dual, intercepts)


def compute_rbf(gram: Gram, gamma: float) -> Gram:
    """Compute ``exp(-gamma * distance^2)`` of rows from their inner products.

    Examples
    --------
    >>> from stratify.solvers.gram import compute_gram
    >>> rows = np.array([[0.0], [1.0]])
    >>> compute_rbf(compute_gram(rows, rows), 1.0).inner.round(3)
    array([[1.   , 0.368],
           [0.368, 1.   ]])
    """
    lengths = np.diag(gram.inner)
    inner = lengths + lengths[:, None] - 2 * gram.inner
    cross = lengths + gram.held_out[:, None] - 2 * gram.cross
    return Gram(
        np.exp(-gamma * np.maximum(inner, 0.0)),
        np.exp(-gamma * np.maximum(cross, 0.0)),
        np.ones_like(gram.held_out),
    )
