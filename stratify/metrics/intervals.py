"""Intervals that know that folds share patients."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

from stratify.metrics.estimates import Estimate
from stratify.metrics.resampling import are_enough, draw_patients


def compute_corrected_interval(
    by_fold: np.ndarray,
    *,
    test_share: float,
    folds: int,
    level: float = 0.95,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Estimate:
    """Mean over folds, with the corrected resampled t interval.

    Fold figures are correlated, since training sets overlap; the plain standard error over folds
    is far too small. Nadeau and Bengio widen it by ``1/J + n_test/n_train``. Repeating the whole
    partition adds figures but no patients, so the degrees of freedom are those of one partition:
    with J - 1 of them the interval is too short (`benchmarks/interval_coverage.py`).

    Parameters
    ----------
    by_fold : array, shape (n_folds * n_repeats,)
        NaN entries are left out.
    test_share : float
        Share of the patients in a test set.
    folds : int
        Folds in one partition.
    level : float
    bounds : (float, float)
        Where the figure must lie; an interval that reaches beyond is cut there.

    Source
    ------
    Nadeau and Bengio 2003, Machine Learning 52, 239-281; Bouckaert and Frank 2004, PAKDD
    (repeats).

    Examples
    --------
    >>> compute_corrected_interval(np.full(10, 0.7), test_share=0.2, folds=5)
    Estimate(value=0.7, low=0.7, high=0.7, level=0.95)
    """
    values = by_fold[~np.isnan(by_fold)]
    if len(values) < 2:
        value = float(values[0]) if len(values) else float("nan")
        return Estimate(value, float("nan"), float("nan"), level)
    mean = float(values.mean())
    variance = (1 / len(values) + test_share / (1 - test_share)) * values.var(ddof=1)
    half = float(stats.t.ppf((1 + level) / 2, folds - 1) * np.sqrt(variance))
    return Estimate(mean, max(mean - half, bounds[0]), min(mean + half, bounds[1]), level)


def compute_corrected_difference(
    by_fold: np.ndarray, *, test_share: float, level: float = 0.95
) -> Estimate:
    """Mean paired difference over folds, with the corrected resampled t interval as published.

    It asks whether one model beats another on the same folds; its J - 1 degrees of freedom are
    those of `compute_corrected_p_value`, and the two agree about 0.

    Source
    ------
    Nadeau and Bengio 2003, Machine Learning 52, 239-281.

    Examples
    --------
    >>> compute_corrected_difference(np.array([0.1, 0.3, 0.2, 0.4]), test_share=0.25).value
    0.25
    """
    return compute_corrected_interval(
        by_fold, test_share=test_share, folds=int((~np.isnan(by_fold)).sum()), level=level
    )


def compute_corrected_p_value(by_fold: np.ndarray, *, test_share: float) -> float:
    """Test, one-sided, that a mean over folds is above 0: the corrected resampled t test.

    Parameters
    ----------
    by_fold : array, shape (n_folds * n_repeats,)
        NaN entries are left out.
    test_share : float

    Returns
    -------
    p : float
        With J - 1 degrees of freedom, as published: on noise the figures of the folds of one
        partition are nearly independent, so the widened variance makes the test conservative.

    Source
    ------
    Nadeau and Bengio 2003, Machine Learning 52, 239-281.

    Examples
    --------
    >>> compute_corrected_p_value(np.array([-0.1, 0.1, -0.2, 0.2]), test_share=0.25)
    0.5
    """
    values = by_fold[~np.isnan(by_fold)]
    if len(values) < 2 or values.std() == 0:
        return 1.0
    variance = (1 / len(values) + test_share / (1 - test_share)) * values.var(ddof=1)
    return float(stats.t.sf(values.mean() / np.sqrt(variance), len(values) - 1))


def compute_bootstrap_interval(
    compute: Callable[[np.ndarray], float],
    n_patients: int,
    *,
    seed: int,
    draws: int = 500,
    level: float = 0.95,
    groups: np.ndarray | None = None,
) -> Estimate:
    """Compute a figure of held-out likelihoods with a percentile interval over patients.

    It carries the chance in who was sampled, and not that in how the model came out: for patients
    no model has seen. Of out-of-fold predictions see `compute_out_of_bag_interval`.

    Parameters
    ----------
    compute : callable
        Takes positions of patients, shape (n,), with repetition; returns the figure.
    n_patients : int
    seed : int
    draws : int
    level : float
    groups : array, shape (n_patients,), optional
        Rows with the same value are drawn together: a family, or the visits of one patient. With
        fewer than some 20 groups the interval is too short; with fewer than five there is none.

    Source
    ------
    Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13; Field and Welsh 2007,
    JRSS B 69, 369-390 (groups).
    """
    value = compute(np.arange(n_patients))
    if not are_enough(groups):
        return Estimate(value, float("nan"), float("nan"), level)
    rng = np.random.default_rng(seed)
    drawn = np.array([compute(rows) for rows in draw_patients(rng, n_patients, draws, groups)])
    drawn = drawn[~np.isnan(drawn)]
    if np.isnan(value) or len(drawn) < draws // 2:
        return Estimate(value, float("nan"), float("nan"), level)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high), level)
