"""Nested, repeated, grouped, stratified cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit

from stratify.evaluation.certificate import (
    Certificate,
    EncodersChecked,
    check_table,
    make_certificate,
)
from stratify.evaluation.completions import (
    check_imputation,
    judge_completions,
    judge_outcomes,
)
from stratify.evaluation.compute import HERE, Compute
from stratify.evaluation.engine import FoldResult, fit_folds, make_whole_work, make_work
from stratify.evaluation.held_out import HeldOut, compute_by_fold, compute_estimates
from stratify.evaluation.values import Evaluation
from stratify.folds import Fold, compute_test_share
from stratify.model import (
    CONFIDENCE,
    Familiar,
    FamilyName,
    FittedModel,
    Limits,
    make_fitted_model,
    make_limits,
    parts_of,
)
from stratify.task import Table


def cross_validate(
    table: Table,
    family: FamilyName,
    folds: Sequence[Fold],
    *,
    inner_folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
    compute: Compute = HERE,
) -> Evaluation:
    """Evaluate one model by nested cross-validation.

    Everything is learned inside each fold's training patients: encoding, tuning, calibration.

    Parameters
    ----------
    table : Table
        With its outcome.
    family : {"prevalence", "logistic", "svm", "ridge", "forest", "xgboost", "cpm"}
    folds : sequence of Fold
        From `stratify.folds.make_folds`.
    inner_folds : int
    seed : int
    level : float
        Nominal coverage of the intervals.
    compute : Compute
        How the work is done; it changes no result.

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
        [(family, table)], folds, inner_folds=inner_folds, seed=seed, level=level, compute=compute
    )[0]


def cross_validate_many(
    candidates: Sequence[tuple[FamilyName, Table]],
    folds: Sequence[Fold],
    *,
    inner_folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
    compute: Compute = HERE,
    on_fold: Callable[[], None] = lambda: None,
) -> tuple[Evaluation, ...]:
    """Evaluate several models on the same patients and the same folds.

    Parameters
    ----------
    candidates : sequence of (family, table)
        The tables have the same patients in the same order.
    folds, inner_folds, seed, level, compute
        As for `cross_validate`.
    on_fold : callable
        Called once for each model and fold that is done.

    Raises
    ------
    DataError
        If an inner fold cannot hold both classes.
    """
    work = make_work(candidates, folds, inner_folds=inner_folds, seed=seed, engine=compute.engine)
    results = fit_folds(work, compute=compute, on_fold=on_fold)
    labels = judge_outcomes(candidates, folds, results, seed=seed)
    imputed = check_imputation(candidates[0][1], folds, work.labels, seed=seed)
    checked: EncodersChecked = {}
    tables = {id(table): table for _, table in candidates}
    of_tables = {key: check_table(table, folds) for key, table in tables.items()}
    return tuple(
        _summarise(
            family,
            table,
            folds,
            [results[k, j] for j in range(len(folds))],
            labels,
            [float(part.mean()) for part in work.labels],
            seed,
            level,
            make_certificate(
                table,
                folds,
                [results[k, j].classifier for j in range(len(folds))],
                checked=checked,
                of_table=of_tables[id(table)],
                more=imputed,
            ),
        )
        for k, (family, table) in enumerate(candidates)
    )


def refit(
    evaluation: Evaluation,
    table: Table,
    *,
    inner_folds: int = 5,
    seed: int = 0,
    compute: Compute = HERE,
) -> FittedModel:
    """Fit an evaluated model on every patient, with its outer folds' models as replicas.

    Parameters
    ----------
    evaluation : Evaluation
    table : Table
        The table it was evaluated on, narrowed to its features.
    inner_folds, seed, compute
        As for `cross_validate_many`.
    """
    return refit_many([evaluation], [table], inner_folds=inner_folds, seed=seed, compute=compute)[0]


