"""Held-out likelihoods judged against outcomes some of which are imputed, several times over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from stratify.errors import count_of
from stratify.evaluation.certificate import Check
from stratify.evaluation.engine import Candidate, FoldResult
from stratify.evaluation.imputation import draw_judging_outcomes, draw_training_outcomes
from stratify.evaluation.values import Completions
from stratify.folds import Fold
from stratify.metrics import (
    METRICS,
    Estimate,
    Pooled,
    compute_corrected_interval,
    compute_held_out_estimates,
    pool,
    pool_estimates,
)
from stratify.task import Table

BY_FOLD = ("auc", "balanced_accuracy", "brier", "log_loss")
"""The metrics that are means of the figures of single folds."""


def judge_outcomes(
    candidates: Sequence[Candidate],
    folds: Sequence[Fold],
    results: Mapping[tuple[int, int], FoldResult],
    *,
    seed: int,
) -> np.ndarray:
    """Return the outcomes that the likelihoods of all candidates are judged against.

    They are the same for every candidate, so that models stay comparable; each feature set's mean
    held-out score is among what they are imputed from.

    Returns
    -------
    labels : array of int, shape (n_patients, n_completions)
        One column where none is missing.
    """
    table = candidates[0][1]
    scores: dict[str, list[np.ndarray]] = {}
    repeats = len({fold.repeat for fold in folds})
    for k, (family, narrowed) in enumerate(candidates):
        if family == "prevalence":
            continue
        total = np.zeros(len(table))
        for j, fold in enumerate(folds):
            total[fold.test] += results[k, j].log_odds / repeats
        scores.setdefault(f"held-out {narrowed.features}", []).append(total)
    means = {name: np.mean(each, axis=0) for name, each in scores.items()}
    return draw_judging_outcomes(table, pd.DataFrame(means, index=table.X.index), seed=seed)


def judge_completions(
    predictions: pd.DataFrame,
    labels: np.ndarray,
    missing: np.ndarray,
    compute_by_fold: Callable[[pd.DataFrame], pd.DataFrame],
    *,
    level: float,
) -> tuple[dict[str, Estimate], pd.DataFrame, Completions]:
    """Judge likelihoods against each completion of the outcomes, and pool what comes of it.

    Parameters
    ----------
    predictions : DataFrame, shape (n_predictions, ...)
        As in `Evaluation`, of all patients; its ``y`` is not read.
    labels : array of int, shape (n_predictions, n_completions)
    missing : array of bool, shape (n_predictions,)
    compute_by_fold : callable
        Returns the figures of each fold.
    level : float

    Returns
    -------
    metrics : dict of str to Estimate
    by_fold : DataFrame
        Means over the completions.
    completions : Completions
    """
    completed = tuple(predictions.assign(y=y) for y in labels.T)
    by_fold = tuple(map(compute_by_fold, completed))
    folds = int(by_fold[0]["fold"].nunique())
    each = [
        estimate_folds(figures, level) | _estimate_calibration(one, level)
        for one, figures in zip(completed, by_fold, strict=True)
    ]
    metrics, missing_information = {}, {}
    for name in METRICS:
        metrics[name], missing_information[name] = pool_estimates(
            [estimates[name] for estimates in each],
            degrees=folds - 1 if name in BY_FOLD else np.inf,
            scale="logit" if name in ("auc", "balanced_accuracy") else "plain",
            bounds=_bounds_of(name),
        )
    mean = by_fold[0].copy()
    mean[list(BY_FOLD)] = np.mean([one[list(BY_FOLD)] for one in by_fold], axis=0)
    patients = int(predictions.loc[missing, "patient"].nunique())
    return metrics, mean, Completions(completed, by_fold, missing_information, patients)


def estimate_folds(by_fold: pd.DataFrame, level: float) -> dict[str, Estimate]:
    """Estimate the metrics that are means over folds, with the corrected interval.

    Parameters
    ----------
    by_fold : DataFrame
        As in `Evaluation`.
    level : float
    """
    folds = int(by_fold["fold"].nunique())
    return {
        name: compute_corrected_interval(
            by_fold[name].to_numpy(),
            test_share=1 / folds,
            folds=folds,
            level=level,
            bounds=_bounds_of(name),
        )
        for name in BY_FOLD
    }


def pool_folds(by_fold: np.ndarray, *, test_share: float) -> Pooled:
    """Pool the mean over folds of a figure, such as a difference of two models, over completions.

    Its variance in a completion is that of the corrected resampled t test, with J - 1 degrees of
    freedom; with one completion the test and the interval are just that.

    Parameters
    ----------
    by_fold : array, shape (n_completions, n_folds)
    test_share : float
        Share of the patients in a test set.

    Source
    ------
    Nadeau and Bengio 2003, Machine Learning 52, 239-281; Rubin 1987, Multiple Imputation for
    Nonresponse in Surveys, section 3.1.
    """
    folds = by_fold.shape[1]
    widened = 1 / folds + test_share / (1 - test_share)
    return pool(by_fold.mean(axis=1), widened * by_fold.var(axis=1, ddof=1), degrees=folds - 1)


def check_imputation(
    table: Table, folds: Sequence[Fold], labels: Sequence[np.ndarray], *, seed: int
) -> tuple[Check, ...]:
    """Check that imputed outcomes of training patients owe nothing to those held out.

    The outcomes of the held-out patients are turned round, and the training patients' imputed
    anew: they must come out as they were used.

    Parameters
    ----------
    table : Table
    folds : sequence of Fold
    labels : sequence of array of int, shape (n_train, n_completions)
        As they were used in each fold.
    seed : int
    """
    if table.auxiliary is None:
        return ()
    assert table.y is not None
    wrong = 0
    for fold, used in zip(folds, labels, strict=True):
        turned = table.y.copy()
        turned[fold.test] = 1 - turned[fold.test]
        again = draw_training_outcomes(replace(table, y=turned), [fold], seed=seed)[0]
        wrong += not np.array_equal(again, used)
    return (
        Check(
            "missing outcomes of training patients are imputed from training patients alone",
            wrong == 0,
            f"{count_of(int(table.missing.sum()), 'outcome')} imputed in each of "
            f"{len(folds)} folds, {wrong} differ when held-out outcomes are turned round",
        ),
    )


def _estimate_calibration(predictions: pd.DataFrame, level: float) -> dict[str, Estimate]:
    """Estimate calibration with the sandwich, which unlike a bootstrap is fast enough here."""
    ordered = predictions.sort_values(["repeat", "patient"])
    repeats = int(ordered["repeat"].nunique())
    log_odds, rate = (
        ordered[name].to_numpy().reshape(repeats, -1) for name in ("log_odds", "base_rate")
    )
    y = ordered["y"].to_numpy()[: log_odds.shape[1]]
    found = compute_held_out_estimates(y, log_odds, rate, level=level)
    spread = predictions.groupby(["repeat", "fold"])["log_odds"].agg(np.ptp).max()
    if spread < 1e-9:
        # Equal likelihoods for everybody have no slope; folds would only compare base rates.
        found["calibration_slope"] = Estimate(np.nan, np.nan, np.nan, level)
    return {name: found[name] for name in ("calibration_intercept", "calibration_slope")}


def _bounds_of(name: str) -> tuple[float, float]:
    if name not in BY_FOLD:
        return -np.inf, np.inf
    return 0.0, np.inf if name == "log_loss" else 1.0
