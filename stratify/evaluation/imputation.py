"""Missing outcomes imputed several times, so that what is not known shows as a spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from stratify.folds import Fold
from stratify.preprocess import TableEncoder
from stratify.task import Table

SPREAD_OF_NUMBERS = 2.5
"""Of a coefficient beforehand, in log-odds per standard deviation, or between no and yes: an odds
ratio of 12 is no surprise, one of 150 is."""

SPREAD_OF_LEVELS = 1.0
"""Of a coefficient beforehand, in log-odds between having and not having a level, such as a site of
few patients: an odds ratio of 3 is no surprise, one of 10 is."""

SPREAD_OF_RATE = 10.0

_TRAINING, _WHOLE, _JUDGING = 1, 2, 3
"""What a stream of random numbers is for."""


@dataclass(frozen=True, eq=False)
class OutcomeModel:
    """How likely an outcome is, given auxiliary columns, and how well that is known.

    Made by `fit_outcome_model`.

    Parameters
    ----------
    design : array, shape (n_patients, n_terms)
        Of those it was fitted to and those whose outcome is missing.
    mean : array, shape (n_terms,)
    covariance : array, shape (n_terms, n_terms)
        The approximate posterior of the coefficients.
    """

    design: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray

    def draw(self, rng: np.random.Generator, completions: int) -> np.ndarray:
        """Draw coefficients for each completion, and every patient's outcome given these.

        Returns
        -------
        outcomes : array of int, shape (n_patients, n_completions)
        """
        root = np.linalg.cholesky(self.covariance)
        drawn = self.mean + rng.standard_normal((completions, len(self.mean))) @ root.T
        likelihood = expit(self.design @ drawn.T)
        return (rng.random(likelihood.shape) < likelihood).astype(int)


def fit_outcome_model(auxiliary: pd.DataFrame, y: np.ndarray) -> OutcomeModel:
    """Fit a Bayesian logistic regression of the outcome on auxiliary columns.

    Numbers are standardised, categories become one column a level, and a missing value counts as
    the mean, with a column that says it was missing. Coefficients have a normal prior, so that
    separated classes and sites of one patient do no harm; the posterior is taken as normal about
    its mode.

    Parameters
    ----------
    auxiliary : DataFrame, shape (n_patients, n_columns)
    y : array, shape (n_patients,)
        1, 0, or NaN where missing.

    Source
    ------
    Rubin 1987, Multiple Imputation for Nonresponse in Surveys, section 5.2 (a logistic model, its
    parameters drawn anew for each completion); White, Daniel and Royston 2010, Computational
    Statistics and Data Analysis 54, 2267-2275, and Gelman et al. 2008, Annals of Applied
    Statistics 2, 1360-1383 (a prior where classes are separated).

    Examples
    --------
    >>> early = pd.DataFrame({"fall": np.linspace(-2, 2, 40)})
    >>> y = np.where(early["fall"] > 0, 1.0, 0.0)
    >>> y[[0, 39]] = np.nan
    >>> model = fit_outcome_model(early, y)
    >>> model.draw(np.random.default_rng(0), 100)[[0, 39]].mean(axis=1)
    array([0., 1.])
    """
    design, spread = _make_design(auxiliary)
    known = ~np.isnan(y)
    mode, information = _find_mode(design[known], y[known], 1 / spread**2)
    return OutcomeModel(design, mode, np.linalg.inv(information))


def draw_training_outcomes(table: Table, folds: Sequence[Fold], *, seed: int) -> list[np.ndarray]:
    """Complete the outcomes of each fold's training patients from these patients alone.

    Parameters
    ----------
    table : Table
        With or without missing outcomes.
    folds : sequence of Fold
    seed : int

    Returns
    -------
    labels : list of array of int, shape (n_train, n_completions)
        One for each fold; with a single column where no training patient's outcome is missing.
    """
    assert table.y is not None
    made = []
    for fold in folds:
        stream = np.random.default_rng([seed, _TRAINING, fold.repeat, fold.number])
        made.append(_complete(table, fold.train, stream))
    return made


def draw_whole_outcomes(table: Table, *, seed: int) -> np.ndarray:
    """Complete the outcomes of all patients, for the model that is shipped.

    Returns
    -------
    labels : array of int, shape (n_patients, n_completions)
        As of `draw_training_outcomes`.
    """
    return _complete(table, np.arange(len(table)), np.random.default_rng([seed, _WHOLE]))


def draw_judging_outcomes(table: Table, scores: pd.DataFrame, *, seed: int) -> np.ndarray:
    """Complete the outcomes that held-out likelihoods are judged against.

    They stand for what happened, and train no model, so that every known outcome is used. The
    held-out scores are among what they are imputed from: without them no score could be found to
    tell imputed outcomes any better than the auxiliary columns do, and every figure would be drawn
    towards chance.

    Parameters
    ----------
    table : Table
    scores : DataFrame, shape (n_patients, n_scores)
        Held-out log-odds.
    seed : int

    Returns
    -------
    labels : array of int, shape (n_patients, n_completions)
        As of `draw_training_outcomes`.

    Source
    ------
    Harel and Zhou 2006, Statistics in Medicine 25, 3769-3786 (a test is judged against imputed
    disease, the test among what it is imputed from).
    """
    rng = np.random.default_rng([seed, _JUDGING])
    return _complete(table, np.arange(len(table)), rng, more=scores)


def _complete(
    table: Table,
    rows: np.ndarray,
    rng: np.random.Generator,
    *,
    more: pd.DataFrame | None = None,
) -> np.ndarray:
    assert table.y is not None
    y = table.y[rows]
    missing = table.missing[rows]
    if not missing.any():
        return y.astype(int)[:, None]
    assert table.auxiliary is not None
    auxiliary = table.auxiliary.iloc[rows]
    if more is not None:
        auxiliary = pd.concat([auxiliary, more.iloc[rows].set_axis(auxiliary.index)], axis=1)
    completions = table.task.rule.imputations
    drawn = fit_outcome_model(auxiliary, y).draw(rng, completions)
    return np.where(missing[:, None], drawn, np.nan_to_num(y)[:, None]).astype(int)


def _make_design(auxiliary: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the terms of the regression, and how far each coefficient may be from 0 beforehand.

    They are a column of ones, the encoded columns, and which values are missing.
    """
    encoder = TableEncoder().fit(auxiliary)
    encoded = encoder.transform(auxiliary)
    is_level = np.isin(encoder.source_, list(encoder.levels_))
    # Standardising would blow up the distance of a rare level, or a rare yes, from the others.
    for k, source in enumerate(encoder.source_):
        if is_level[k]:
            encoded[:, k] *= encoder.scale_[k]
        elif auxiliary.iloc[:, source].nunique() == 2:
            encoded[:, k] /= np.ptp(encoded[:, k])
    gaps = np.unique(auxiliary.isna().to_numpy(dtype=float), axis=1)
    columns = np.hstack([encoded, gaps - gaps.mean(axis=0)])
    is_level = np.append(is_level, np.zeros(gaps.shape[1], dtype=bool))
    varies = columns.std(axis=0) > 1e-9
    design = np.column_stack([np.ones(len(columns)), columns[:, varies]])
    spread = np.where(is_level[varies], SPREAD_OF_LEVELS, SPREAD_OF_NUMBERS)
    return design, np.append(SPREAD_OF_RATE, spread)


def _find_mode(
    design: np.ndarray, y: np.ndarray, precision: np.ndarray, max_iter: int = 100
) -> tuple[np.ndarray, np.ndarray]:
    """Return the mode of the posterior by Newton's method, and the information there."""

    def lose(w: np.ndarray) -> float:
        f = design @ w
        return float(np.sum(np.logaddexp(0.0, f) - y * f) + precision @ w**2 / 2)

    w = np.zeros(design.shape[1])
    for _ in range(max_iter):
        p = expit(design @ w)
        slope = design.T @ (y - p) - precision * w
        information = (design.T * (p * (1 - p))) @ design + np.diag(precision)
        step = np.linalg.solve(information, slope)
        size = 1.0
        while lose(w + size * step) > lose(w) and size > 1e-8:
            size /= 2
        w = w + size * step
        if np.abs(step).max() < 1e-9:
            break
    p = expit(design @ w)
    return w, (design.T * (p * (1 - p))) @ design + np.diag(precision)
