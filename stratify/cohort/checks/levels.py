"""What the levels of a category tell of an outcome, however many there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stratify.cohort.checks.ranks import compute_rank_auc

_FOLDS = 5
_CHANCE = 1e-3
"""Among all levels looked at, so seldom does chance alone make one pure."""


def compute_level_strength(values: pd.Series | np.ndarray, outcome: np.ndarray) -> float:
    """Compute how well the level of a category tells an outcome, as other patients show it.

    Each patient's level is given the mean outcome of those in other folds who have it, so that a
    level of few patients does not fit them by chance, and a category with a level for every third
    patient is judged as fairly as one of two.

    Parameters
    ----------
    values : Series or array, shape (n_patients,)
        Levels, in any coding; missing where not known.
    outcome : array of float, shape (n_patients,)
        Two values or many; NaN where not known.

    Returns
    -------
    strength : float
        The AUC of those means for an outcome of two values, their correlation with one of many: 1
        where the category is a copy of the outcome, near 0.5 or 0 where it says nothing. NaN where
        fewer than two values of the outcome are known.

    Examples
    --------
    >>> outcome = np.tile([0.0, 1.0], 20)
    >>> compute_level_strength(np.where(outcome == 1, "well", "ill"), outcome)
    1.0
    """
    codes, outcome = _known(values, outcome)
    if len(np.unique(outcome)) < 2:
        return float("nan")
    means = _means_elsewhere(codes, outcome)
    high = outcome == outcome.max()
    if np.all(high | (outcome == outcome.min())):
        return compute_rank_auc(means, high)
    if means.min() == means.max():
        return 0.0
    return float(np.corrcoef(means, outcome)[0, 1])


def _known(values: pd.Series | np.ndarray, outcome: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(values, pd.Series) and isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy()
    else:
        codes, _ = pd.factorize(pd.Series(np.asarray(values, dtype=object)), use_na_sentinel=True)
    outcome = np.asarray(outcome, dtype=float)
    known = (codes >= 0) & np.isfinite(outcome)
    return np.unique(codes[known], return_inverse=True)[1], outcome[known]


def _means_elsewhere(codes: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Return the mean outcome of each patient's level in the other folds; the mean of all there."""
    fold = np.empty(len(codes), dtype=int)
    # Both classes, or all sizes of an outcome, are in every fold.
    fold[np.argsort(outcome, kind="stable")] = np.arange(len(codes)) % _FOLDS
    means = np.empty(len(codes))
    for k in range(_FOLDS):
        here = fold == k
        count = np.bincount(codes[~here], minlength=codes.max() + 1)
        total = np.bincount(codes[~here], weights=outcome[~here], minlength=codes.max() + 1)
        of_level = np.where(count > 0, total / np.maximum(count, 1), outcome[~here].mean())
        means[here] = of_level[codes[here]]
    return means


@dataclass(frozen=True, slots=True)
class PureLevel:
    """A level all of whose patients have one outcome.

    Parameters
    ----------
    level : str
    responds : bool
        Whether all of them respond, or none.
    patients : int
    chance : float
        How probable that is, if the level said nothing.
    """

    level: str
    responds: bool
    patients: int
    chance: float


def find_pure_levels(
    values: pd.Series | np.ndarray, response: np.ndarray, *, compared: int = 1
) -> tuple[PureLevel, ...]:
    """Find levels that decide the response by themselves, beyond what chance does.

    Parameters
    ----------
    values : Series or array, shape (n_patients,)
    response : array of float, shape (n_patients,)
        1 for a responder, 0 for others, NaN where not known.
    compared : int
        Among how many levels of all columns these are found.

    Returns
    -------
    levels : tuple of PureLevel
        Those that chance would make pure somewhere among all compared in fewer than one of a
        thousand cohorts.

    Examples
    --------
    >>> response = np.repeat([0.0, 1.0], 30)
    >>> marks = np.r_[np.full(15, "left"), np.full(45, "stayed")]
    >>> find_pure_levels(marks, response)
    (PureLevel(level='left', responds=False, patients=15, chance=2.9...e-06),)
    """
    series = pd.Series(np.asarray(values, dtype=object))
    response = np.asarray(response, dtype=float)
    known = series.notna().to_numpy() & np.isfinite(response)
    total, responders = int(known.sum()), int((response[known] == 1).sum())
    found = []
    for level, rows in series[known].groupby(series[known]).groups.items():
        size, inside = len(rows), int((response[rows] == 1).sum())
        if inside not in (0, size) or size == total:
            continue
        of_class = responders if inside else total - responders
        chance = _probability_of_pure(total, of_class, size)
        if chance * compared < _CHANCE:
            found.append(PureLevel(str(level), inside > 0, size, chance))
    return tuple(found)


def _probability_of_pure(total: int, of_class: int, size: int) -> float:
    """Return how probable it is that ``size`` of all patients, drawn by lot, are of one class."""
    if size > of_class:
        return 0.0
    places = np.arange(size)
    return float(np.exp(np.sum(np.log(of_class - places) - np.log(total - places))))
