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
