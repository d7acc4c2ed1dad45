"""Logistic regression with an elastic-net penalty: a few columns at a time, all of them checked."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, solve
from scipy.special import expit

from stratify.solvers.convergence import warn_of_rounds

FIRST_COLUMNS = 64
"""How many columns join at once; as many again as there are already, once there are more."""


@dataclass(frozen=True, slots=True, eq=False)
class SparsePoint:
    """A solution.

    Parameters
    ----------
    coef : array, shape (n_columns,)
    intercept : float
    """

    coef: np.ndarray
    intercept: float


def solve_elastic_net(
    X: np.ndarray,
    y: np.ndarray,
    lasso: float,
    ridge: float,
    *,
    start: SparsePoint | None = None,
    tolerance: float = 1e-9,
    max_iter: int = 200,
) -> SparsePoint:
    """Minimise ``mean(log(1 + exp(f)) - y f) + lasso * |w|_1 + ridge / 2 * |w|^2``.

    The problem is solved over the columns in use and those that violate the optimality conditions
    most; then the conditions are checked on every column, and the worst of the others join. Within
    those columns proximal Newton steps find which weights are zero, and Newton steps on the rest
    settle their values.

    Parameters
    ----------
    X : array, shape (n_rows, n_columns)
        Finite.
    y : array of 0 and 1, shape (n_rows,)
        Both are present.
    lasso : float
        Above 0.
    ridge : float
    start : SparsePoint, optional
        A neighbour's solution; it saves time and changes nothing.
    tolerance : float
        The largest violation of any optimality condition, as a share of ``lasso``.
    max_iter : int

    Returns
    -------
    point : SparsePoint

    Warns
    -----
    ConvergenceWarning
        If the conditions do not hold after ``max_iter`` rounds.

    Source
    ------
    Johnson and Guestrin 2015, ICML, 1171-1179 (working sets); Lee, Sun and Saunders 2014, SIAM
    Journal on Optimization 24(3), 1420-1443 (proximal Newton).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 500))
    >>> y = (X[:, 3] > 0).astype(float)
    >>> np.flatnonzero(solve_elastic_net(X, y, lasso=0.3, ridge=0.0).coef)
    array([3])
    """
    n, p = X.shape
    coef = np.zeros(p) if start is None else start.coef.copy()
    base = float(np.log(y.mean()) - np.log1p(-y.mean()))
    intercept = base if start is None else start.intercept
    for _ in range(max_iter):
        used = np.flatnonzero(coef)
        residual = y - expit(X[:, used] @ coef[used] + intercept)
        beyond = np.abs(X.T @ residual) / n - lasso
        beyond[used] = 0.0
        joining = np.flatnonzero(beyond > tolerance * lasso)
        most = max(FIRST_COLUMNS, len(used))
        if len(joining) > most:
            joining = joining[np.argpartition(-beyond[joining], most)[:most]]
        columns = np.union1d(used, joining)
        problem = _Problem(X[:, columns], y, lasso, ridge, coef[columns], intercept)
        if not len(joining) and problem.violation() <= tolerance * lasso:
            return SparsePoint(coef, intercept)
        # Tighter inside, so that what was solved stays solved when all columns are checked.
        problem.minimise(tolerance / 2)
        coef = np.zeros(p)
        coef[columns], intercept = problem.weights, problem.intercept
    warn_of_rounds("the elastic net", max_iter)
    return SparsePoint(coef, intercept)


class _Problem:
    """The problem over some of the columns, and where the search for its solution stands."""

    def __init__(
        self,
        X: np.ndarray,
        y: np.ndarray,
        lasso: float,
        ridge: float,
        weights: np.ndarray,
        intercept: float,
    ) -> None:
        self.X, self.y, self.lasso, self.ridge = np.asfortranarray(X), y, lasso, ridge
        self.weights, self.intercept = weights, intercept
        self._look()

    def _look(self) -> None:
        """Compute what follows from the weights."""
        self.scores = self.X @ self.weights + self.intercept
        self.residual = self.y - expit(self.scores)
        self.uphill = self.X.T @ self.residual / len(self.y) - self.ridge * self.weights
        self.objective = self._objective(self.scores, self.weights)

    def _objective(self, scores: np.ndarray, weights: np.ndarray) -> float:
        loss = float(np.mean(np.logaddexp(0.0, scores) - self.y * scores))
        size = self.lasso * np.abs(weights).sum() + self.ridge / 2 * (weights @ weights)
        return loss + float(size)

    def violation(self) -> float:
        """Return how far the worst optimality condition is from holding."""
        used = self.weights != 0
        inside = np.abs(self.uphill[used] - self.lasso * np.sign(self.weights[used]))
        outside = np.abs(self.uphill[~used]) - self.lasso
        worst = max(inside.max(initial=0.0), outside.max(initial=0.0))
        return float(max(worst, abs(self.residual.mean())))

    def minimise(self, tolerance: float, max_iter: int = 100) -> None:
        """Take steps until the conditions hold on these columns, or no step descends."""
        settled, care, last = False, 1e-2, np.inf
        for _ in range(max_iter):
            violation = self.violation()
            if violation <= tolerance * self.lasso:
                return
            # A step solved too roughly leaves columns that say the same where they are.
            care = care * 1e-2 if violation > last / 2 else 1e-2
            last = violation
            before = np.sign(self.weights)
            distance = min(violation / self.lasso, 1.0)
            if not (settled and self._settle()) and not self._descend(care * distance**2):
                return
            settled = bool((np.sign(self.weights) == before).all())

    def _quadratic(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return row weights, their columns' means, centred weighted columns and their products."""
        p = self.y - self.residual
        weight = np.maximum(p * (1 - p), 1e-6)
        mean = weight @ self.X / weight.sum()
        centred = (self.X - mean) * np.sqrt(weight)[:, None]
        return weight, mean, centred, centred.T @ centred

    def _descend(self, tolerance: float) -> bool:
        """Take a proximal Newton step, its quadratic solved by coordinate descent."""
        from sklearn import config_context
        from sklearn.linear_model import enet_path

        weight, mean, centred, products = self._quadratic()
        slope = self.X.T @ self.residual - mean * self.residual.sum()
        aim = self.residual / weight + self.scores
        aim = np.sqrt(weight) * (aim - (weight @ aim) / weight.sum())
        with config_context(skip_parameter_validation=True), warnings.catch_warnings():
            # Its own tolerance does not matter: the conditions are checked after each step.
            warnings.simplefilter("ignore")
            _, path, _ = enet_path(
                np.asfortranarray(centred),
                aim,
                l1_ratio=self.lasso / (self.lasso + self.ridge),
                alphas=[self.lasso + self.ridge],
                precompute=products,
                Xy=products @ self.weights + slope,
                coef_init=self.weights.copy(),
                check_input=False,
                tol=max(tolerance, 1e-15),
                max_iter=10_000,
            )
        return self._move(path[:, 0] - self.weights, weight)

    def _settle(self) -> bool:
        """Take a Newton step on the weights in use; refuse it if any would change its sign."""
        used = np.flatnonzero(self.weights)
        if not len(used):
            return False
        weight, _, _, products = self._quadratic()
        # The intercept has its own best value at each step, so its slope enters through the mean.
        mean = weight @ self.X[:, used] / weight.sum()
        slope = self.X[:, used].T @ self.residual - mean * self.residual.sum()
        slope -= len(self.y) * (
            self.ridge * self.weights[used] + self.lasso * np.sign(self.weights[used])
        )
        hessian = products[np.ix_(used, used)] + len(self.y) * self.ridge * np.eye(len(used))
        step = np.zeros_like(self.weights)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                step[used] = solve(hessian, slope, assume_a="pos")
        except (LinAlgError, RuntimeWarning):
            return False
        if (np.sign(self.weights + step) != np.sign(self.weights)).any():
            return False
        return self._move(step, weight)

    def _move(self, step: np.ndarray, weight: np.ndarray) -> bool:
        """Go along a step as far as the objective descends; tell whether it did."""
        step_intercept = float((self.residual.sum() - weight @ (self.X @ step)) / weight.sum())
        change = self.X @ step + step_intercept
        size = 1.0
        while size > 1e-8:
            weights = self.weights + size * step
            new = self._objective(self.scores + size * change, weights)
            # Below rounding a difference of objectives says nothing, and the step is exact.
            if new <= self.objective + 1e-14 * max(1.0, abs(self.objective)):
                self.weights, self.intercept = weights, self.intercept + size * step_intercept
                self._look()
                return True
            size /= 2
        return False
