"""Held-out predictions as arrays: patients once, repeats apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from stratify.errors import DataError, Fault, count_of


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What the models of the folds said of patients they had not seen.

    Parameters
    ----------
    patients : array of str, shape (n_patients,)
    y : array of 0 and 1, shape (n_patients,)
    log_odds, base_rate : array, shape (n_repeats, n_patients)
        ``base_rate`` is the share of responders that the model of the fold was trained on.
    """

    patients: np.ndarray
    y: np.ndarray
    log_odds: np.ndarray
    base_rate: np.ndarray

    @property
    def probability(self) -> np.ndarray:
        """The likelihoods, shape (n_repeats, n_patients)."""
        return expit(self.log_odds)

    def arrange(self, values: np.ndarray, patients: tuple[str, ...]) -> np.ndarray:
        """Bring what is known of patients into this order.

        Parameters
        ----------
        values : array, shape (n,)
        patients : tuple of str, length n
            Whom each value is of; those held out are among them.
        """
        place = {patient: k for k, patient in enumerate(patients)}
        return np.asarray(values)[[place[patient] for patient in self.patients]]


def arrange_held_out(predictions: pd.DataFrame) -> HeldOut:
    """Arrange out-of-fold predictions by patient and repeat.

    Parameters
    ----------
    predictions : DataFrame
        As `Evaluation.predictions`: ``patient``, ``repeat``, ``y``, ``log_odds``, ``base_rate``.

    Raises
    ------
    DataError
        If a patient is not held out once in every repeat.

    Examples
    --------
    >>> predictions = pd.DataFrame({"patient": ["b", "a", "a", "b"], "repeat": [0, 0, 1, 1],
    ...                             "y": [1, 0, 0, 1], "log_odds": [0.5, -1.0, -2.0, 0.25],
    ...                             "base_rate": 0.5})
    >>> arrange_held_out(predictions).log_odds.tolist()
    [[-1.0, 0.5], [-2.0, 0.25]]
    """
    repeats = predictions["repeat"].nunique()
    times = predictions.groupby("patient", sort=True)["repeat"].agg(["size", "nunique"])
    uneven = int(((times["size"] != repeats) | (times["nunique"] != repeats)).sum())
    if uneven:
        raise DataError(
            Fault(
                where="predictions",
                met=f"{count_of(uneven, 'patient')} not held out once in each of {repeats} repeats",
                wanted="every patient counts once",
                way_out="Pass the predictions of whole partitions of the patients.",
            )
        )
    ordered = predictions.sort_values(["repeat", "patient"], kind="stable")
    count = len(times)
    arrays = {
        name: ordered[name].to_numpy().reshape(repeats, count)
        for name in ("patient", "y", "log_odds", "base_rate")
    }
    return HeldOut(
        patients=arrays["patient"][0].astype(str),
        y=arrays["y"][0].astype(int),
        log_odds=arrays["log_odds"].astype(float),
        base_rate=arrays["base_rate"].astype(float),
    )
