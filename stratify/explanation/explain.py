"""Exact SHAP values of a calibrated model, in log-odds, on the columns that went in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault
from stratify.explanation.values import Explanation
from stratify.model import (
    AveragedClassifier,
    Encoder,
    FittedModel,
    FoldClassifier,
    Scope,
    StackedClassifier,
    names_of,
    parts_of,
)
from stratify.preprocess import TablePreparer
from stratify.schema import Column

LINEAR = (
    "Exact SHAP values of a linear model, columns taken as independent: weight times the "
    "distance from the mean of the training patients. A missing value counts as the mean."
)
TREES = (
    "Exact SHAP values of the trees, path dependent: a column not yet known is averaged over "
    "the training patients that reach each branch."
)
METHODS = {
    "prevalence": "The base rate has no reasons: every contribution is 0.",
    "logistic": LINEAR,
    "svm": LINEAR,
    "ridge": LINEAR,
    "forest": TREES,
    "xgboost": TREES,
    "cpm": LINEAR,
}

TOLERANCE = 1e-9


def explain(model: FittedModel, X: pd.DataFrame) -> Explanation:
    """Explain a model's calibrated log-odds, patient by patient.

    Calibration is a sigmoid of the family's own score, so the calibrated log-odds are affine in
    that score and its exact SHAP values need only be multiplied by the slope.

    Parameters
    ----------
    model : FittedModel
    X : DataFrame, shape (n_patients, n_columns)
        With at least the columns of training.

    Returns
    -------
    explanation : Explanation
        On the columns as they were prepared: edges adjusted for confounds and sites, or network
        blocks, or whatever stands for connectivity; the levels of a category are summed.

    Source
    ------
    Lundberg and Lee 2017, NeurIPS 30 (linear SHAP); Lundberg et al. 2020, Nature Machine
    Intelligence 2, 56-67, algorithm 2 (trees).
    """
    return explain_spoken_of(model, X, partial(_explain_all, model))


def _explain_all(model: FittedModel, X: pd.DataFrame) -> Explanation:
    classifier = model.classifier
    values, base = compute_contributions(classifier, X)
    columns, prepared = prepare_columns(classifier, X, model.columns)
    log_odds = classifier.decision_function(X)
    require_sum(values, base, log_odds)
    return Explanation(
        contributions=pd.DataFrame(values, index=X.index, columns=prepared.columns),
        base=base,
        log_odds=log_odds,
        X=prepared,
        columns=columns,
        method=_describe_method(classifier),
    )


def require_sum(values: np.ndarray, base: float, total: np.ndarray) -> None:
    """Stop where contributions do not add up to what they explain: a fault of ours."""
    error = float(np.abs(base + values.sum(axis=1) - total).max(initial=0.0))
    if not error <= TOLERANCE:
        raise AssertionError(
            f"contributions miss what they explain by {error:.3g}; at most {TOLERANCE:g} "
            "is rounding. Please report this: the explanation must not be used."
        )


def explain_spoken_of(
    model: Scope, X: pd.DataFrame, explain_all: Callable[[pd.DataFrame], Explanation]
) -> Explanation:
    """Explain those a model can speak of; the contributions of the others are NaN.

    Parameters
    ----------
    model : Scope
    X : DataFrame, shape (n_patients, n_columns)
    explain_all : callable
        Takes the columns of training for patients of known sites.

    Raises
    ------
    DataError
        If there is nobody.
    """
    X = model.align(X)
    speaks = ~model.from_unseen_site(X)
    if speaks.all():
        return explain_all(X)
    if not speaks.any():
        raise DataError(
            Fault(
                where="explain",
                met=f"{len(X)} patients, each from a site that training did not see",
                wanted="at least one from a site of the study",
                way_out="Name scans of that site, outcomes not needed: --site-patients and "
                "--site-connectivity."
                if model.preparation.unseen_site == "scans"
                else "Declare what becomes of new sites with preparation.unseen_site, and "
                "train again.",
            )
        )
    known = explain_all(X[speaks])
    log_odds = np.full(len(X), np.nan)
    log_odds[speaks] = known.log_odds
    return replace(
        known,
        contributions=known.contributions.reindex(X.index),
        log_odds=log_odds,
        X=known.X.reindex(X.index),
    )


def compute_contributions(classifier: FoldClassifier, X: pd.DataFrame) -> tuple[np.ndarray, float]:
    """Compute contributions in calibrated log-odds.

    A stack's log-odds are a weighted sum of its parts', so its contributions are too; those of an
    average are averages.

    Returns
    -------
    values : array, shape (n_patients, n_prepared)
        One column for each of `prepare_columns`.
    base : float
    """
    if isinstance(classifier, AveragedClassifier):
        each = [compute_contributions(part, X) for part in classifier.parts_]
        return np.mean([v for v, _ in each], axis=0), float(np.mean([base for _, base in each]))
    if isinstance(classifier, StackedClassifier):
        columns, base = [], classifier.intercept_
        for part, weight in parts_of(classifier):
            part_values, part_base = compute_contributions(part, X[names_of(part)])
            columns.append(weight * part_values)
            base += weight * part_base
        return np.hstack(columns), float(base)
    encoded = classifier.encoder_.transform(X)
    method = METHODS[classifier.family]
    if method == LINEAR:
        scores = encoded * classifier.model_.coef_[0]
        score_base = float(classifier.model_.intercept_[0])
    elif method == TREES:
        scores, score_base = _explain_trees(classifier.model_, encoded)
    else:
        scores, score_base = np.zeros_like(encoded), 0.0
    values = fold_to_columns(classifier.slope_ * scores, classifier.encoder_)
    return values, float(classifier.intercept_ + classifier.slope_ * score_base)


def fold_to_columns(contributions: np.ndarray, encoder: Encoder) -> np.ndarray:
    """Sum contributions of encoded columns, so that levels of a category are one column.

    Parameters
    ----------
    contributions : array, shape (n_patients, n_encoded)
    encoder : TableEncoder or TablePreparer
        Fitted.

    Returns
    -------
    values : array, shape (n_patients, n_prepared)
    """
    values = np.zeros((len(contributions), int(encoder.source_.max(initial=-1)) + 1))
    np.add.at(values.T, encoder.source_, contributions.T)
    return values


def prepare_columns(
    classifier: FoldClassifier, X: pd.DataFrame, columns: Sequence[Column]
) -> tuple[tuple[Column, ...], pd.DataFrame]:
    """Return the columns that contributions are of, and each patient's values of them.

    Parameters
    ----------
    classifier : ResponderClassifier, StackedClassifier or AveragedClassifier
        Fitted. The models of an average prepare the same rows, so all in the same way.
    X : DataFrame, shape (n_patients, n_columns)
    columns : sequence of Column
        Of ``X``.

    Returns
    -------
    columns : tuple of Column
    prepared : DataFrame, shape (n_patients, n_prepared)
    """
    if isinstance(classifier, AveragedClassifier):
        return prepare_columns(classifier.parts_[0], X, columns)
    kept: list[Column] = []
    frames = []
    for part, _ in parts_of(classifier):
        described, own = describe_prepared(part.encoder_, X[names_of(part)], columns)
        kept += described
        frames.append(own)
    return tuple(kept), pd.concat(frames, axis=1)


def describe_prepared(
    encoder: Encoder, X: pd.DataFrame, columns: Sequence[Column]
) -> tuple[tuple[Column, ...], pd.DataFrame]:
    """Return the columns that an encoder makes of some before encoding them, and their values."""
    by_name = {column.name: column for column in columns}
    described = tuple(by_name[name] for name in map(str, X.columns))
    if isinstance(encoder, TablePreparer):
        return encoder.describe_columns(described), encoder.prepare(X)
    return described, X


def _describe_method(classifier: FoldClassifier) -> str:
    if isinstance(classifier, AveragedClassifier):
        count = len(classifier.parts_)
        method = _describe_method(classifier.parts_[0])
        return f"The mean over {count} models, one for each completion of the outcomes. {method}"
    method = METHODS[classifier.family]
    if isinstance(classifier, StackedClassifier):
        return f"The weighted sum of two models' contributions. {method}"
    return method


def _explain_trees(model: object, encoded: np.ndarray) -> tuple[np.ndarray, float]:
    """Explain the trees in double precision; XGBoost's own contributions are single precision."""
    import shap

    trees = model.read_trees()  # type: ignore[attr-defined]
    used, features = np.unique(
        np.concatenate([tree["features"] for tree in trees]), return_inverse=True
    )
    ends = np.cumsum([len(tree["features"]) for tree in trees])[:-1]
    # Only columns that a tree splits on are handed over; -1, at a leaf, stands first if any does.
    shift = int(used[0] < 0)
    narrowed = [
        {**tree, "features": part - shift, "values": tree["values"][:, None]}
        for tree, part in zip(trees, np.split(features, ends), strict=True)
    ]
    kept = used[shift:]
    if not len(kept):
        return np.zeros_like(encoded), float(model.decision_function(encoded[:1])[0])  # type: ignore[attr-defined]
    explainer = shap.TreeExplainer({"trees": narrowed}, feature_perturbation="tree_path_dependent")
    # Trees compare in single precision, so the rows must be rounded as they round them.
    # shap's own expected value is a little off in the ninth digit; a row of zeros tells the base.
    with_reference = np.vstack([encoded, np.zeros(encoded.shape[1])])
    seen = with_reference[:, kept].astype(np.float32).astype(np.float64)
    scores = np.zeros_like(with_reference)
    scores[:, kept] = np.nan_to_num(explainer.shap_values(seen, check_additivity=False))
    reference = model.decision_function(with_reference[-1:])[0]  # type: ignore[attr-defined]
    return scores[:-1], float(reference - scores[-1].sum())
