"""Logistic regression with an elastic-net penalty, for tables with more columns than patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.linear_model import ElasticNet
from sklearn.utils.validation import check_is_fitted, validate_data

from stratify.model.two_classes import TwoClassClassifier, encode_classes

RIDGE_FLOOR = 1e-3
"""The l1 share that places a ridge penalty on the scale of an l1 penalty, as in glmnet."""


class ElasticNetLogistic(TwoClassClassifier):
    """Logistic regression with an elastic-net penalty.

    Minimises, over weights ``w`` and an unpenalised intercept,

        mean(log(1 + exp(f)) - y f) + penalty * (l1_ratio |w|_1 + (1 - l1_ratio) / 2 |w|_2^2)

    by iteratively reweighted least squares, each step a coordinate descent of scikit-learn's
    `ElasticNet` over the columns that the sequential strong rule cannot rule out; the optimality
    conditions are then checked on all columns. A pure ridge is solved exactly in the span of the
    rows.

    Parameters
    ----------
    strength : float
        The penalty as a share of the smallest one that leaves the model empty: 1 is an empty
        model (for ``l1_ratio`` > 0), values towards 0 are penalised less.
    l1_ratio : float
        From 0, ridge, to 1, lasso.
    tol : float
        Relative change of the objective at which iterations end.
    max_iter : int

    Attributes
    ----------
    coef_ : array, shape (1, n_columns)
    intercept_ : array, shape (1,)
    penalty_ : float

    Source
    ------
    Friedman, Hastie and Tibshirani 2010, Journal of Statistical Software 33(1), section 3;
    Tibshirani et al. 2012, JRSS B 74(2), 245-266 (strong rules).

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
        tol: float = 1e-10,
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
    tol: float = 1e-10,
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
    n, p = X.shape
    top = np.abs(X.T @ (y - y.mean())).max(initial=0.0) / n
    coef, intercept = np.zeros((len(grid), p)), np.zeros(len(grid))
    penalty = np.array([s * top / max(l1, RIDGE_FLOOR) for s, l1 in grid])
    # Fortran order is what coordinate descent reads; convert once for the whole path.
    columns = np.asfortranarray(X)
    for l1_ratio in sorted({l1 for _, l1 in grid}):
        members = [k for k, (_, l1) in enumerate(grid) if l1 == l1_ratio]
        members.sort(key=lambda k: -penalty[k])
        if l1_ratio == 0:
            coef[members], intercept[members] = _ridge_path(X, y, penalty[members], tol, max_iter)
            continue
        state = _Point(np.zeros(p), _log_odds(y.mean()), top / l1_ratio)
        for k in members:
            state = _solve(columns, y, penalty[k], l1_ratio, state, tol, max_iter)
            coef[k], intercept[k] = state.coef, state.intercept
    return coef, intercept, penalty


class _Point:
    """A solution on the path: weights, intercept, and the penalty they solve."""

    def __init__(self, coef: np.ndarray, intercept: float, penalty: float) -> None:
        self.coef, self.intercept, self.penalty = coef, intercept, penalty


def _log_odds(p: float) -> float:
    return float(np.log(p) - np.log1p(-p))


def _loss(y: np.ndarray, f: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0.0, f) - y * f))


def _solve(
    X: np.ndarray,
    y: np.ndarray,
    penalty: float,
    l1_ratio: float,
    start: _Point,
    tol: float,
    max_iter: int,
) -> _Point:
    """Solve one point of the path: strong columns first, then whatever they left in violation."""
    n = len(y)
    coef, intercept = start.coef.copy(), start.intercept
    gradient = np.abs(X.T @ (y - expit(X @ coef + intercept))) / n
    bound = l1_ratio * (2 * penalty - max(start.penalty, penalty))
    kept = (gradient >= bound) | (coef != 0)
    while True:
        chosen = np.flatnonzero(kept)
        coef[:] = 0 if not len(chosen) else coef
        part, intercept = _reweight(
            X[:, chosen], y, penalty, l1_ratio, coef[chosen], intercept, tol, max_iter
        )
        coef[chosen] = part
        residual = y - expit(X[:, chosen] @ part + intercept)
        violates = np.abs(X.T @ residual) / n > penalty * l1_ratio * (1 + 1e-6) + 1e-9
        violates &= ~kept
        if not violates.any():
            return _Point(coef, intercept, penalty)
        kept |= violates


def _reweight(
    X: np.ndarray,
    y: np.ndarray,
    penalty: float,
    l1_ratio: float,
    coef: np.ndarray,
    intercept: float,
    tol: float,
    max_iter: int,
) -> tuple[np.ndarray, float]:
    """Minimise the penalised loss over some columns, halving any step that does not descend."""

    def objective(w: np.ndarray, b: float) -> float:
        size = l1_ratio * np.abs(w).sum() + (1 - l1_ratio) / 2 * (w @ w)
        return _loss(y, X @ w + b) + penalty * float(size)

    if not X.shape[1]:
        return coef, _log_odds(y.mean())
    n = len(y)
    now = objective(coef, intercept)
    descent = ElasticNet(l1_ratio=l1_ratio, warm_start=True, tol=1e-7, max_iter=20_000)
    for _ in range(max_iter):
        f = X @ coef + intercept
        p = expit(f)
        weight = np.maximum(p * (1 - p), 1e-5)
        descent.alpha = penalty * n / weight.sum()
        descent.coef_ = coef.copy()
        descent.fit(X, f + (y - p) / weight, sample_weight=weight, check_input=True)
        step, step_intercept = descent.coef_ - coef, descent.intercept_ - intercept
        size = 1.0
        new = objective(coef + step, intercept + step_intercept)
        while new > now and size > 1e-6:
            size /= 2
            new = objective(coef + size * step, intercept + size * step_intercept)
        if new > now:
            break
        coef, intercept = coef + size * step, float(intercept + size * step_intercept)
        if now - new <= tol * max(abs(now), 1e-12):
            break
        now = new
    return coef, intercept


def _ridge_path(
    X: np.ndarray, y: np.ndarray, penalties: np.ndarray, tol: float, max_iter: int
) -> tuple[np.ndarray, np.ndarray]:
    """Solve pure ridge penalties by Newton steps in the span of the rows, where they all lie."""
    n, p = X.shape
    if p > n:
        rotation, triangle = np.linalg.qr(X.T)
        reduced = triangle.T
    else:
        rotation, reduced = np.eye(p), X
    design = np.column_stack([reduced, np.ones(n)])
    w = np.zeros(design.shape[1])
    w[-1] = _log_odds(y.mean())
    coef, intercept = np.zeros((len(penalties), p)), np.zeros(len(penalties))
    for k, penalty in enumerate(penalties):
        ridge = np.full(len(w), penalty)
        ridge[-1] = 0.0
        now = _loss(y, design @ w) + (ridge * w**2).sum() / 2
        for _ in range(max_iter):
            q = expit(design @ w)
            gradient = design.T @ (q - y) / n + ridge * w
            weight = np.maximum(q * (1 - q), 1e-10)
            hessian = (design.T * weight) @ design / n + np.diag(ridge + 1e-12)
            step = np.linalg.solve(hessian, gradient)
            size = 1.0
            while size > 1e-8:
                new = _loss(y, design @ (w - size * step))
                new += (ridge * (w - size * step) ** 2).sum() / 2
                if new <= now:
                    break
                size /= 2
            w = w - size * step
            if now - new <= tol * max(abs(now), 1e-12):
                break
            now = new
        coef[k], intercept[k] = rotation @ w[:-1], w[-1]
    return coef, intercept