def refit_many(
    evaluations: Sequence[Evaluation],
    tables: Sequence[Table],
    *,
    inner_folds: int = 5,
    seed: int = 0,
    compute: Compute = HERE,
    on_fold: Callable[[], None] = lambda: None,
    confidence: float = CONFIDENCE,
) -> tuple[FittedModel, ...]:
    """Fit evaluated models on every patient, each with its outer folds' models as replicas.

    Where a model must stay silent is learned from patients held out: outcome sets from their
    log-odds, and how far from the others a patient may lie from the first repeat of the folds.

    Parameters
    ----------
    evaluations : sequence of Evaluation
    tables : sequence of Table
        The table of each.
    inner_folds, seed, compute, on_fold
        As for `cross_validate_many`.
    confidence : float
        Of the outcome sets.
    """
    candidates = [(e.family, table) for e, table in zip(evaluations, tables, strict=True)]
    work = make_whole_work(candidates, inner_folds=inner_folds, seed=seed, engine=compute.engine)
    results = fit_folds(work, compute=compute, on_fold=on_fold)
    familiar: dict[int, Familiar] = {}
    return tuple(
        make_fitted_model(
            table,
            results[k, 0].classifier,
            replicas=evaluation.replicas,
            left_out_share=_share_left_out(evaluation, table),
            limits=_learn_limits(evaluation, table, confidence, familiar),
            labels=work.labels[0],
        )
        for k, (evaluation, table) in enumerate(zip(evaluations, tables, strict=True))
    )


def _learn_limits(
    evaluation: Evaluation, table: Table, confidence: float, familiar: dict[int, Familiar]
) -> Limits:
    """Learn limits from held-out patients; models of one table are familiar with the same."""
    held_out = HeldOut.of(evaluation.predictions)
    place = {patient: k for k, patient in enumerate(table.patients)}
    rows = np.array([place[patient] for patient in held_out.patients])
    log_odds = np.full((len(held_out.log_odds), len(table)), np.nan)
    log_odds[:, rows] = held_out.log_odds
    first = held_out.fold[0]
    limits = make_limits(
        table,
        log_odds=log_odds,
        held_out=[rows[first == number] for number in np.unique(first)],
        confidence=confidence,
        familiar=familiar.get(id(table)),
    )
    if limits.familiar is not None:
        familiar[id(table)] = limits.familiar
    return limits


def _summarise(
    family: FamilyName,
    table: Table,
    folds: Sequence[Fold],
    results: Sequence[FoldResult],
    labels: np.ndarray,
    base_rates: Sequence[float],
    seed: int,
    level: float,
    certificate: Certificate,
) -> Evaluation:
    predictions = pd.concat(
        [
            pd.DataFrame(
                {
                    "patient": table.X.index[fold.test].astype(str),
                    "repeat": fold.repeat,
                    "fold": fold.number,
                    "y": labels[fold.test, 0],
                    "probability": expit(result.log_odds),
                    "log_odds": result.log_odds,
                    "base_rate": rate,
                }
            )
            for fold, result, rate in zip(folds, results, base_rates, strict=True)
        ],
        ignore_index=True,
    )
    groups, completions = _groups_of(table), None
    if labels.shape[1] > 1:
        rows = np.concatenate([fold.test for fold in folds])
        metrics, by_fold, completions = judge_completions(
            predictions, labels[rows], table.missing[rows], groups, seed=seed, level=level
        )
        predictions = predictions[~table.missing[rows]].reset_index(drop=True)
    else:
        by_fold = compute_by_fold(predictions)
        metrics = compute_estimates(predictions, groups, seed=seed, level=level)
    classifiers = tuple(result.classifier for result in results)
    chosen = by_fold[["repeat", "fold"]].join(
        pd.DataFrame([dict(classifier.parameters_) for classifier in classifiers])
    )
    return Evaluation(
        family=family,
        features="none" if family == "prevalence" else table.features,
        metrics=metrics,
        by_fold=by_fold,
        predictions=predictions,
        chosen=chosen,
        certificate=certificate,
        replicas=classifiers,
        test_share=compute_test_share(folds),
        scheme=folds[0].scheme,
        reference=table.reference,
        completions=completions,
    )


def _groups_of(table: Table) -> dict[str, str]:
    return dict(zip(table.X.index.astype(str), table.groups.astype(str), strict=True))


def _share_left_out(evaluation: Evaluation, table: Table) -> float:
    """Return which share of the patients a replica was fitted without, the mean of them."""
    trained = [len(parts_of(replica)[0][0].inner_scores_) for replica in evaluation.replicas]
    return round(1 - sum(trained) / len(trained) / len(table), 12)
