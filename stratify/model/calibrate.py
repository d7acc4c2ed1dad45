"""Sigmoid calibration: the calibrated log-odds are an affine function of a family's own score."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

VALUES_AT_ONCE = 30_000
"""So that what many columns need for a step stays in the processor's cache."""


def fit_sigmoid(scores: np.ndarray, y: np.ndarray, *, max_iter: int = 100) -> tuple[float, float]:
    """Fit ``log-odds = intercept + slope * score`` by maximum likelihood.

    The slope is never below 0: where the held-out scores rank responders below non-responders,
    the score carries nothing to calibrate, and the log-odds are those of the base rate. Flipping
    the model instead would turn noise into an inverted prediction.

    Targets are Platt's, a little inside 0 and 1, so that separated classes give a finite slope.

    Parameters
    ----------
    scores : array, shape (n_patients,)
        Held out: no score comes from a model that saw its patient.
    y : array of 0 and 1, shape (n_patients,)

    Returns
    -------
    intercept, slope : float

    Source
    ------
    Platt 1999, Advances in Large Margin Classifiers, 61-74; Lin, Lin and Weng 2007, Machine
    Learning 68, 267-276 (the targets).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> scores = rng.normal(size=20_000)
    >>> y = rng.random(20_000) < expit(-0.5 + 2 * scores)
    >>> intercept, slope = fit_sigmoid(scores, y)
    >>> round(intercept, 1), round(slope, 1)
    (-0.5, 2.0)
    """
    intercepts, slopes = fit_sigmoids(np.asarray(scores)[:, None], y, max_iter=max_iter)
    return float(intercepts[0]), float(slopes[0])


def fit_sigmoids(
    scores: np.ndarray, y: np.ndarray, *, max_iter: int = 100
) -> tuple[np.ndarray, np.ndarray]:
    """Fit one sigmoid to each column of scores, as `fit_sigmoid` does, all of them at once.

    Parameters
    ----------
    scores : array, shape (n_patients, n_models)
    y : array of 0 and 1, shape (n_patients,) or (n_patients, n_models)

    Returns
    -------
    intercepts, slopes : array, shape (n_models,)

    Examples
    --------
    >>> scores = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 3.0], [3.0, 2.0]])
    >>> fit_sigmoids(scores, np.array([0, 0, 1, 1]))[1] > 0
    array([ True,  True])
    """
    n, models = scores.shape
    y = np.broadcast_to(np.asarray(y, dtype=float).reshape(n, -1), scores.shape)
    positives = y.sum(axis=0)
    target = np.where(y > 0, (positives + 1) / (positives + 2), 1 / (n - positives + 2))
    share = target.mean(axis=0)
    intercepts, slopes = np.log(share) - np.log1p(-share), np.zeros(models)
    centers, spreads = scores.mean(axis=0), scores.std(axis=0)
    varies = np.flatnonzero(spreads > 1e-12 * np.maximum(1.0, np.abs(centers)))
    for some in np.array_split(varies, 1 + n * len(varies) // VALUES_AT_ONCE):
        z = (scores[:, some] - centers[some]) / spreads[some]
        a, b = _fit_standardised(z, target[:, some], intercepts[some], max_iter)
        ranks = b > 0
        some, a, b = some[ranks], a[ranks], b[ranks]
        slopes[some] = b / spreads[some]
        intercepts[some] = a - slopes[some] * centers[some]
    return intercepts, slopes


def _fit_standardised(
    z: np.ndarray, target: np.ndarray, start: np.ndarray, max_iter: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fit intercept and slope of each column by Newton's method."""
    a, b = start.copy(), np.zeros(len(start))
    open_ = np.arange(len(start))
    for _ in range(max_iter):
        q = expit(a[open_] + b[open_] * z)
        residual, weight = q - target, q * (1 - q)
        weighted = weight * z
        h_aa, h_ab = weight.sum(axis=0) + 1e-10, weighted.sum(axis=0)
        h_bb = np.einsum("ij,ij->j", weighted, z) + 1e-10
        g_a, g_b = residual.sum(axis=0), np.einsum("ij,ij->j", residual, z)
        determinant = h_aa * h_bb - h_ab**2
        step_a = (h_bb * g_a - h_ab * g_b) / determinant
        step_b = (h_aa * g_b - h_ab * g_a) / determinant
        a[open_] -= step_a
        b[open_] -= step_b
        # Columns that are done are left out, so that each has the steps it would have alone.
        goes_on = step_a * g_a + step_b * g_b > 1e-12
        if not goes_on.any():
            break
        open_, z, target = open_[goes_on], z[:, goes_on], target[:, goes_on]
    return a, b
