"""Sigmoid calibration: the calibrated log-odds are an affine function of a family's own score."""

from __future__ import annotations

import numpy as np
from scipy.special import expit


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
    y = np.asarray(y, dtype=float)
    positives, n = y.sum(), len(y)
    target = np.where(y > 0, (positives + 1) / (positives + 2), 1 / (n - positives + 2))
    flat = float(np.log(target.mean()) - np.log1p(-target.mean()))
    center, spread = scores.mean(), scores.std()
    if spread <= 1e-12 * max(1.0, abs(center)):
        return flat, 0.0
    z = (scores - center) / spread
    design = np.column_stack([np.ones(n), z])
    w = np.array([flat, 0.0])
    now = np.inf
    for _ in range(max_iter):
        f = design @ w
        new = float(np.sum(np.logaddexp(0.0, f) - target * f))
        if now - new < 1e-12 * max(1.0, abs(new)):
            break
        now = new
        q = expit(f)
        hessian = (design.T * (q * (1 - q))) @ design + 1e-10 * np.eye(2)
        w = w - np.linalg.solve(hessian, design.T @ (q - target))
    if w[1] <= 0:
        return flat, 0.0
    slope = w[1] / spread
    return float(w[0] - slope * center), float(slope)
