"""Linear support vector machine and ridge classifier, solved in the span of the patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from stratify.model.two_classes import TwoClassClassifier, encode_classes
from stratify.solvers import (
    SQUARED,
    SQUARED_HINGE,
    Gram,
    Loss,
    Reduced,
    Solution,
    reduce_rows,
    score_ridge,
    solve,
)

LossName = Literal["squared hinge", "squared"]
LOSSES: dict[str, Loss] = {"squared hinge": SQUARED_HINGE, "squared": SQUARED}


class LinearMachine(TwoClassClassifier):
    """A linear score with a ridge penalty and a loss other than the likelihood.

    Minimises, over weights ``w`` and an unpenalised intercept,

        sum(loss(s f)) + penalty / 2 * |w|^2,    s = -1 or 1

    With the squared hinge, ``max(0, 1 - s f)^2 / 2``, it is the support vector machine whose
    solution is unique and whose every shortfall counts by its size; with the squared loss,
    ``(1 - s f)^2 / 2``, it is the ridge classifier.

    Parameters
    ----------
    loss : {"squared hinge", "squared"}
    strength : float
        The penalty as a multiple of the mean squared distance of a row from the mean row, so that
        one grid serves tables of any width and number of patients. For standardised columns that
        distance is the number of columns.

    Attributes
    ----------
    coef_ : array, shape (1, n_columns)
    intercept_ : array, shape (1,)
    penalty_ : float

    Source
    ------
    Chapelle 2007, Neural Computation 19(5), 1155-1178.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 200))
    >>> y = (X[:, 0] + X[:, 1] > 0).astype(int)
    >>> LinearMachine(strength=1.0).fit(X, y).coef_.shape
    (1, 200)
    """

    coef_: np.ndarray
    intercept_: np.ndarray
    penalty_: float

    def __init__(self, *, loss: LossName = "squared hinge", strength: float = 1.0) -> None:
        self.loss = loss
        self.strength = strength

    def fit(self, X: Any, y: Any) -> LinearMachine:
        """Fit on standardised columns without missing values."""
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_min_samples=2)
        if self.loss not in LOSSES:
            raise ValueError(f"loss is {self.loss!r}; it must be one of {', '.join(LOSSES)}")
        self.classes_, encoded = encode_classes(y)
        centre = X.mean(axis=0)
        centred = X - centre
        reduced = reduce_rows(centred, centred[:0])
        penalties, solution = solve_strengths(reduced, encoded, [self.strength], self.loss)
        self.coef_ = reduced.to_dual(solution.weights).T @ centred
        self.intercept_ = solution.intercepts - self.coef_ @ centre
        self.penalty_ = float(penalties[0])
        self.n_iter_ = 1
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the score, shape (n_rows,)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        # Row by row sums do not depend on which other rows are there; a matrix product does.
        return np.einsum("ij,j->i", X, self.coef_[0]) + self.intercept_[0]


def solve_strengths(
    reduced: Reduced, y: np.ndarray, strengths: Sequence[float], loss: LossName
) -> tuple[np.ndarray, Solution]:
    """Solve every strength of a grid, for one labelling or for many.

    Parameters
    ----------
    reduced : Reduced
    y : array of 0 and 1, shape (n_train,) or (n_train, n_labellings)
    strengths : sequence of float
    loss : {"squared hinge", "squared"}

    Returns
    -------
    penalties : array, shape (n_strengths,)
    solution : Solution
        Its columns run through the strengths of the first labelling, then of the second.
    """
    penalties = _make_penalties(strengths, reduced.squares.sum() / len(reduced.train))
    signs = 2.0 * y.reshape(len(y), -1) - 1
    labellings = signs.shape[1]
    return penalties, solve(
        reduced,
        np.repeat(signs, len(penalties), axis=1),
        np.tile(penalties, labellings),
        LOSSES[loss],
    )


def score_strengths(gram: Gram, Y: np.ndarray, strengths: Sequence[float]) -> np.ndarray:
    """Solve every strength of the squared loss for many labellings; return held-out scores.

    They are those of `solve_strengths`, without the directions that only other losses need.

    Parameters
    ----------
    gram : Gram
        Of centred training rows.
    Y : array of 0 and 1, shape (n_train, n_labellings)
    strengths : sequence of float

    Returns
    -------
    scores : array, shape (n_held_out, n_strengths, n_labellings)
    """
    penalties = _make_penalties(strengths, np.trace(gram.inner) / len(gram.inner))
    return score_ridge(gram, 2.0 * Y - 1, penalties)


def _make_penalties(strengths: Sequence[float], unit: float) -> np.ndarray:
    """Return strengths in units of the mean squared distance of a row from the mean row."""
    # Rows that are all alike have no distance to measure by, and no weights to penalise.
    return np.asarray(strengths, dtype=float) * (unit if unit > 0 else 1.0)
