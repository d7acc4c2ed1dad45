"""Held-out likelihoods judged against outcomes some of which are imputed, several times over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats

from stratify.errors import count_of
from stratify.evaluation.certificate import Check
from stratify.evaluation.engine import Candidate, FoldResult
from stratify.evaluation.held_out import HeldOut, compute_by_fold, make_figures
from stratify.evaluation.imputation import draw_judging_outcomes, draw_training_outcomes
from stratify.evaluation.values import Completions
from stratify.folds import Fold
from stratify.metrics import (
    METRICS,
    Estimate,
    Pooled,
    compute_held_out_estimates,
    compute_out_of_bag_variance,
    pool,
    pool_on_scale,
)
from stratify.task import Table

ON_LOGIT = ("auc", "average_precision", "balanced_accuracy")
"""The metrics whose interval is symmetric in their log-odds."""

BOUNDS = {"brier": (0.0, 1.0), "log_loss": (0.0, np.inf), "brier_skill": (-np.inf, 1.0)}

DRAWS = 2000
"""Of patients, over all completions: their variance is averaged, and need not be known in each."""


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
    tested = np.bincount(np.concatenate([fold.test for fold in folds]), minlength=len(table))
    for k, (family, narrowed) in enumerate(candidates):
        if family == "prevalence":
            continue
        total = np.zeros(len(table))
        for j, fold in enumerate(folds):
            total[fold.test] += results[k, j].log_odds
        mean = np.where(tested > 0, total / np.maximum(tested, 1), np.nan)
        scores.setdefault(f"held-out {narrowed.reference or narrowed.features}", []).append(mean)
    means = {name: np.mean(each, axis=0) for name, each in scores.items()}
    return draw_judging_outcomes(table, pd.DataFrame(means, index=table.X.index), seed=seed)


def judge_completions(
    predictions: pd.DataFrame,
    labels: np.ndarray,
    missing: np.ndarray,
    groups: Mapping[str, str],
    *,
    seed: int,
    level: float,
) -> tuple[dict[str, Estimate], pd.DataFrame, Completions]:
    """Judge likelihoods against each completion of the outcomes, and pool what comes of it.

    Parameters
    ----------
    predictions : DataFrame, shape (n_predictions, ...)
        As in `Evaluation`, of all patients; its ``y`` is not read.
    labels : array of int, shape (n_predictions, n_completions)
    missing : array of bool, shape (n_predictions,)
    groups : mapping of str to str
        Whom each patient belongs with.
    seed : int
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
    seeds = np.random.SeedSequence([seed, len(completed)]).generate_state(len(completed))
    draws = max(DRAWS // len(completed), 50)
    each = [
        _estimate(one, groups, int(own), draws) for one, own in zip(completed, seeds, strict=True)
    ]
    metrics, missing_information = {}, {}
    for name in METRICS:
        values, variances = zip(*(found[name] for found in each), strict=True)
        metrics[name], missing_information[name] = pool_on_scale(
            values,
            variances,
            scale="logit" if name in ON_LOGIT else "plain",
            bounds=BOUNDS.get(name, (-np.inf, np.inf)),
            level=level,
        )
    mean = by_fold[0].copy()
    figures = [name for name in mean.columns if name not in ("repeat", "fold", "n_test")]
    mean[figures] = _mean_of_known(np.stack([one[figures] for one in by_fold]), axis=0)
    patients = int(predictions.loc[missing, "patient"].nunique())
    return metrics, mean, Completions(completed, by_fold, missing_information, patients)


def pool_folds(by_fold: np.ndarray, *, test_share: float) -> Pooled:
    """Pool the mean over folds of a figure, such as a difference of two models, over completions.

    Its variance in a completion is that of the corrected resampled t test, with J - 1 degrees of
    freedom; with one completion the test and the interval are just that.

    Parameters
    ----------
    by_fold : array, shape (n_completions, n_folds)
        NaN where a fold has no such figure; two of each completion must have it.
    test_share : float
        Share of the patients in a test set.

    Source
    ------
    Nadeau and Bengio 2003, Machine Learning 52, 239-281; Rubin 1987, Multiple Imputation for
    Nonresponse in Surveys, section 3.1.
    """
    known = [row[~np.isnan(row)] for row in by_fold]
    variances = [(1 / len(row) + test_share / (1 - test_share)) * row.var(ddof=1) for row in known]
    fewest = min(map(len, known))
    return pool([row.mean() for row in known], variances, degrees=fewest - 1)


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


def _mean_of_known(values: np.ndarray, axis: int) -> np.ndarray:
    """Average what is not NaN; NaN where nothing is known."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _estimate(
    predictions: pd.DataFrame, groups: Mapping[str, str], seed: int, draws: int
) -> dict[str, tuple[float, float]]:
    """Return each metric of one completion, and its variance as if all had been observed."""
    held_out = HeldOut.of(predictions)
    belongs = np.array([groups[patient] for patient in held_out.patients])
    together = belongs if len(set(belongs)) < len(belongs) else None
    found = {
        name: compute_out_of_bag_variance(
            figure, len(held_out.y), seed=seed, draws=draws, groups=together
        )
        for name, figure in make_figures(held_out).items()
    }
    # The sandwich, since a bootstrap of these fits in every completion would take minutes.
    one = compute_held_out_estimates(held_out.y, held_out.log_odds, held_out.base_rate)
    for name in ("calibration_intercept", "calibration_slope"):
        estimate = one[name]
        deviation = (estimate.high - estimate.low) / 2 / stats.norm.ppf((1 + estimate.level) / 2)
        found[name] = estimate.value, deviation**2
    if held_out.is_flat:
        found["calibration_slope"] = float("nan"), float("nan")
    return found
