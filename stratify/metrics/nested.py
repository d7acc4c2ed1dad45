"""The standard error of a cross-validated mean, from folds within folds."""

from __future__ import annotations

import numpy as np
from scipy import stats

from stratify.errors import DataError, Fault
from stratify.metrics.estimates import Estimate


def compute_nested_interval(
    fold: np.ndarray,
    outer: np.ndarray,
    inner: np.ndarray,
    *,
    strata: np.ndarray | None = None,
    level: float = 0.95,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Estimate:
    """Compute a cross-validated mean error with the nested cross-validation interval.

    It is for errors that are means over patients: log loss, Brier score, misclassification. The
    method compares, fold by fold, what inner cross-validation promised with what the fold held, and
    takes off the part that is due to the fold's few patients, ``variance / n``; an AUC ranks
    patients against one another and has no such part for each, and with a handful of responders a
    fold its figure is too rough for the comparison. For AUC see `compute_out_of_bag_interval`.

    Every pair of folds is left out once: K(K - 1)/2 fits a repetition give all of ``inner``.

    Parameters
    ----------
    fold : array of int, shape (n_repeats, n_patients)
        The fold, 0 to K - 1, that held each patient out.
    outer : array, shape (n_repeats, n_patients)
        Error of each patient under the model of the other K - 1 folds.
    inner : array, shape (n_repeats, n_folds, n_patients)
        ``inner[r, k, i]``: error of patient i under the model trained without fold k and without
        i's own fold. What stands where i is itself in fold k is not read.
    strata : array, shape (n_patients,), optional
        What the folds were balanced by, as the outcome. Balanced folds differ less than random
        ones, so that without this the standard error is too small.
    level : float
    bounds : (float, float)
        Where the figure must lie; an interval that reaches beyond is cut there.

    Returns
    -------
    error : Estimate
        Corrected for what smaller training sets cost. The standard error is kept between that of
        independent patients and sqrt(K) times it, as published. It is itself rough: use 20
        repetitions or more.

    Raises
    ------
    DataError
        If shapes do not fit one another, or there are fewer than three folds.

    Source
    ------
    Bates, Hastie and Tibshirani 2024, JASA 119, 1434-1445, algorithm 1 and section 4.3; the terms
    for balanced folds are ours (docs/decisions/0010).

    Examples
    --------
    Where nothing is learned, it is the plain standard error:

    >>> rng = np.random.default_rng(0)
    >>> errors = rng.normal(size=100)
    >>> fold = np.array([rng.permutation(100) % 5 for _ in range(300)])
    >>> outer, inner = np.tile(errors, (300, 1)), np.tile(errors, (300, 5, 1))
    >>> interval = compute_nested_interval(fold, outer, inner)
    >>> round(float((interval.high - interval.value) / (1.96 * errors.std(ddof=1) / 10)), 1)
    1.0
    """
    fold, outer, inner = (np.asarray(given) for given in (fold, outer, inner))
    folds = _require_shapes(fold, outer, inner, strata)
    n = fold.shape[1]
    labels = np.zeros(n, dtype=int) if strata is None else np.unique(strata, return_inverse=True)[1]
    squares, promised = [], []
    for numbers, held, within in zip(fold, outer, inner, strict=True):
        for k in range(folds):
            mine = numbers == k
            promise = within[k, ~mine].mean()
            chance = _variance_of_mean(held[mine], labels[mine])
            squares.append((promise - held[mine].mean()) ** 2 - chance)
            promised.append(promise)
    naive = np.sqrt(np.mean([row.var(ddof=1) for row in outer]) / n)
    between = np.mean([row.var(ddof=1) / n - _variance_of_mean(row, labels) for row in outer])
    variance = max(float(np.mean(squares)), 0.0) * (folds - 1) / folds + max(float(between), 0.0)
    error = float(np.clip(np.sqrt(variance), naive, naive * np.sqrt(folds)))
    half = float(stats.norm.ppf((1 + level) / 2)) * error
    bias = (1 + (folds - 2) / folds) * (np.mean(promised) - outer.mean())
    value = float(np.mean(promised) - bias)
    return Estimate(value, max(value - half, bounds[0]), min(value + half, bounds[1]), level)


def _variance_of_mean(errors: np.ndarray, labels: np.ndarray) -> float:
    """Compute how far a mean is off by chance, the number of each label being fixed."""
    total = 0.0
    for label in np.unique(labels):
        part = errors[labels == label]
        if len(part) > 1:
            total += len(part) * part.var(ddof=1)
    return total / len(errors) ** 2


def _require_shapes(
    fold: np.ndarray, outer: np.ndarray, inner: np.ndarray, strata: np.ndarray | None
) -> int:
    folds = int(fold.max()) + 1 if fold.size else 0
    expected = (fold.shape[0], folds, fold.shape[-1])
    fits = fold.ndim == 2 and outer.shape == fold.shape and inner.shape == expected
    if not fits or (strata is not None and np.shape(strata) != fold.shape[1:]):
        raise DataError(
            Fault(
                where="nested errors",
                met=f"fold {fold.shape}, outer {outer.shape}, inner {inner.shape}"
                + ("" if strata is None else f", strata {np.shape(strata)}"),
                wanted="(repeats, patients), the same, (repeats, folds, patients), (patients,)",
                way_out="Pass one error a patient and repeat, and inner ones for each fold.",
            )
        )
    if folds < 3:
        raise DataError(
            Fault(
                where="nested errors",
                met=f"{folds} folds",
                wanted="at least 3: two are left out at a time",
                way_out="Use more folds.",
            )
        )
    return folds
