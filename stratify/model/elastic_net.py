"""Logistic regression with an elastic-net penalty, for tables with more columns than patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from stratify.model.two_classes import TwoClassClassifier, encode_classes
from stratify.solvers import LOGISTIC, reduce_rows, solve, solve_elastic_net

RIDGE_FLOOR = 1e-3
"""The l1 share that places a ridge penalty on the scale of an l1 penalty, as in glmnet."""


class ElasticNetLogistic(TwoClassClassifier):
    """Logistic regression with an elastic-net penalty.

    Minimises, over weights ``w`` and an unpenalised intercept,

        mean(log(1 + exp(f)) - y f) + penalty * (l1_ratio |w|_1 + (1 - l1_ratio) / 2 |w|_2^2)

    by `stratify.solvers.sparse`: over a few columns at a time, the optimality conditions checked on
    all. A pure ridge is solved in the span of the rows.

    Parameters
    ----------
    strength : float
        The penalty as a share of the smallest one that leaves the model empty: 1 is an empty
        model (for ``l1_ratio`` > 0), values towards 0 are penalised less.
    l1_ratio : float
        From 0, ridge, to 1, lasso.
    tol : float
        The largest violation of an optimality condition, as a share of the l1 penalty.
    max_iter : int

    Attributes
    ----------
    coef_ : array, shape (1, n_columns)
    intercept_ : array, shape (1,)
    penalty_ : float

    Source
    ------
    Friedman, Hastie and Tibshirani 2010, Journal of Statistical Software 33(1), section 3.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 20))
    >>> y = (X[:, 0] + rng.normal(size=100) > 0).astype(int)
    >>> ElasticNetLogistic(strength=0.3, l1_ratio=1.0).fit(X, y).coef_.argmax()
    np.int64(0)
    """

    coef_: np.ndarray
    intercept_: np.ndarray
    penalty_: float

    def __init__(
        self,
        *,
        strength: float = 0.1,
        l1_ratio: float = 0.5,
        tol: float = 1e-9,
        max_iter: int = 100,
    ) -> None:
        self.strength = strength
        self.l1_ratio = l1_ratio
        self.tol = tol
        self.max_iter = max_iter

    def fit(self, X: Any, y: Any) -> ElasticNetLogistic:
        """Fit on standardised columns without missing values."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        self.classes_, encoded = encode_classes(y)
        grid = ((self.strength, self.l1_ratio),)
        coef, intercept, penalty = fit_path(
            X, encoded.astype(float), grid, tol=self.tol, max_iter=self.max_iter
        )
        self.coef_, self.intercept_, self.penalty_ = coef, intercept, float(penalty[0])
        self.n_iter_ = 1
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the log-odds, shape (n_rows,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        # Row by row sums do not depend on which other rows are there; a matrix product does.
        return np.einsum("ij,j->i", X, self.coef_[0]) + self.intercept_[0]


def fit_path(
    X: np.ndarray,
    y: np.ndarray,
    grid: Sequence[tuple[float, float]],
    *,
    tol: float = 1e-9,
    max_iter: int = 100,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit every (strength, l1_ratio) of a grid, each from its neighbour's solution.

    Parameters
    ----------
    X : array, shape (n_rows, n_columns)
    y : array of 0 and 1, shape (n_rows,)
    grid : sequence of (strength, l1_ratio)

    Returns
    -------
    coef : array, shape (n_grid, n_columns)
    intercept : array, shape (n_grid,)
    penalty : array, shape (n_grid,)
    """
    coef, intercept = np.zeros((len(grid), X.shape[1])), np.zeros(len(grid))
    penalty = compute_penalties(X, y, grid)
    top = _compute_top(X, y)
    if top <= 10 * np.finfo(float).eps * np.abs(X).max(initial=0.0):
        # No column says anything, and there is no penalty to measure others by.
        return coef, np.full(len(grid), np.log(y.mean()) - np.log1p(-y.mean())), penalty
    for l1_ratio in sorted({l1 for _, l1 in grid}):
        members = [k for k, (_, l1) in enumerate(grid) if l1 == l1_ratio]
        members.sort(key=lambda k: -penalty[k])
        if l1_ratio == 0:
            coef[members], intercept[members] = _fit_ridges(X, y, penalty[members])
            continue
        point = None
        for k in members:
            point = solve_elastic_net(
                X,
                y,
                penalty[k] * l1_ratio,
                penalty[k] * (1 - l1_ratio),
                start=point,
                tolerance=tol,
                max_iter=max_iter,
            )
            coef[k], intercept[k] = point.coef, point.intercept
    return coef, intercept, penalty


def compute_penalties(
    X: np.ndarray, y: np.ndarray, grid: Sequence[tuple[float, float]]
) -> np.ndarray:
    """Return the penalty of every (strength, l1_ratio) of a grid, shape (n_grid,)."""
    top = _compute_top(X, y)
    return np.array([strength * top / max(l1, RIDGE_FLOOR) for strength, l1 in grid])


def _compute_top(X: np.ndarray, y: np.ndarray) -> float:
    """Return the smallest l1 penalty that leaves the model empty."""
    return float(np.abs(X.T @ (y - y.mean())).max(initial=0.0)) / len(X)


def _fit_ridges(
    X: np.ndarray, y: np.ndarray, penalties: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fit pure ridge penalties in the span of the rows, where their weights lie."""
    centre = X.mean(axis=0)
    centred = X - centre
    reduced = reduce_rows(centred, centred[:0])
    solution = solve(reduced, (2 * y - 1)[:, None], len(y) * penalties, LOGISTIC)
    coef = reduced.to_dual(solution.weights).T @ centred
    return coef, solution.intercepts - coef @ centre
