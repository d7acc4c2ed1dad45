"""The figures of out-of-fold predictions, each with an interval that knows folds share patients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from stratify.metrics import (
    METRICS,
    Estimate,
    compute_auc,
    compute_balanced_accuracy,
    compute_bootstrap_interval,
    compute_brier,
    compute_calibration_intercept,
    compute_calibration_slope,
    compute_log_loss,
    compute_out_of_bag_interval,
    compute_weighted_auc,
    compute_weighted_average_precision,
    compute_weighted_balanced_accuracy,
    compute_weighted_mean,
    compute_weighted_skill,
)

CALIBRATION_DRAWS = 300

ROUNDING = 1e-12
"""By how much a likelihood must exceed the base rate to be above it."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Out-of-fold predictions as arrays: one row a repeat, one column a patient.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    log_odds, probability, base_rate : array, shape (n_repeats, n_patients)
    fold : array of int, shape (n_repeats, n_patients)
    patients : array of str, shape (n_patients,)
        In their order, which is alphabetical.
    """

    y: np.ndarray
    log_odds: np.ndarray
    probability: np.ndarray
    base_rate: np.ndarray
    fold: np.ndarray
    patients: np.ndarray

    @classmethod
    def of(cls, predictions: pd.DataFrame) -> HeldOut:
        """Arrange the predictions of an `Evaluation`; each repeat has the same patients."""
        ordered = predictions.sort_values(["repeat", "patient"], kind="stable")
        repeats = int(ordered["repeat"].nunique())
        arrays = {
            name: ordered[name].to_numpy().reshape(repeats, -1)
            for name in ("y", "log_odds", "probability", "base_rate", "fold", "patient")
        }
        return cls(
            y=arrays["y"][0],
            log_odds=arrays["log_odds"],
            probability=arrays["probability"],
            base_rate=arrays["base_rate"],
            fold=arrays["fold"],
            patients=arrays["patient"][0],
        )

    @property
    def is_flat(self) -> bool:
        """Whether the models of each fold say the same of everybody.

        Such likelihoods have no slope: folds would only compare base rates.
        """
        spread = max(
            float(np.ptp(row[numbers == number]))
            for row, numbers in zip(self.log_odds, self.fold, strict=True)
            for number in np.unique(numbers)
        )
        return spread < 1e-9


def compute_estimates(
    predictions: pd.DataFrame,
    groups: Mapping[str, str],
    *,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, Estimate]:
    """Compute every metric of out-of-fold predictions, by the names of `stratify.metrics.METRICS`.

    Intervals are those of `compute_out_of_bag_interval`; calibration intercept and slope have the
    bootstrap of patients. Of what each is taken is said by `stratify.metrics.BASES`.

    Parameters
    ----------
    predictions : DataFrame
        As in `Evaluation`.
    groups : mapping of str to str
        Whom each patient belongs with: they are drawn, and left out, together.
    seed : int
    level : float
    """
    held_out = HeldOut.of(predictions)
    belongs = np.array([groups[patient] for patient in held_out.patients])
    together = belongs if len(set(belongs)) < len(belongs) else None
    estimates = {
        name: compute_out_of_bag_interval(
            figure, len(held_out.y), seed=seed, level=level, groups=together
        )
        for name, figure in make_figures(held_out).items()
    }
    estimates |= _calibrate(held_out, seed, level, together)
    return {name: estimates[name] for name in METRICS}


def make_figures(held_out: HeldOut) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Return each metric as a function of weights of patients, as bootstraps need it.

    Parameters
    ----------
    held_out : HeldOut
    """
    y, f, p, base = held_out.y, held_out.log_odds, held_out.probability, held_out.base_rate
    squares = (y - p) ** 2
    return {
        "auc": partial(compute_weighted_auc, y, f, fold=held_out.fold),
        "average_precision": partial(compute_weighted_average_precision, y, f),
        "balanced_accuracy": partial(
            compute_weighted_balanced_accuracy,
            y,
            p > base + ROUNDING,
            fold=held_out.fold,
        ),
        "brier": partial(compute_weighted_mean, squares),
        "brier_skill": partial(compute_weighted_skill, squares, (y - base) ** 2),
        "log_loss": partial(compute_weighted_mean, np.logaddexp(0.0, f) - y * f),
    }


def compute_by_fold(predictions: pd.DataFrame) -> pd.DataFrame:
    """Compute the figures of each fold from held-out predictions.

    Balanced accuracy calls a responder whoever is above the base rate of that fold's training
    patients. A fold that tests one class only has no AUC and no balanced accuracy.

    Parameters
    ----------
    predictions : DataFrame
        As in `Evaluation`.
    """
    rows = []
    for (repeat, number), fold in predictions.groupby(["repeat", "fold"], sort=True):
        y, p, f, base = (
            fold[name].to_numpy() for name in ("y", "probability", "log_odds", "base_rate")
        )
        rows.append(
            {
                "repeat": repeat,
                "fold": number,
                "n_test": len(fold),
                "auc": compute_auc(y, f),
                "balanced_accuracy": compute_balanced_accuracy(y, p, base + ROUNDING),
                "brier": compute_brier(y, p),
                "log_loss": compute_log_loss(y, f),
            }
        )
    return pd.DataFrame(rows)


def _calibrate(
    held_out: HeldOut, seed: int, level: float, groups: np.ndarray | None
) -> dict[str, Estimate]:
    """Compute calibration of each repeat's patients, averaged over repeats."""
    found = {}
    for name, of_one in (
        ("calibration_intercept", compute_calibration_intercept),
        ("calibration_slope", compute_calibration_slope),
    ):
        if name == "calibration_slope" and held_out.is_flat:
            found[name] = Estimate(np.nan, np.nan, np.nan, level)
            continue

        def compute(
            rows: np.ndarray, of_one: Callable[[np.ndarray, np.ndarray], float] = of_one
        ) -> float:
            y = held_out.y[rows]
            return float(np.mean([of_one(y, f[rows]) for f in held_out.log_odds]))

        found[name] = compute_bootstrap_interval(
            compute,
            len(held_out.y),
            seed=seed,
            draws=CALIBRATION_DRAWS,
            level=level,
            groups=groups,
        )
    return found
