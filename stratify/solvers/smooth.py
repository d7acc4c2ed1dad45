"""Ridge-penalised models with a smooth loss, for many labels and penalties at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stratify.solvers.convergence import warn_of_rounds
from stratify.solvers.losses import SQUARED, Loss
from stratify.solvers.reduced import Reduced

TOLERANCE = 1e-11
"""How far, as a share of the objective's own scale, a solution may be from the exact one."""

VALUES_AT_ONCE = 40_000
"""Rows times models that are solved together, so that they stay in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """One model a column.

    Parameters
    ----------
    weights : array, shape (rank, n_models)
        In the directions of `Reduced`.
    intercepts : array, shape (n_models,)
        The score of the mean training row.
    """

    weights: np.ndarray
    intercepts: np.ndarray

    def score(self, rows: np.ndarray) -> np.ndarray:
        """Return scores of reduced rows, shape (n_rows, n_models)."""
        return rows @ self.weights + self.intercepts


def solve(
    reduced: Reduced,
    signs: np.ndarray,
    penalties: np.ndarray,
    loss: Loss,
    *,
    start: Solution | None = None,
    tolerance: float = TOLERANCE,
    max_iter: int = 200,
) -> Solution:
    """Minimise ``sum(loss(signs * f)) + penalty / 2 * |weights|^2`` over weights and intercept.

    Every column of ``signs`` is a model of its own: another permutation of the labels, another
    penalty, or both. All columns take Newton's steps together, each step found by conjugate
    gradients, so that the work is in products of the same rows with all columns.

    Parameters
    ----------
    reduced : Reduced
    signs : array of -1 and 1, shape (n_train, n_models) or (n_train, 1)
        Each column holds both.
    penalties : array, shape (n_models,)
        Above 0. For `SQUARED` scikit-learn's ``RidgeClassifier(alpha=penalty)``, for `LOGISTIC`
        ``LogisticRegression(C=1 / penalty)``, for `SQUARED_HINGE` ``LinearSVC(C=0.5 / penalty)``
        but that its intercept is not penalised.
    loss : Loss
    start : Solution, optional
        Where to begin; a neighbour's solution saves steps and changes none of the result.
    tolerance : float
    max_iter : int
        Newton steps.

    Returns
    -------
    solution : Solution

    Warns
    -----
    ConvergenceWarning
        If a model is not solved after ``max_iter`` steps.

    Source
    ------
    Chapelle 2007, Neural Computation 19(5), 1155-1178 (Newton's method for smooth machines).

    Examples
    --------
    With equal classes and one column, ridge has a closed form:

    >>> x = np.array([[-1.0], [1.0], [3.0], [-3.0]])
    >>> from stratify.solvers.reduced import reduce_rows
    >>> signs = np.array([[-1.0], [1.0], [1.0], [-1.0]])
    >>> solution = solve(reduce_rows(x, x), signs, np.array([4.0]), SQUARED)
    >>> abs(float(solution.weights[0, 0]))  # 8 / (20 + 4)
    0.3333333333333333
    """
    penalties = np.asarray(penalties, dtype=float)
    signs = np.broadcast_to(signs, (len(signs), len(penalties)))
    if loss == SQUARED:
        products = reduced.train.T @ signs
        weights = products / (reduced.squares[:, None] + penalties)
        return Solution(weights, signs.mean(axis=0))
    begun = _start(reduced, signs) if start is None else start
    weights, intercepts = begun.weights.copy(), begun.intercepts.copy()
    parts = 1 + len(signs) * len(penalties) // VALUES_AT_ONCE
    for some in np.array_split(np.arange(len(penalties)), parts):
        weights[:, some], intercepts[some] = _descend(
            reduced,
            np.ascontiguousarray(signs[:, some]),
            penalties[some],
            loss,
            weights[:, some],
            intercepts[some],
            tolerance,
            max_iter,
        )
    return Solution(weights, intercepts)


def _descend(
    reduced: Reduced,
    signs: np.ndarray,
    penalties: np.ndarray,
    loss: Loss,
    weights: np.ndarray,
    intercepts: np.ndarray,
    tolerance: float,
    max_iter: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Take Newton steps until every model is solved."""
    open_ = np.arange(len(penalties))
    for _ in range(max_iter):
        step = _Newton(
            reduced, signs[:, open_], penalties[open_], loss, weights[:, open_], intercepts[open_]
        )
        weights[:, open_], intercepts[open_] = step.take()
        # What a quadratic step leaves is the square of what it took away.
        open_ = open_[step.decrement > tolerance * step.objective]
        if not len(open_):
            break
    else:
        warn_of_rounds("a ridge-penalised model", max_iter)
    return weights, intercepts


def _start(reduced: Reduced, signs: np.ndarray) -> Solution:
    return Solution(np.zeros((reduced.rank, signs.shape[1])), signs.mean(axis=0))


class _Newton:
    """One Newton step of each model, from where it stands."""

    def __init__(
        self,
        reduced: Reduced,
        signs: np.ndarray,
        penalties: np.ndarray,
        loss: Loss,
        weights: np.ndarray,
        intercepts: np.ndarray,
    ) -> None:
        self.rows, self.squares = reduced.train, reduced.squares
        self.signs, self.penalties, self.loss = signs, penalties, loss
        self.weights, self.intercepts = weights, intercepts
        self.scores = self.rows @ weights + intercepts
        margins = signs * self.scores
        slope = signs * loss.slope(margins)
        self.gradient = self.rows.T @ slope + penalties * weights
        self.gradient_intercept = slope.sum(axis=0)
        self.curvature = loss.curvature(margins)
        self.objective = self._objective(self.scores, weights)
        self.decrement = np.zeros(len(penalties))

    def _objective(self, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
        size = np.einsum("ij,ij->j", weights, weights)
        return self.loss.value(self.signs * scores).sum(axis=0) + self.penalties / 2 * size

    def take(self) -> tuple[np.ndarray, np.ndarray]:
        """Return weights and intercepts after a step that lowers each objective."""
        step, step_intercept = self._solve()
        change = self.rows @ step + step_intercept
        descent = np.einsum("ij,ij->j", self.gradient, step)
        descent += self.gradient_intercept * step_intercept
        self.decrement = np.maximum(-descent, 0.0)
        size = np.ones(len(self.penalties))
        for _ in range(40):
            new = self._objective(self.scores + size * change, self.weights + size * step)
            # Below rounding a difference of objectives says nothing, and the step is exact.
            slack = 1e-13 * self.objective
            short = new > self.objective + 1e-4 * size * descent + slack
            if not short.any():
                break
            size[short] /= 2
        return self.weights + size * step, self.intercepts + size * step_intercept

    def _solve(self) -> tuple[np.ndarray, np.ndarray]:
        """Solve each model's Newton equations by conjugate gradients, preconditioned.

        If all rows of a model had its mean curvature, the equations would be diagonal: that is the
        preconditioner, and where penalties are strong it is nearly the solution.
        """
        n = len(self.rows)
        mean = np.maximum(self.curvature.mean(axis=0), 1e-12)
        scale = 1 / (self.squares[:, None] * mean + self.penalties)
        scale_intercept = 1 / (n * mean)
        step, step_intercept = np.zeros_like(self.gradient), np.zeros_like(mean)
        left, left_intercept = -self.gradient, -self.gradient_intercept
        z, z_intercept = scale * left, scale_intercept * left_intercept
        go, go_intercept = z.copy(), z_intercept.copy()
        size = np.einsum("ij,ij->j", left, z) + left_intercept * z_intercept
        first = size.copy()
        enough = np.minimum(1e-2, np.sqrt(first / np.maximum(self.objective, 1e-300))) ** 2 * first
        for _ in range(len(self.squares) + 1):
            busy = size > enough
            if not busy.any():
                break
            turned = self.curvature * (self.rows @ go + go_intercept)
            bent = self.rows.T @ turned + self.penalties * go
            bent_intercept = turned.sum(axis=0)
            along = np.einsum("ij,ij->j", go, bent) + go_intercept * bent_intercept
            length = np.where(busy & (along > 0), size / np.where(along > 0, along, 1.0), 0.0)
            step += length * go
            step_intercept += length * go_intercept
            left = left - length * bent
            left_intercept = left_intercept - length * bent_intercept
            z, z_intercept = scale * left, scale_intercept * left_intercept
            new = np.einsum("ij,ij->j", left, z) + left_intercept * z_intercept
            ratio = new / np.where(size > 0, size, 1.0)
            go, go_intercept = z + ratio * go, z_intercept + ratio * go_intercept
            size = np.where(busy, new, size)
        return step, step_intercept
