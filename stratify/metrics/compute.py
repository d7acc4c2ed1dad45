"""How well likelihoods separate, and how well they are calibrated: one number each."""

from __future__ import annotations

import numpy as np
from scipy import stats
from scipy.stats import rankdata

from stratify.metrics.arrays import check_probabilities
from stratify.metrics.estimates import Estimate
from stratify.metrics.logistic import fit_logistic


def compute_auc(y: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve: how often a responder is ranked above a non-responder.

    Ties count one half. NaN where only one class is present.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    score : array, shape (n_patients,)
        Any increasing function of the likelihood.

    Source
    ------
    Hanley and McNeil 1982, Radiology 143, 29-36: the Mann-Whitney form.

    Examples
    --------
    >>> compute_auc(np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8]))
    0.75
    """
    y = np.asarray(y)
    positives = int(y.sum())
    negatives = len(y) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(score)[y == 1].sum()
    return float((ranks - positives * (positives + 1) / 2) / (positives * negatives))


def compute_aucs(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Compute the AUC of each column of scores, as `compute_auc` does, all of them at once.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,) or (n_patients, n_columns)
        Both classes in each column.
    scores : array, shape (n_patients, n_columns)

    Returns
    -------
    auc : array, shape (n_columns,)

    Examples
    --------
    >>> compute_aucs(np.array([0, 1]), np.array([[0.1, 0.3], [0.2, 0.2]]))
    array([1., 0.])
    """
    y = np.asarray(y).reshape(len(scores), -1)
    positives = y.sum(axis=0)
    ranks = (rankdata(scores, axis=0) * y).sum(axis=0)
    return (ranks - positives * (positives + 1) / 2) / (positives * (len(y) - positives))


def compute_balanced_accuracy(
    y: np.ndarray, probability: np.ndarray, threshold: float | np.ndarray
) -> float:
    """Mean of sensitivity and specificity when likelihoods above a threshold count as response.

    NaN where only one class is present.

    Examples
    --------
    >>> compute_balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0.1, 0.6, 0.2, 0.7]), 0.5)
    0.8333333333333333
    """
    y = np.asarray(y)
    if not 0 < y.sum() < len(y):
        return float("nan")
    called = probability > threshold
    return float((called[y == 1].mean() + (~called[y == 0]).mean()) / 2)


def compute_brier(y: np.ndarray, probability: np.ndarray) -> float:
    """Mean squared distance of likelihood and outcome; lower is better.

    Source
    ------
    Brier 1950, Monthly Weather Review 78(1), 1-3.

    Examples
    --------
    >>> compute_brier(np.array([0, 1]), np.array([0.5, 0.5]))
    0.25
    """
    return float(np.mean((np.asarray(y) - probability) ** 2))


def compute_log_loss(y: np.ndarray, log_odds: np.ndarray) -> float:
    """Mean negative log-likelihood of the outcomes; lower is better.

    Examples
    --------
    >>> round(compute_log_loss(np.array([0, 1]), np.array([0.0, 0.0])), 6)
    0.693147
    """
    return float(np.mean(np.logaddexp(0.0, log_odds) - np.asarray(y) * log_odds))


def compute_calibration(y: np.ndarray, log_odds: np.ndarray) -> tuple[float, float]:
    """Calibration in the large, and the calibration slope.

    The intercept is ``a`` in ``logit P(y) = a + log_odds``, ideally 0: above 0, likelihoods are
    too low. The slope is ``b`` in ``logit P(y) = a' + b log_odds``, ideally 1: below 1, they are
    too extreme. NaN where it cannot be fitted: one class only, separated classes, or (the slope)
    equal log-odds for everybody.

    Returns
    -------
    intercept, slope : float

    Source
    ------
    Cox 1958, Biometrika 45, 562-565; Van Calster et al. 2019, BMC Medicine 17, 230.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> f = rng.normal(size=50_000)
    >>> y = rng.random(50_000) < 1 / (1 + np.exp(-f))
    >>> intercept, slope = compute_calibration(y, 2 * f)
    >>> round(slope, 2)
    0.5
    """
    return compute_calibration_intercept(y, log_odds), compute_calibration_slope(y, log_odds)


def compute_calibration_intercept(y: np.ndarray, log_odds: np.ndarray) -> float:
    """Return calibration in the large alone, as `compute_calibration` gives it.

    Examples
    --------
    >>> round(compute_calibration_intercept(np.array([0, 1, 1]), np.zeros(3)), 6)
    0.693147
    """
    y = np.asarray(y, dtype=float)
    if not 0 < y.sum() < len(y):
        return float("nan")
    return float(fit_logistic(np.ones((len(y), 1)), y, np.asarray(log_odds, dtype=float))[0][0])


def compute_calibration_slope(y: np.ndarray, log_odds: np.ndarray) -> float:
    """Return the calibration slope alone, as `compute_calibration` gives it.

    Examples
    --------
    >>> compute_calibration_slope(np.array([0, 1, 1]), np.zeros(3))
    nan
    """
    y = np.asarray(y, dtype=float)
    f = np.asarray(log_odds, dtype=float)
    if not 0 < y.sum() < len(y) or np.ptp(f) <= 1e-9 * max(1.0, float(np.abs(f).max())):
        return float("nan")
    center, spread = f.mean(), f.std()
    design = np.column_stack([np.ones(len(y)), (f - center) / spread])
    return float(fit_logistic(design, y)[0][1] / spread)


def compute_brier_skill(
    y: np.ndarray, probability: np.ndarray, base_rate: np.ndarray | float, *, level: float = 0.95
) -> Estimate:
    """Compute by what share the Brier score is better than that of the training prevalence.

    1 is perfect, 0 no better than telling everybody the share of responders seen in training,
    below 0 worse. The reference is what could be known beforehand, not the share among those
    tested, which no model was told.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    probability : array, shape (n_patients,) or (n_repeats, n_patients)
    base_rate : float, or array of the shape of ``probability``
        Share of responders among the training patients of the model that gave the likelihood.
    level : float
        Of the interval by the delta method, which holds the model fixed.

    Source
    ------
    Murphy 1973, Journal of Applied Meteorology 12, 215-223; Steyerberg et al. 2010, Epidemiology
    21, 128-138 (scaled Brier score).

    Examples
    --------
    >>> y = np.array([0, 0, 1, 1])
    >>> compute_brier_skill(y, np.array([0.0, 0.5, 0.5, 1.0]), 0.5).value
    0.5
    """
    y, probabilities = check_probabilities(y, probability)
    ours = ((y - probabilities) ** 2).mean(axis=0)
    reference = ((y - np.broadcast_to(base_rate, probabilities.shape)) ** 2).mean(axis=0)
    if not reference.sum():
        return Estimate(float("nan"), float("nan"), float("nan"), level)
    ratio = ours.mean() / reference.mean()
    parts = (ours - ratio * reference) / reference.mean()
    half = stats.norm.ppf((1 + level) / 2) * stats.sem(parts) if len(y) > 1 else float("nan")
    return Estimate(float(1 - ratio), float(1 - ratio - half), float(1 - ratio + half), level)
