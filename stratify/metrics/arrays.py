"""What outcomes and scores must look like before anything is computed of them."""

from __future__ import annotations

import numpy as np

from stratify.errors import DataError, Fault, count_of


def check_outcomes(y: np.ndarray) -> np.ndarray:
    """Return outcomes as an array of 0 and 1.

    Raises
    ------
    DataError
        If they are anything else.

    Examples
    --------
    >>> check_outcomes(np.array([True, False]))
    array([1, 0])
    """
    y = np.asarray(y)
    if y.ndim != 1 or not np.isin(y, (0, 1)).all():
        met = (
            f"shape {y.shape}" if y.ndim != 1 else f"values {sorted(set(y.tolist()), key=str)[:5]}"
        )
        raise DataError(
            Fault(
                where="y",
                met=met,
                wanted="one 0 (non-responder) or 1 (responder) for each patient",
                way_out="Leave out patients whose outcome is not known.",
            )
        )
    return y.astype(int)


def check_scores(
    y: np.ndarray, score: np.ndarray, name: str = "score"
) -> tuple[np.ndarray, np.ndarray]:
    """Return outcomes, and scores with one row a repeat.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    score : array, shape (n_patients,) or (n_repeats, n_patients)
    name : str
        What the scores are called in an error.

    Returns
    -------
    y : array of int, shape (n_patients,)
    scores : array of float, shape (n_repeats, n_patients)

    Raises
    ------
    DataError
        If the patients differ in number, or a score is missing.

    Examples
    --------
    >>> check_scores(np.array([0, 1]), np.array([0.2, 0.7]))[1]
    array([[0.2, 0.7]])
    """
    y = check_outcomes(y)
    scores = np.atleast_2d(np.asarray(score, dtype=float))
    if scores.ndim != 2 or scores.shape[1] != len(y):
        raise DataError(
            Fault(
                where=name,
                met=f"shape {np.shape(score)}",
                wanted=f"({len(y)},) or (n_repeats, {len(y)}), as there are {len(y)} outcomes",
                way_out="Pass one score a patient, in the order of y.",
            )
        )
    if np.isnan(scores).any():
        raise DataError(
            Fault(
                where=name,
                met=f"none for {count_of(int(np.isnan(scores).any(axis=0).sum()), 'patient')}",
                wanted="a number for each patient",
                way_out="Leave out patients whom the model was not asked about.",
            )
        )
    return y, scores


def check_probabilities(y: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return outcomes, and likelihoods with one row a repeat, all between 0 and 1.

    Examples
    --------
    >>> check_probabilities(np.array([0, 1]), np.array([-0.2, 0.7]))
    Traceback (most recent call last):
    stratify.errors.DataError: probability: -0.2 to 0.7; likelihoods lie between 0 and 1. \
Pass likelihoods, not log-odds.
    """
    y, probabilities = check_scores(y, probability, "probability")
    if len(y) and not (probabilities.min() >= 0 and probabilities.max() <= 1):
        raise DataError(
            Fault(
                where="probability",
                met=f"{probabilities.min():.3g} to {probabilities.max():.3g}",
                wanted="likelihoods lie between 0 and 1",
                way_out="Pass likelihoods, not log-odds.",
            )
        )
    return y, probabilities
