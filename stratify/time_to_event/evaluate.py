"""Cross-validate a Cox model: held-out scores and likelihoods, and what they say of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from stratify.evaluation.certificate import Certificate, Check
from stratify.evaluation.compute import HERE, Compute
from stratify.evaluation.workers import run_tasks
from stratify.folds import Fold, compute_test_share, draw_inner_folds
from stratify.metrics import Estimate
from stratify.time_to_event.accuracy import (
    HorizonCalibration,
    compute_horizon_calibration,
)
from stratify.time_to_event.certificate import make_certificate
from stratify.time_to_event.checkpoints import KeptNumbers
from stratify.time_to_event.curves import compute_kaplan_meier
from stratify.time_to_event.figures import PAIRS, HeldOutFigures
from stratify.time_to_event.model import FittedCox, Splits, fit_cox_model
from stratify.time_to_event.outcome import FollowedTable

BASES = {
    "uno_c": "pairs of patients that one fold held out, of all folds and repeats; events by the "
    "horizon, weighted for censoring",
    "harrell_c": "pairs of patients that one fold held out, of all folds and repeats",
    "auc_at_horizon": "pairs of patients that one fold held out, weighted for censoring",
    "brier": "the mean of the patients, weighted for censoring",
    "brier_gain": "how much lower that is than of the Kaplan–Meier curve of each training fold",
    "calibration_slope": "patients of all folds together, the mean of their repeats",
    "observed_over_expected": "patients of all folds together, the mean of their repeats",
}
"""Every figure of a time-to-event model, and of what it is taken."""


@dataclass(frozen=True, eq=False)
class TimeToEventEvaluation:
    """Held-out predictions of a Cox model, and what they say of it.

    Parameters
    ----------
    features : {"clinical", "connectivity", "both"}
    horizon : float
        Days.
    reference : {"severity", "covariates", "site", "motion"} or None
        Which simple model it is of: one to be beaten, never one that was tried.
    metrics : dict of str to Estimate
        By the names of `BASES`.
    predictions : DataFrame
        One row a patient and repeat: ``patient``, ``repeat``, ``fold``, ``time``, ``event``,
        ``score``, ``likelihood`` (of the event by the horizon), ``everybody`` (the same of the
        Kaplan–Meier curve of that fold's training patients).
    calibration : HorizonCalibration
    chosen : DataFrame
        ``repeat``, ``fold``, ``strength``, ``slope``.
    hazard_ratios : DataFrame
        ``column`` (a level of a category by itself), ``hazard_ratio`` of one standard deviation
        more, the geometric mean of the folds, ``lowest`` and ``highest`` of them, and in how many
        ``folds`` the column was. They are shrunk, and no estimates of effects.
    certificate : Certificate
    test_share : float
        As in `stratify.evaluation.Evaluation`.
    """

    features: str
    horizon: float
    reference: str | None
    metrics: dict[str, Estimate]
    predictions: pd.DataFrame
    calibration: HorizonCalibration
    chosen: pd.DataFrame
    hazard_ratios: pd.DataFrame
    certificate: Certificate
    test_share: float

    family = "cox"

    @property
    def name(self) -> str:
        """The model in two words."""
        return f"{self.features} cox" if self.reference is None else f"{self.reference} alone"

    def add_check(self, check: Check) -> TimeToEventEvaluation:
        """Return the same with one more check in its certificate."""
        return replace(self, certificate=self.certificate.add([check]))

    def of_patients(self) -> pd.DataFrame:
        """Return one row a patient: the means of the repeats' scores and likelihoods."""
        by = self.predictions.groupby("patient", sort=False)
        means = by[["score", "likelihood", "everybody"]].mean()
        return by[["time", "event"]].first().join(means).reset_index()

    def to_frame(self) -> pd.DataFrame:
        """Return the figures as a table: ``metric``, ``value``, ``low``, ``high``, ``taken_of``."""
        rows = [(k, e.value, e.low, e.high, BASES[k]) for k, e in self.metrics.items()]
        return pd.DataFrame(rows, columns=["metric", "value", "low", "high", "taken_of"])

    def to_dict(self) -> dict[str, object]:
        """Return ``family``, ``features`` and each figure with its bounds, as plain values."""
        values: dict[str, object] = {
            "family": "cox",
            "features": self.features,
            "horizon": self.horizon,
        }
        for name, estimate in self.metrics.items():
            values.update(estimate.to_dict(name))
        return values

    def __repr__(self) -> str:
        lines = [f"TimeToEventEvaluation of {self.name}, by day {self.horizon:g}"]
        return "\n".join(lines + [f"  {name:24}{value}" for name, value in self.metrics.items()])


def cross_validate_cox(
    followed: FollowedTable,
    folds: Sequence[Fold],
    *,
    inner_folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
    compute: Compute = HERE,
    on_fold: Callable[[], None] = lambda: None,
) -> TimeToEventEvaluation:
    """Evaluate a Cox model by nested cross-validation.

    Everything is learned inside each fold's training patients: encoding, the penalty, calibration,
    the hazard of an average patient. Patients are ranked only against those that the same fold held
    out. Only who is still followed, by which figures are weighted, is estimated of all patients
    together; no model sees it.

    Parameters
    ----------
    followed : FollowedTable
    folds : sequence of Fold
        From `stratify.folds.draw_folds` of its table.
    inner_folds : int
    seed : int
    level : float
        Nominal coverage of the intervals.
    compute : Compute
        Its engine is not read: there is one.
    on_fold : callable
        Called once for each fold that is done.
    """
    done: dict[int, FittedCox] = {}
    kept = KeptNumbers.of(compute, followed, size=2)
    tasks = [_make_task(followed, fold, inner_folds, seed, kept) for fold in folds]
    for position, model in run_tasks(
        _fit, followed, tasks, workers=compute.workers, scheduler=compute.scheduler
    ):
        done[position] = model
        if kept is not None and tasks[position].tuned is None:
            kept.write((model.strength, model.slope), *tasks[position].made_from)
        on_fold()
    fitted = [done[position] for position in range(len(folds))]
    parts = [_predict(followed, fold, model) for fold, model in zip(folds, fitted, strict=True)]
    predictions = pd.concat(parts, ignore_index=True)
    chosen = pd.DataFrame(
        [(f.repeat, f.number, m.strength, m.slope) for f, m in zip(folds, fitted, strict=True)],
        columns=["repeat", "fold", "strength", "slope"],
    )
    figures = HeldOutFigures(followed, predictions, seed)
    metrics = {name: figures.estimate(name, level) for name in (*PAIRS, "brier", "brier_gain")}
    means = predictions.groupby("patient")[["time", "event", "likelihood"]].mean()
    calibration = compute_horizon_calibration(
        means["time"].to_numpy(),
        means["event"].to_numpy(),
        means["likelihood"].to_numpy(),
        horizon=followed.horizon,
        level=level,
    )
    metrics["calibration_slope"] = calibration.slope
    metrics["observed_over_expected"] = calibration.observed_over_expected
    return TimeToEventEvaluation(
        features=followed.table.features,
        horizon=followed.horizon,
        reference=followed.table.reference,
        metrics=metrics,
        predictions=predictions,
        calibration=calibration,
        chosen=chosen,
        hazard_ratios=_tabulate_hazard_ratios(fitted),
        certificate=make_certificate(followed, folds, fitted),
        test_share=compute_test_share(folds),
    )


def evaluate_baselines(
    followed: FollowedTable,
    folds: Sequence[Fold],
    *,
    inner_folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
    compute: Compute = HERE,
    on_fold: Callable[[], None] = lambda: None,
) -> tuple[TimeToEventEvaluation, ...]:
    """Evaluate Cox models of covariates, site and motion, each alone, where there are any.

    Parameters
    ----------
    followed : FollowedTable
    folds : sequence of Fold
        Those of the models that must beat them.
    inner_folds, seed, level, compute, on_fold
        As for `cross_validate_cox`.
    """
    table = followed.table
    return tuple(
        cross_validate_cox(
            replace(followed, table=table.narrow_to(reference)),
            folds,
            inner_folds=inner_folds,
            seed=seed,
            level=level,
            compute=compute,
            on_fold=on_fold,
        )
        for reference in table.references
    )


@dataclass(frozen=True, eq=False)
class _Task:
    train: np.ndarray
    inner: Splits
    tuned: tuple[float, float] | None = None

    @property
    def made_from(self) -> tuple[np.ndarray, ...]:
        return (self.train, *(rows for split in self.inner for rows in split))


def _make_task(
    followed: FollowedTable, fold: Fold, inner_folds: int, seed: int, kept: KeptNumbers | None
) -> _Task:
    inner = draw_inner_folds(followed.table, fold, folds=inner_folds, seed=seed)
    task = _Task(fold.train, inner)
    found = None if kept is None else kept.read(*task.made_from)
    return task if found is None else replace(task, tuned=(found[0], found[1]))


def _fit(followed: FollowedTable, task: _Task) -> FittedCox:
    return fit_cox_model(
        followed.table.X.iloc[task.train],
        followed.time[task.train],
        followed.event[task.train],
        task.inner,
        preparer=followed.table.preparer,
        tuned=task.tuned,
    )


def _tabulate_hazard_ratios(fitted: Sequence[FittedCox]) -> pd.DataFrame:
    weights = pd.concat(
        [pd.Series(m.weights, index=m.encoder_.get_feature_names_out()) for m in fitted], axis=1
    )
    table = pd.DataFrame(
        {
            "hazard_ratio": np.exp(weights.mean(axis=1)),
            "lowest": np.exp(weights.min(axis=1)),
            "highest": np.exp(weights.max(axis=1)),
            "folds": weights.notna().sum(axis=1),
        }
    )
    strength = np.log(table["hazard_ratio"]).abs()
    return table.loc[strength.sort_values(ascending=False, kind="stable").index].reset_index(
        names="column"
    )


def _predict(followed: FollowedTable, fold: Fold, model: FittedCox) -> pd.DataFrame:
    X = followed.table.X.iloc[fold.test]
    curve = compute_kaplan_meier(followed.time[fold.train], followed.event[fold.train])
    score = model.score(X)
    return pd.DataFrame(
        {
            "patient": X.index.astype(str),
            "repeat": fold.repeat,
            "fold": fold.number,
            "time": followed.time[fold.test],
            "event": followed.event[fold.test],
            "score": score,
            "likelihood": model.hazard.predict(score, followed.horizon),
            "everybody": 1 - float(curve.at(followed.horizon)),
        }
    )


def compute_strictly(
    name: str,
    evaluation: TimeToEventEvaluation,
    followed: FollowedTable,
    *,
    tried: int,
    seed: int = 0,
) -> Estimate:
    """Compute a figure with a wider interval, which allows for how many models were tried.

    Parameters
    ----------
    name : str
        ``"uno_c"`` or another of `BASES` that is ranked or is a Brier score.
    evaluation : TimeToEventEvaluation
    followed : FollowedTable
    tried : int
    seed : int
    """
    level = 1 - (1 - evaluation.metrics[name].level) / max(tried, 1)
    return HeldOutFigures(followed, evaluation.predictions, seed).estimate(name, level)


def compute_brier_gain(
    evaluation: TimeToEventEvaluation,
    baseline: TimeToEventEvaluation,
    followed: FollowedTable,
    *,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """Compute how much lower a model's Brier score at the horizon is than a baseline's.

    Parameters
    ----------
    evaluation, baseline : TimeToEventEvaluation
        On the same folds of the same patients.
    followed : FollowedTable
    seed : int
    level : float
    """
    figures = HeldOutFigures(followed, evaluation.predictions, seed)
    theirs = HeldOutFigures(followed, baseline.predictions, seed).brier_parts("likelihood")
    return figures.bound(figures.mean_of(theirs - figures.brier_parts("likelihood")), level)
