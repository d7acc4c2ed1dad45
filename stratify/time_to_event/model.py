"""A Cox model of one training set: encoded, tuned, calibrated and fitted on its rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stratify.model import Encoder
from stratify.model.encoded import encode_rows
from stratify.preprocess import TablePreparer
from stratify.time_to_event.cox import (
    BaselineHazard,
    compute_baseline_hazard,
    compute_partial_likelihood,
    fit_cox,
)

STRENGTHS = tuple(10.0**power for power in np.arange(-2, 3.01, 0.5))
"""Ridge penalties that are tried, as shares of what the events tell of a column on average."""

Splits = Sequence[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class FittedCox:
    """A proportional hazards model with everything that was learned for it.

    Parameters
    ----------
    encoder_ : TableEncoder or TablePreparer
        Fitted on the training rows.
    center : array, shape (n_encoded,)
    weights : array, shape (n_encoded,)
        Calibrated: the score is ``(encoded - center) @ weights``, the logarithm of the hazard ratio
        to an average training patient.
    strength : float
        The chosen of `STRENGTHS`.
    slope : float
        What calibration multiplied the weights by; 0 where held-out scores said nothing.
    hazard : BaselineHazard
    inner_folds_ : sequence of (train, test)
        The index arrays really used, for the leakage certificate.
    feature_names_in_ : array of str
    """

    encoder_: Encoder
    center: np.ndarray
    weights: np.ndarray
    strength: float
    slope: float
    hazard: BaselineHazard
    inner_folds_: Splits
    feature_names_in_: np.ndarray

    @property
    def levels(self) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
        """Which rows each level inside learned from, and which it was held against."""
        return {"tuning": list(self.inner_folds_), "calibration": list(self.inner_folds_)}

    def score(self, X: pd.DataFrame) -> np.ndarray:
        """Return the logarithm of each patient's hazard ratio, each row by itself."""
        encoded = self.encoder_.transform(X[list(self.feature_names_in_)])
        return (encoded - self.center) @ self.weights

    def predict(self, X: pd.DataFrame, time: float) -> np.ndarray:
        """Return each patient's likelihood of the event by a time."""
        return self.hazard.predict(self.score(X), time)


def fit_cox_model(
    X: pd.DataFrame,
    time: np.ndarray,
    event: np.ndarray,
    inner_folds: Splits,
    *,
    preparer: TablePreparer | None = None,
    tuned: tuple[float, float] | None = None,
) -> FittedCox:
    """Fit a Cox model with a ridge penalty, tuned and calibrated on inner folds.

    The penalty is that of the highest cross-validated partial likelihood. How far held-out scores
    are to be believed is one more Cox model, of these scores alone; where it says that they point
    the wrong way, everybody gets the same likelihood.

    Parameters
    ----------
    X : DataFrame, shape (n_patients, n_columns)
    time, event : array, shape (n_patients,)
    inner_folds : sequence of (train, test)
        Positions among the rows.
    preparer : TablePreparer, optional
        What is done to connectivity before it is encoded; unfitted.
    tuned : (float, float), optional
        The strength and the slope, where they were found before from all of the above.

    Source
    ------
    Verweij and van Houwelingen 1993, Statistics in Medicine 12, 2305-2314 (cross-validated partial
    likelihood); van Houwelingen 2000, Statistics in Medicine 19, 3401-3415 (calibration).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"severity": rng.normal(size=60)})
    >>> time = rng.exponential(np.exp(-X["severity"].to_numpy()))
    >>> rows = np.arange(60)
    >>> inner = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    >>> model = fit_cox_model(X, time, np.ones(60), inner)
    >>> model.predict(X, 1.0).shape
    (60,)
    """
    time, event = np.asarray(time, dtype=float), np.asarray(event)
    strength, slope = tuned or _tune(X, time, event, inner_folds, preparer)
    whole = encode_rows(X, X.iloc[:1], preparer, [True])[True]
    reduced = whole.reduced
    penalty = strength * _unit(reduced.train, event)
    weights = fit_cox(reduced.train, time, event, [penalty]).T
    center = whole.train.mean(axis=0)
    full = slope * ((whole.train - center).T @ reduced.to_dual(weights))[:, 0]
    score = (whole.train - center) @ full
    return FittedCox(
        encoder_=whole.encoder,
        center=center,
        weights=full,
        strength=strength,
        slope=slope,
        hazard=compute_baseline_hazard(score, time, event),
        inner_folds_=inner_folds,
        feature_names_in_=np.array(list(map(str, X.columns))),
    )


def _tune(
    X: pd.DataFrame,
    time: np.ndarray,
    event: np.ndarray,
    inner_folds: Splits,
    preparer: TablePreparer | None,
) -> tuple[float, float]:
    """Return the strength of the penalty, and what weights are to be multiplied by."""
    likelihood = np.zeros(len(STRENGTHS))
    scores = np.full((len(STRENGTHS), len(X)), np.nan)
    for train, test in inner_folds:
        held_out, gain = _score_held_out(X, time, event, train, test, preparer)
        scores[:, test] = held_out
        likelihood += gain
    best = int(np.argmax(likelihood))
    return STRENGTHS[best], _calibrate(scores[best], time, event)


def _score_held_out(
    X: pd.DataFrame,
    time: np.ndarray,
    event: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    preparer: TablePreparer | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return held-out scores of each strength, and what the rows held out add to the likelihood."""
    reduced = encode_rows(X.iloc[train], X.iloc[test], preparer, [True])[True].reduced
    unit = _unit(reduced.train, event[train])
    weights = fit_cox(
        reduced.train, time[train], event[train], [unit * strength for strength in STRENGTHS]
    )
    learned, held_out = weights @ reduced.train.T, weights @ reduced.held_out.T
    both = np.concatenate([train, test])
    gain = [
        compute_partial_likelihood(np.concatenate([mine, other]), time[both], event[both])
        - compute_partial_likelihood(mine, time[train], event[train])
        for mine, other in zip(learned, held_out, strict=True)
    ]
    return held_out, np.array(gain)


def _unit(train: np.ndarray, event: np.ndarray) -> float:
    """Return what the events tell of a direction of the rows on average."""
    spread = train.var(axis=0).mean() if train.shape[1] else 1.0
    return float(event.sum() * spread) or 1.0


def _calibrate(score: np.ndarray, time: np.ndarray, event: np.ndarray) -> float:
    """Return by how much held-out scores are to be multiplied; 0 where they say nothing."""
    known = np.isfinite(score)
    spread = score[known].std()
    if not spread > 0:
        return 0.0
    # The penalty is as little as half an event would tell: for scores that order events perfectly.
    slope = fit_cox((score[known] / spread)[:, None], time[known], event[known], [0.5])[0, 0]
    return max(float(slope / spread), 0.0)
