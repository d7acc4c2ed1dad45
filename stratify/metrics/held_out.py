"""Every figure of held-out likelihoods at once, in closed form, the model held fixed."""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.special import expit

from stratify.metrics.arrays import check_scores
from stratify.metrics.discrimination import compute_auc_interval
from stratify.metrics.estimates import Estimate
from stratify.metrics.logistic import fit_logistic
from stratify.metrics.proportions import compute_balanced

FIGURES = (
    "auc",
    "balanced_accuracy",
    "brier",
    "log_loss",
    "calibration_intercept",
    "calibration_slope",
)


def compute_held_out_estimates(
    y: np.ndarray,
    log_odds: np.ndarray,
    base_rate: np.ndarray | float,
    *,
    level: float = 0.95,
) -> dict[str, Estimate]:
    """Compute every figure of likelihoods given to patients no model has learned from.

    For a subgroup, or another site. The intervals say how well the figure of *these models* is
    known from so many patients; they are too narrow for the procedure that made the models.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    log_odds : array, shape (n_patients,) or (n_repeats, n_patients)
        With repeats, figures are means over them and patients are counted once.
    base_rate : float, or array that broadcasts to ``log_odds``
        Share of responders in training: above it, balanced accuracy calls a patient a responder.
    level : float

    Returns
    -------
    estimates : dict of str to Estimate
        By the names of `FIGURES`. AUC: DeLong on the logit scale. Balanced accuracy: Wilson's
        limits of sensitivity and specificity, combined. Brier score and log loss: normal.
        Calibration: the sandwich, as the model need not be true. NaN where it cannot be told.

    Source
    ------
    Zou and Donner 2008, Statistics in Medicine 27, 1693-1702 (combined limits); White 1982,
    Econometrica 50, 1-25 (the sandwich).

    Examples
    --------
    >>> y = np.array([0, 0, 1, 1] * 10)
    >>> estimates = compute_held_out_estimates(y, np.array([-1, 0.4, 0.3, 1] * 10), 0.5)
    >>> print(estimates["balanced_accuracy"])
    0.750 (95 % interval 0.621 to 0.850)
    """
    y, scores = check_scores(y, log_odds, "log_odds")
    rates = np.broadcast_to(np.asarray(base_rate, dtype=float), scores.shape)
    squares = ((y - expit(scores)) ** 2).mean(axis=0)
    losses = (np.logaddexp(0.0, scores) - y * scores).mean(axis=0)
    intercept, slope = _calibration(y, scores, level)
    return {
        "auc": compute_auc_interval(y, scores, level=level),
        "balanced_accuracy": _balanced_accuracy(y, expit(scores) > rates, level),
        "brier": _mean(squares, level, 1.0),
        "log_loss": _mean(losses, level, np.inf),
        "calibration_intercept": intercept,
        "calibration_slope": slope,
    }


def _mean(parts: np.ndarray, level: float, most: float) -> Estimate:
    if len(parts) < 2:
        value = float(parts[0]) if len(parts) else float("nan")
        return Estimate(value, float("nan"), float("nan"), level)
    half = stats.norm.ppf((1 + level) / 2) * stats.sem(parts)
    value = float(parts.mean())
    return Estimate(value, float(max(value - half, 0.0)), float(min(value + half, most)), level)


def _balanced_accuracy(y: np.ndarray, called: np.ndarray, level: float) -> Estimate:
    if not 0 < y.sum() < len(y):
        return Estimate(float("nan"), float("nan"), float("nan"), level)
    right = np.where(y == 1, called, ~called).mean(axis=0)
    shares = tuple(right[y == label].mean() for label in (0, 1))
    counts = tuple((y == label).sum() for label in (0, 1))
    value, low, high = (float(part) for part in compute_balanced(shares, counts, level))
    return Estimate(value, low, high, level)


def _calibration(y: np.ndarray, scores: np.ndarray, level: float) -> tuple[Estimate, Estimate]:
    """Average intercept and slope over repeats, and what each patient pulls at them."""
    found = [(_pull_at_intercept(y, row), _pull_at_slope(y, row)) for row in scores]
    estimates = []
    for part in zip(*found, strict=True):
        value = float(np.mean([value for value, _ in part]))
        pulls = np.mean([pulls for _, pulls in part], axis=0)
        half = float(stats.norm.ppf((1 + level) / 2) * np.sqrt((pulls**2).sum()))
        estimates.append(Estimate(value, value - half, value + half, level))
    return estimates[0], estimates[1]


def _pull_at_intercept(y: np.ndarray, row: np.ndarray) -> tuple[float, np.ndarray]:
    return _pull(y, np.ones((len(y), 1)), row)


def _pull_at_slope(y: np.ndarray, row: np.ndarray) -> tuple[float, np.ndarray]:
    if np.ptp(row) <= 1e-9 * max(1.0, float(np.abs(row).max())):
        return float("nan"), np.full(len(y), np.nan)
    spread = row.std()
    design = np.column_stack([np.ones(len(y)), (row - row.mean()) / spread])
    value, pulls = _pull(y, design, 0.0)
    return value / spread, pulls / spread


def _pull(
    y: np.ndarray, design: np.ndarray, offset: np.ndarray | float
) -> tuple[float, np.ndarray]:
    """Return the last coefficient, and each patient's part in its sandwich variance."""
    if not 0 < y.sum() < len(y):
        return float("nan"), np.full(len(y), np.nan)
    coefficients, covariance = fit_logistic(design, y, offset)
    residual = y - expit(design @ coefficients + offset)
    return float(coefficients[-1]), covariance[-1] @ (design.T * residual)
