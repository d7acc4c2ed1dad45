"""What a model's held-out likelihoods are worth: how near the truth, and to whom of use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import expit

from stratify.evaluation.held_out import HeldOut
from stratify.evaluation.values import Evaluation
from stratify.metrics import (
    CalibrationCurve,
    compute_at_thresholds,
    compute_calibration_curve,
    compute_decision_curve,
)
from stratify.metrics.thresholds import check_thresholds
from stratify.task import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
"""Where none are stated: about the shares of responders that cohorts of TMS and ketamine have."""

STEP = 0.02
"""Between two points of a decision curve."""


@dataclass(frozen=True, eq=False)
class Usefulness:
    """What a model's held-out likelihoods are worth.

    Parameters
    ----------
    calibration_curve : CalibrationCurve
    decision_curve : DataFrame
        As `compute_decision_curve` returns it, from the lowest to the highest threshold stated.
    at_thresholds : DataFrame
        As `compute_at_thresholds` returns it, at the stated thresholds, with the net benefit there
        and its ``gain`` over the better of treating all and none.
    thresholds : tuple of float
    """

    calibration_curve: CalibrationCurve
    decision_curve: pd.DataFrame
    at_thresholds: pd.DataFrame
    thresholds: tuple[float, ...]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every number that is drawn, by the name of its table."""
        return {
            "calibration_curve": self.calibration_curve.table,
            "calibration_distances": self.calibration_curve.to_frame(),
            "decision_curve": self.decision_curve,
            "at_thresholds": self.at_thresholds,
        }

    def figures(self) -> dict[str, Figure]:
        """Draw the calibration curve, the decision curve and the figures at each threshold."""
        from stratify.metrics.calibration import plot_calibration_curve
        from stratify.metrics.thresholds import plot_at_thresholds
        from stratify.metrics.usefulness import plot_decision_curve

        return {
            "calibration_curve": plot_calibration_curve(self.calibration_curve),
            "decision_curve": plot_decision_curve({"the model": self.decision_curve}),
            "at_thresholds": plot_at_thresholds(self.at_thresholds),
        }

    def metrics(self) -> dict[str, float]:
        """Return the single numbers, by the names they have in runs."""
        found = {
            f"calibration_{name}": self.calibration_curve.distances[name].value
            for name in ("ici", "e50", "e90")
            if name in self.calibration_curve.distances
        }
        for row in self.at_thresholds.to_dict("records"):
            at = f"{row['threshold']:g}"
            found |= {f"{name}_at_{at}": float(row[name]) for name in AT_THRESHOLDS}
        return found

    def __repr__(self) -> str:
        lines = [f"Usefulness: {self.calibration_curve!r}"]
        for row in self.at_thresholds.to_dict("records"):
            lines.append(
                f"  at {row['threshold']:g}: net benefit {row['net_benefit']:.3f}, gain "
                f"{row['gain']:+.3f} ({row['gain_low']:+.3f} to {row['gain_high']:+.3f})"
            )
        return "\n".join(lines)


AT_THRESHOLDS = ("sensitivity", "specificity", "ppv", "npv", "net_benefit", "gain")
_OF_DECISIONS = tuple(
    f"{name}{suffix}" for name in ("net_benefit", "gain") for suffix in ("", "_low", "_high")
)


def compute_usefulness(
    evaluation: Evaluation,
    table: Table,
    *,
    thresholds: Sequence[float] = THRESHOLDS,
    seed: int = 0,
    draws: int = 200,
    level: float = 0.95,
) -> Usefulness:
    """Judge a model's out-of-fold likelihoods: calibration, decisions, stated thresholds.

    Parameters
    ----------
    evaluation : Evaluation
    table : Table
        The patients it was evaluated on; those whom its task keeps together are drawn together.
    thresholds : sequence of float
        Likelihoods at which a clinician would decide otherwise, stated beforehand.
    seed : int
    draws : int
        Bootstrap samples of patients, the models held fixed.
    level : float

    Examples
    --------
    >>> from stratify import Task, ResponseRule, assemble, cross_validate, make_folds
    >>> from stratify.datasets import make_cohort
    >>> made = make_cohort("null", patients=80, seed=1, regions=12)
    >>> rule = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline",
    ...                     drop=0.5)
    >>> table = assemble(Task(rule=rule, treatment="tms+ketamine"), made.cohort)
    >>> folds = make_folds(table.y, table.groups, folds=3)
    >>> found = compute_usefulness(cross_validate(table, "prevalence", folds), table, draws=20)
    >>> found.calibration_curve.why_not
    '39 patients; a curve needs 100'
    """
    held_out = HeldOut.of(evaluation.predictions)
    belongs = dict(zip(table.patients, table.groups, strict=True))
    return judge_likelihoods(
        held_out.y,
        held_out.log_odds,
        groups=np.array([belongs[patient] for patient in held_out.patients]),
        thresholds=thresholds,
        seed=seed,
        draws=draws,
        level=level,
    )


def judge_likelihoods(
    y: np.ndarray,
    log_odds: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    thresholds: Sequence[float] = THRESHOLDS,
    seed: int = 0,
    draws: int = 200,
    level: float = 0.95,
) -> Usefulness:
    """Judge the likelihoods of patients no model has learned from, as `compute_usefulness` does.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    log_odds : array, shape (n_patients,) or (n_repeats, n_patients)
    groups : array, shape (n_patients,), optional
        Rows with the same value are drawn together.
    thresholds, seed, draws, level
        As for `compute_usefulness`.
    """
    stated = tuple(sorted(set(check_thresholds(thresholds).tolist())))
    probability = expit(log_odds)
    if groups is not None and len(set(groups)) == len(groups):
        groups = None
    curve = compute_decision_curve(
        y, probability, _spread(stated), seed=seed, draws=draws, level=level, groups=groups
    )
    at_thresholds = compute_at_thresholds(y, probability, stated, level=level)
    rows = np.searchsorted(curve["threshold"].to_numpy(), stated)
    for name in _OF_DECISIONS:
        at_thresholds[name] = curve[name].to_numpy()[rows]
    return Usefulness(
        calibration_curve=compute_calibration_curve(
            y, log_odds, seed=seed, draws=draws, level=level, groups=groups
        ),
        decision_curve=curve,
        at_thresholds=at_thresholds,
        thresholds=stated,
    )


def _spread(stated: Sequence[float]) -> list[float]:
    """Return the stated thresholds, with points between them for a curve."""
    count = max(round((stated[-1] - stated[0]) / STEP), 1)
    between = np.linspace(stated[0], stated[-1], count + 1)
    away = np.abs(between[:, None] - np.asarray(stated)).min(axis=1) > STEP / 10
    return sorted({*stated, *between[away].tolist()})
