"""Figures of many weighted samples of patients at once: what every bootstrap of them needs."""

from __future__ import annotations

import numpy as np

from stratify.metrics.arrays import check_scores


def compute_weighted_auc(
    y: np.ndarray, score: np.ndarray, weights: np.ndarray, fold: np.ndarray | None = None
) -> np.ndarray:
    """Compute the AUC under each row of weights.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    score : array, shape (n_patients,) or (n_repeats, n_patients)
        Held-out; with repeats, the AUC is the mean over them.
    weights : array, shape (n_samples, n_patients)
        How often each patient is in a sample.
    fold : array of int, of the shape of ``score``, optional
        The fold that held each patient out. With it patients are ranked only against those of
        their own fold, scored by the same model; without it all are ranked together, which is
        lower in small cohorts since models of different folds differ in level.

    Returns
    -------
    auc : array, shape (n_samples,)
        NaN where a sample has one class only in every fold.

    Examples
    --------
    >>> y, score = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    >>> compute_weighted_auc(y, score, np.array([[1, 1, 1, 1], [1, 0, 1, 2]])).tolist()
    [0.75, 1.0]
    """
    y, scores = check_scores(y, score)
    weights = np.asarray(weights, dtype=float)
    folds = np.zeros(scores.shape, dtype=int) if fold is None else np.atleast_2d(fold)
    total, cells = np.zeros(len(weights)), np.zeros(len(weights))
    for row, numbers in zip(scores, folds, strict=True):
        for number in np.unique(numbers):
            mine = numbers == number
            up, down = mine & (y == 1), mine & (y == 0)
            wins = np.sign(row[up][:, None] - row[down]) / 2 + 0.5
            won = ((weights[:, up] @ wins) * weights[:, down]).sum(axis=1)
            pairs = weights[:, up].sum(axis=1) * weights[:, down].sum(axis=1)
            total += np.divide(won, pairs, out=np.zeros(len(weights)), where=pairs > 0)
            cells += pairs > 0
    return np.divide(total, cells, out=np.full(len(weights), np.nan), where=cells > 0)


def compute_weighted_mean(parts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Compute the mean of what each patient adds, as squared errors, under each row of weights.

    Parameters
    ----------
    parts : array, shape (n_patients,) or (n_repeats, n_patients)
    weights : array, shape (n_samples, n_patients)

    Returns
    -------
    mean : array, shape (n_samples,)

    Examples
    --------
    >>> compute_weighted_mean(np.array([0.0, 1.0]), np.array([[1, 1], [1, 3]])).tolist()
    [0.5, 0.75]
    """
    weights = np.asarray(weights, dtype=float)
    whole = weights.sum(axis=1)
    mean = np.atleast_2d(parts).mean(axis=0)
    return np.divide(weights @ mean, whole, out=np.full(len(weights), np.nan), where=whole > 0)


def compute_weighted_balanced_accuracy(
    y: np.ndarray, called: np.ndarray, weights: np.ndarray, fold: np.ndarray | None = None
) -> np.ndarray:
    """Compute the mean of sensitivity and specificity under each row of weights.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    called : array of bool, shape (n_patients,) or (n_repeats, n_patients)
        Whether a patient was called a responder.
    weights : array, shape (n_samples, n_patients)
    fold : array of int, of the shape of ``called``, optional
        The fold that held each patient out: the figure is then the mean of those of the folds.

    Returns
    -------
    balanced_accuracy : array, shape (n_samples,)
        NaN where a sample has one class only in every fold.

    Examples
    --------
    >>> y, called = np.array([0, 0, 1, 1]), np.array([False, True, True, True])
    >>> weights = np.array([[1, 1, 1, 1], [2, 0, 1, 1]])
    >>> compute_weighted_balanced_accuracy(y, called, weights).tolist()
    [0.75, 1.0]
    """
    y, called = check_scores(y, called, "called")
    weights = np.asarray(weights, dtype=float)
    folds = np.zeros(called.shape, dtype=int) if fold is None else np.atleast_2d(fold)
    total, cells = np.zeros(len(weights)), np.zeros(len(weights))
    for row, numbers in zip(called, folds, strict=True):
        for number in np.unique(numbers):
            up, down = (numbers == number) & (y == 1), (numbers == number) & (y == 0)
            right = [weights[:, up] @ row[up], weights[:, down] @ (1 - row[down])]
            whole = [weights[:, rows].sum(axis=1) for rows in (up, down)]
            both = (whole[0] > 0) & (whole[1] > 0)
            for part, of in zip(right, whole, strict=True):
                total += np.divide(part, of, out=np.zeros(len(weights)), where=both) / 2
            cells += both
    return np.divide(total, cells, out=np.full(len(weights), np.nan), where=cells > 0)


def compute_weighted_skill(
    error: np.ndarray, reference: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Compute by what share the mean error is below a reference's, under each row of weights.

    Parameters
    ----------
    error, reference : array, shape (n_patients,) or (n_repeats, n_patients)
        What each patient adds, as squared errors.
    weights : array, shape (n_samples, n_patients)

    Returns
    -------
    skill : array, shape (n_samples,)
        1 is no error, 0 that of the reference; NaN where the reference has no error.

    Examples
    --------
    >>> compute_weighted_skill(np.array([0.1, 0.2]), np.array([0.2, 0.2]), np.ones((1, 2))).round(9)
    array([0.25])
    """
    ours = compute_weighted_mean(error, weights)
    theirs = compute_weighted_mean(reference, weights)
    ratio = np.divide(ours, theirs, out=np.full(len(ours), np.nan), where=theirs > 0)
    return 1 - ratio


def compute_weighted_average_precision(
    y: np.ndarray, score: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Compute the average precision under each row of weights.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    score : array, shape (n_patients,) or (n_repeats, n_patients)
        With repeats, the average precision is the mean over them.
    weights : array, shape (n_samples, n_patients)

    Returns
    -------
    average_precision : array, shape (n_samples,)
        NaN where a sample has no responder.

    Examples
    --------
    >>> y, score = np.array([0, 1, 0, 1]), np.array([0.1, 0.2, 0.3, 0.4])
    >>> weights = np.array([[1, 1, 1, 1], [1, 0, 1, 1]])
    >>> compute_weighted_average_precision(y, score, weights).round(4)
    array([0.8333, 1.    ])
    """
    y, scores = check_scores(y, score)
    weights = np.asarray(weights, dtype=float)
    return np.mean([_average_precision(y, row, weights) for row in scores], axis=0)


def _average_precision(y: np.ndarray, row: np.ndarray, weights: np.ndarray) -> np.ndarray:
    order = np.argsort(-row, kind="stable")
    # Equal scores are one step: their order says nothing.
    last = np.append(row[order][1:] != row[order][:-1], True)
    drawn = weights[:, order]
    found = np.cumsum(drawn * y[order], axis=1)[:, last]
    seen = np.cumsum(drawn, axis=1)[:, last]
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
    steps = np.diff(found, prepend=0.0, axis=1)
    whole = found[:, -1]
    none = np.full(len(weights), np.nan)
    return np.divide((steps * precision).sum(axis=1), whole, out=none, where=whole > 0)
