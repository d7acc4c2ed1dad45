"""Nested, repeated, grouped, stratified cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config
from scipy.special import expit
from threadpoolctl import threadpool_limits

from stratify.errors import DataError, Fault
from stratify.evaluation.certificate import make_certificate
from stratify.evaluation.values import Evaluation
from stratify.folds import Fold, make_folds
from stratify.metrics import (
    Estimate,
    compute_auc,
    compute_balanced_accuracy,
    compute_bootstrap_interval,
    compute_brier,
    compute_calibration,
    compute_corrected_interval,
    compute_log_loss,
)
from stratify.model import (
    FamilyName,
    FittedModel,
    FoldClassifier,
    ResponderClassifier,
    StackedClassifier,
    fit_model,
)
from stratify.task import Table


class _Result(NamedTuple):
    classifier: FoldClassifier
    log_odds: np.ndarray


def cross_validate(
    table: Table,
    family: FamilyName,
    folds: Sequence[Fold],
    *,
    inner_folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
    workers: int = 1,
) -> Evaluation:
    """Evaluate one model by nested cross-validation.

    Everything is learned inside each fold's training patients: encoding, tuning, calibration.

    Parameters
    ----------
    table : Table
        With its outcome.
    family : {"prevalence", "logistic", "svm", "ridge", "forest", "xgboost"}
    folds : sequence of Fold
        From `stratify.folds.make_folds`.
    inner_folds : int
    seed : int
    level : float
        Nominal coverage of the intervals.
    workers : int
        Processes; results are the same to the last digit for any number.

    Examples
    --------
    >>> from stratify.datasets import make_cohort
    >>> from stratify import Task, ResponseRule, assemble, make_folds
    >>> made = make_cohort("null", patients=80, seed=1, regions=12)
    >>> rule = ResponseRule(name="response", followup="madrs_week6", baseline="madrs_baseline",
    ...                     drop=0.5)
    >>> table = assemble(Task(rule=rule, treatment="tms+ketamine"), made.cohort)
    >>> folds = make_folds(table.y, table.groups, folds=3)
    >>> evaluation = cross_validate(table, "prevalence", folds)
    >>> evaluation.metrics["auc"].value, evaluation.certificate.passed
    (0.5, True)
    """
    return cross_validate_many(
        [(family, table)], folds, inner_folds=inner_folds, seed=seed, level=level, workers=workers
    )[0]


def cross_validate_many(
    candidates: Sequence[tuple[FamilyName, Table]],
    folds: Sequence[Fold],
    *,
    inner_folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
    workers: int = 1,
    on_fold: Callable[[], None] = lambda: None,
) -> tuple[Evaluation, ...]:
    """Evaluate several models on the same patients and the same folds.

    Parameters
    ----------
    candidates : sequence of (family, table)
        The tables have the same patients in the same order.
    folds, inner_folds, seed, level, workers
        As for `cross_validate`.
    on_fold : callable
        Called once for each model and fold that is done.

    Raises
    ------
    DataError
        If an inner fold cannot hold both classes.
    """
    fused = _find_halves(candidates)
    tasks = [(k, j) for k in range(len(candidates)) for j in range(len(folds)) if k not in fused]
    # The widest tables first, so that no long task is left for one worker at the end.
    tasks.sort(key=lambda task: -candidates[task[0]][1].X.shape[1])
    inner = [_make_inner(candidates[0][1], fold, inner_folds, seed) for fold in folds]
    results: dict[tuple[int, int], _Result] = {}
    with parallel_config("loky", n_jobs=workers, inner_max_num_threads=1):
        running = Parallel(return_as="generator")(
            delayed(_run_fold)(
                _make_classifier(
                    *candidates[k], inner_folds=inner[j], seed=_seed_of(seed, folds[j])
                ),
                candidates[k][1].X,
                candidates[k][1].y,
                folds[j],
            )
            for k, j in tasks
        )
        for task, result in zip(tasks, running, strict=True):
            results[task] = result
            on_fold()
    for k, halves in fused.items():
        table = candidates[k][1]
        assert table.y is not None
        for j, fold in enumerate(folds):
            parts = [results[half, j].classifier for half in halves]
            stacked = StackedClassifier(()).join(parts, table.y[fold.train])
            log_odds = stacked.decision_function(table.X.iloc[fold.test])
            results[k, j] = _Result(stacked, log_odds)
            on_fold()
    return tuple(
        _summarise(family, table, folds, [results[k, j] for j in range(len(folds))], seed, level)
        for k, (family, table) in enumerate(candidates)
    )


def refit(
    evaluation: Evaluation, table: Table, *, inner_folds: int = 5, seed: int = 0
) -> FittedModel:
    """Fit an evaluated model on every patient, with its outer folds' models as replicas.

    Parameters
    ----------
    evaluation : Evaluation
    table : Table
        The table it was evaluated on, narrowed to its features.
    inner_folds, seed
        As for `cross_validate`.
    """
    assert table.y is not None
    inner = make_folds(table.y, table.groups, folds=inner_folds, seed=seed)
    classifier = _make_classifier(
        evaluation.family,
        table,
        inner_folds=[(part.train, part.test) for part in inner],
        seed=seed,
    )
    with threadpool_limits(1):
        return fit_model(
            table,
            classifier,
            replicas=evaluation.replicas,
            left_out_share=1 / int(evaluation.by_fold["fold"].nunique()),
        )


def _find_halves(
    candidates: Sequence[tuple[FamilyName, Table]],
) -> dict[int, tuple[int, int]]:
    """Find the late fusions whose two halves are candidates too, and need no second fitting."""
    place = {(family, table.features): k for k, (family, table) in enumerate(candidates)}
    return {
        k: (place[family, "clinical"], place[family, "connectivity"])
        for k, (family, table) in enumerate(candidates)
        if table.features == "late fusion"
        and (family, "clinical") in place
        and (family, "connectivity") in place
    }


def _make_classifier(
    family: FamilyName,
    table: Table,
    *,
    inner_folds: list[tuple[np.ndarray, np.ndarray]],
    seed: int,
) -> FoldClassifier:
    """Make the unfitted classifier of a table: one model, or one of each half where they fuse."""
    if table.features == "late fusion":
        halves = [table.select("clinical"), table.select("connectivity")]
        return StackedClassifier(
            tuple(
                (
                    _make_classifier(family, half, inner_folds=inner_folds, seed=seed),
                    tuple(map(str, half.X.columns)),
                )
                for half in halves
            )
        )
    return ResponderClassifier(
        family, preparer=table.preparer, inner_folds=inner_folds, random_state=seed
    )


def _seed_of(seed: int, fold: Fold) -> int:
    state = np.random.SeedSequence([seed, fold.repeat, fold.number]).generate_state(1)
    return int(state[0] >> 1)


def _make_inner(
    table: Table, fold: Fold, inner_folds: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    assert table.y is not None
    try:
        made = make_folds(
            table.y[fold.train],
            table.groups[fold.train],
            folds=inner_folds,
            seed=_seed_of(seed, fold),
        )
    except DataError as error:
        raise DataError(
            [
                Fault(
                    where=fault.where.replace("validation.folds", "validation.inner_folds"),
                    met=fault.met + f", inside fold {fold.number} of repeat {fold.repeat}",
                    wanted=fault.wanted,
                    way_out=fault.way_out.replace("validation.folds", "validation.inner_folds"),
                )
                for fault in error.faults
            ]
        ) from None
    return [(part.train, part.test) for part in made]


def _run_fold(classifier: FoldClassifier, X: pd.DataFrame, y: np.ndarray, fold: Fold) -> _Result:
    # One thread everywhere: sums in another order would change the last digits.
    with threadpool_limits(1):
        classifier.fit(X.iloc[fold.train], y[fold.train])
        return _Result(classifier, classifier.decision_function(X.iloc[fold.test]))


def _summarise(
    family: FamilyName,
    table: Table,
    folds: Sequence[Fold],
    results: Sequence[_Result],
    seed: int,
    level: float,
) -> Evaluation:
    assert table.y is not None
    predictions = pd.concat(
        [
            pd.DataFrame(
                {
                    "patient": table.X.index[fold.test].astype(str),
                    "repeat": fold.repeat,
                    "fold": fold.number,
                    "y": table.y[fold.test],
                    "probability": expit(result.log_odds),
                    "log_odds": result.log_odds,
                    "base_rate": table.y[fold.train].mean(),
                }
            )
            for fold, result in zip(folds, results, strict=True)
        ],
        ignore_index=True,
    )
    by_fold = compute_by_fold(predictions)
    classifiers = tuple(result.classifier for result in results)
    chosen = by_fold[["repeat", "fold"]].join(
        pd.DataFrame([dict(classifier.parameters_) for classifier in classifiers])
    )
    return Evaluation(
        family=family,
        features="none" if family == "prevalence" else table.features,
        metrics=_estimate(predictions, by_fold, seed, level),
        by_fold=by_fold,
        predictions=predictions,
        chosen=chosen,
        certificate=make_certificate(table, folds, classifiers),
        replicas=classifiers,
    )


def compute_by_fold(predictions: pd.DataFrame) -> pd.DataFrame:
    """Compute the figures of each fold from held-out predictions.

    Balanced accuracy calls a responder whoever is above the base rate of that fold's training
    patients.

    Parameters
    ----------
    predictions : DataFrame
        As in `Evaluation`.
    """
    rows = []
    for (repeat, number), fold in predictions.groupby(["repeat", "fold"], sort=True):
        y, p, f = (fold[name].to_numpy() for name in ("y", "probability", "log_odds"))
        rows.append(
            {
                "repeat": repeat,
                "fold": number,
                "n_test": len(fold),
                "auc": compute_auc(y, f),
                "balanced_accuracy": compute_balanced_accuracy(y, p, fold["base_rate"].to_numpy()),
                "brier": compute_brier(y, p),
                "log_loss": compute_log_loss(y, f),
            }
        )
    return pd.DataFrame(rows)


def _estimate(
    predictions: pd.DataFrame, by_fold: pd.DataFrame, seed: int, level: float
) -> dict[str, Estimate]:
    folds = int(by_fold["fold"].nunique())
    metrics = {
        name: compute_corrected_interval(
            by_fold[name].to_numpy(),
            test_share=1 / folds,
            folds=folds,
            level=level,
            bounds=(0.0, np.inf if name == "log_loss" else 1.0),
        )
        for name in ("auc", "balanced_accuracy", "brier", "log_loss")
    }
    ordered = predictions.sort_values(["repeat", "patient"])
    repeats = int(ordered["repeat"].nunique())
    spread = predictions.groupby(["repeat", "fold"])["log_odds"].agg(np.ptp).max()
    log_odds = ordered["log_odds"].to_numpy().reshape(repeats, -1)
    y = ordered["y"].to_numpy()[: log_odds.shape[1]]
    for position, name in enumerate(("calibration_intercept", "calibration_slope")):
        if name == "calibration_slope" and spread < 1e-9:
            # Equal likelihoods for everybody have no slope; folds would only compare base rates.
            metrics[name] = Estimate(np.nan, np.nan, np.nan, level)
            continue

        def compute(rows: np.ndarray, position: int = position) -> float:
            each = [compute_calibration(y[rows], f[rows])[position] for f in log_odds]
            return float(np.mean(each))

        metrics[name] = compute_bootstrap_interval(
            compute, len(y), seed=seed, draws=300, level=level
        )
    return metrics
