"""Logistic regression without a penalty, for calibration: a few columns, to the last digit."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import expit


def fit_logistic(
    design: np.ndarray, y: np.ndarray, offset: np.ndarray | float = 0.0, max_iter: int = 50
) -> tuple[np.ndarray, np.ndarray]:
    """Fit by Newton's method.

    Parameters
    ----------
    design : array, shape (n_rows, n_columns)
        With its column of ones.
    y : array of 0 and 1, shape (n_rows,)
    offset : array, shape (n_rows,), or float
        Log-odds that are given, not learned.
    max_iter : int

    Returns
    -------
    coefficients : array, shape (n_columns,)
        NaN where it does not converge, as with separated classes.
    covariance : array, shape (n_columns, n_columns)
        The inverse of the information.

    Examples
    --------
    >>> coefficients, covariance = fit_logistic(np.ones((4, 1)), np.array([0, 1, 1, 1]))
    >>> round(coefficients[0], 6), round(float(np.log(3)), 6)
    (np.float64(1.098612), 1.098612)
    """
    w = np.zeros(design.shape[1])
    for _ in range(max_iter):
        p = expit(design @ w + offset)
        information = (design.T * (p * (1 - p))) @ design
        if _is_singular(information):
            break
        step = np.linalg.solve(information, design.T @ (y - p))
        w = w + np.clip(step, -5, 5)
        if np.abs(step).max() < 1e-10:
            return w, np.linalg.inv(information)
    return np.full(len(w), np.nan), np.full((len(w), len(w)), np.nan)


def _is_singular(information: np.ndarray) -> bool:
    if len(information) == 1:
        return not information[0, 0] > 0
    if len(information) == 2:
        (a, b), (_, d) = information.tolist()
        # From the trace and the determinant: a tenth of the time of a decomposition.
        largest = (a + d) / 2 + math.hypot((a - d) / 2, b)
        return not (largest > 0 and a * d - b * b >= 1e-12 * largest**2)
    return bool(np.linalg.cond(information) > 1e12)
