"""After training: whether more patients would help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault, count_of
from stratify.evaluation.compute import HERE, Compute
from stratify.evaluation.engine import fit_folds, make_work
from stratify.folds import Fold
from stratify.metrics import (
    compute_out_of_bag_interval,
    compute_weighted_auc,
    compute_weighted_mean,
)
from stratify.model import FamilyName
from stratify.task import Table

FitPredict = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Takes rows to train on and rows to predict, and returns log-odds of the latter."""


def compute_learning_curve(
    y: np.ndarray,
    fit_predict: FitPredict,
    sizes: Sequence[int],
    folds: Sequence[Fold],
    *,
    groups: np.ndarray | None = None,
    seed: int = 0,
    draws: int = 500,
    level: float = 0.95,
) -> pd.DataFrame:
    """Cross-validate with fewer and fewer training patients, always on the same held-out ones.

    The patients of a smaller size are among those of every larger one, so that sizes are compared
    on nested cohorts. A curve that is still rising at its end says that patients are what is
    missing; a flat one, that what is measured of them is.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_patients,)
    fit_predict : callable
        As `FitPredict`: fits the whole procedure, tuning and calibration included.
    sizes : sequence of int
        Training patients, none above the smallest training set of ``folds``.
    folds : sequence of Fold
        From `stratify.folds.make_folds`.
    groups : array, shape (n_patients,), optional
        Rows with the same value enter training together; a size is then passed by at most one
        group. Without it each size has the cohort's share of responders.
    seed, draws, level
        Of the choice of patients, and of the intervals, which are those of
        `compute_out_of_bag_interval`.

    Returns
    -------
    curve : DataFrame
        One row a size, in increasing order: ``patients``, and ``auc``, ``log_loss``, each with
        ``_low`` and ``_high``. Held-out patients are the same at every size, so that the intervals
        are wider than what two sizes differ by: ``auc_change`` is by how much the AUC of a size is
        above that of the size before it, on the same patients; NaN for the smallest.

    Raises
    ------
    DataError
        If a size is larger than a training set, or so small that a class is missing from it.

    Source
    ------
    Figueroa et al. 2012, BMC Medical Informatics and Decision Making 12, 8.

    Examples
    --------
    >>> from stratify.folds import make_folds
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=80), np.repeat([0, 1], 40)
    >>> x = x + y
    >>> def fit_predict(train, test):
    ...     middle = (x[train][y[train] == 1].mean() + x[train][y[train] == 0].mean()) / 2
    ...     return x[test] - middle
    >>> curve = compute_learning_curve(y, fit_predict, [10, 60], make_folds(y, folds=4))
    >>> curve["patients"].tolist(), curve["auc"].round(2).tolist()
    ([10, 60], [0.84, 0.84])
    """
    y = np.asarray(y)
    chosen = sorted({int(size) for size in sizes})
    _require_sizes(chosen, folds)
    orders = [_order(y, fold, groups, seed) for fold in folds]
    rows: list[dict[str, float]] = []
    before: Callable[[np.ndarray], np.ndarray] | None = None
    for size in chosen:
        trains = [_take(order, size, groups) for order in orders]
        _require_classes(y, trains, size)
        log_odds, number = _predict(len(y), fit_predict, folds, trains)
        loss = np.logaddexp(0.0, log_odds) - y * log_odds
        auc = partial(compute_weighted_auc, y, log_odds, fold=number)
        row: dict[str, float] = {"patients": size}
        for name, figure in (
            ("auc", auc),
            ("log_loss", partial(compute_weighted_mean, loss)),
            ("auc_change", None if before is None else partial(_subtract, auc, before)),
        ):
            if figure is None:
                row |= dict.fromkeys((name, f"{name}_low", f"{name}_high"), float("nan"))
                continue
            estimate = compute_out_of_bag_interval(
                figure, len(y), seed=seed, draws=draws, level=level, groups=groups
            )
            row |= estimate.to_dict(name)
        rows.append(row)
        before = auc
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class TableLearner:
    """A `FitPredict` of a table, which fits many training sets beside one another.

    Made by `make_fit_predict`.
    """

    table: Table
    family: FamilyName
    inner_folds: int
    seed: int
    compute: Compute
    on_fit: Callable[[], None]

    def __call__(self, train: np.ndarray, test: np.ndarray) -> np.ndarray:
        """Return log-odds of the rows of ``test``."""
        return self.fit_each([(train, test)])[0]

    def fit_each(self, parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[np.ndarray]:
        """Return log-odds of each ``test`` of the pairs of rows to train on and to predict."""
        folds = [
            Fold(0, 0, train, test, "fewer patients", self.table.scheme) for train, test in parts
        ]
        work = make_work(
            [(self.family, self.table)],
            folds,
            inner_folds=self.inner_folds,
            seed=self.seed,
            engine=self.compute.engine,
        )
        results = fit_folds(work, compute=self.compute, on_fold=self.on_fit)
        log_odds = [results[0, k].log_odds for k in range(len(folds))]
        for fold, said in zip(folds, log_odds, strict=True):
            if np.isnan(said).any():
                raise DataError(_unplaced(len(fold.train)))
        return log_odds


def _subtract(
    auc: Callable[[np.ndarray], np.ndarray],
    before: Callable[[np.ndarray], np.ndarray],
    weights: np.ndarray,
) -> np.ndarray:
    return auc(weights) - before(weights)


def make_fit_predict(
    table: Table,
    family: FamilyName,
    *,
    inner_folds: int = 5,
    seed: int = 0,
    compute: Compute = HERE,
    on_fit: Callable[[], None] = lambda: None,
) -> TableLearner:
    """Make what `compute_learning_curve` trains with, of a table and a family.

    Parameters
    ----------
    table : Table
        With its outcome.
    family, inner_folds, seed, compute
        As for `stratify.evaluation.cross_validate_many`.
    on_fit : callable
        Called after each fit.

    Returns
    -------
    fit_predict : callable
        It refuses, by a `DataError`, a training set without a site that is then predicted, where
        sites are harmonised.
    """
    return TableLearner(table, family, inner_folds, seed, compute, on_fit)


def _unplaced(size: int) -> Fault:
    return Fault(
        where="sizes",
        met=f"with {count_of(size, 'patient')} some sites are in no training set",
        wanted="every site among those trained on, since sites are harmonised",
        way_out="Leave out the smallest sizes, or do not harmonise.",
    )


def _order(y: np.ndarray, fold: Fold, groups: np.ndarray | None, seed: int) -> np.ndarray:
    """Put training rows in an order of which every beginning is a fair sample."""
    rng = np.random.default_rng([seed, fold.repeat, fold.number])
    rows = fold.train
    if groups is not None:
        names, member = np.unique(np.asarray(groups)[rows], return_inverse=True)
        return rows[np.argsort(rng.permutation(len(names))[member], kind="stable")]
    place = np.empty(len(rows))
    for label in (0, 1):
        mine = np.flatnonzero(y[rows] == label)
        place[rng.permutation(mine)] = (np.arange(len(mine)) + 0.5) / max(len(mine), 1)
    return rows[np.argsort(place, kind="stable")]


def _take(order: np.ndarray, size: int, groups: np.ndarray | None) -> np.ndarray:
    if groups is None:
        return np.sort(order[:size])
    last = np.asarray(groups)[order[size - 1]]
    return np.sort(order[: int(np.flatnonzero(np.asarray(groups)[order] == last)[-1]) + 1])


def _predict(
    n_patients: int, fit_predict: FitPredict, folds: Sequence[Fold], trains: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    repeats = max(fold.repeat for fold in folds) + 1
    log_odds = np.full((repeats, n_patients), np.nan)
    number = np.zeros((repeats, n_patients), dtype=int)
    parts = [(train, fold.test) for fold, train in zip(folds, trains, strict=True)]
    each = (
        fit_predict.fit_each(parts)
        if isinstance(fit_predict, TableLearner)
        else [fit_predict(*part) for part in parts]
    )
    for fold, said in zip(folds, each, strict=True):
        log_odds[fold.repeat, fold.test] = said
        number[fold.repeat, fold.test] = fold.number
    return log_odds, number


def _require_sizes(sizes: Sequence[int], folds: Sequence[Fold]) -> None:
    most = min(len(fold.train) for fold in folds)
    if not sizes or sizes[0] < 2 or sizes[-1] > most:
        raise DataError(
            Fault(
                where="sizes",
                met=", ".join(str(size) for size in sizes) or "none",
                wanted=f"from 2 to {most} patients, the smallest training set of the folds",
                way_out="Leave out sizes beyond it, or use more folds.",
            )
        )


def _require_classes(y: np.ndarray, trains: Sequence[np.ndarray], size: int) -> None:
    if any(len(np.unique(y[train])) < 2 for train in trains):
        raise DataError(
            Fault(
                where="sizes",
                met=f"{count_of(size, 'patient')}, all of one outcome",
                wanted="both outcomes in every training set",
                way_out="Leave out the smallest sizes.",
            )
        )
