"""Take out of every column what a line through the confounds explains, learned in the fold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from stratify.errors import DataError, Fault, count_of, name_some
from stratify.preprocess.columns import (
    TableStep,
    find_columns,
    find_numbers,
    is_own,
    lay_in_rows,
    name_columns,
    read_numbers,
    require_choice,
    take_columns,
)
from stratify.preprocess.encode import TableEncoder

UNSEEN = ("mean", "refuse")

CACHED = 50_000
"""How many values are worked on at a time."""

# Below this share of the largest singular value, a direction of the confounds is rounding error:
# the levels of a category always sum to one.
_RANK = 1e-10


class ConfoundRemover(TableStep):
    """Take out of columns of numbers what the confounds explain of them, linearly.

    The regression is learned in ``fit`` on training patients and applied as it is in
    ``transform``, so that a patient alone comes out as in a batch. The column's training mean is
    left in: only what varies with the confounds goes. A missing value stays missing. In the
    regression numbers are standardised and categories are one column a level; a missing confound
    counts as the training mean.

    Parameters
    ----------
    confounds : tuple of str or int
        Columns of ``X``, by name or position: age, sex, motion, scanner ...
    keep : bool
        Whether the confounds stay in the table, as they are.
    columns : tuple of str or int, optional
        The columns to clean; every other column of numbers, where none are named.
    unseen : {"mean", "refuse"}
        What becomes of a row whose category, for instance its site, was not in training: it counts
        as the training mean, or it is refused by name.

    Attributes
    ----------
    coef_ : array, shape (n_encoded_confounds, n_cleaned)
        What comes off a column for one standard deviation of an encoded confound.
    confound_names_ : array of str, shape (n_encoded_confounds,)
        ``name``, or ``name=level``.
    cleaned_ : array of int, shape (n_cleaned,)
        Positions of the cleaned columns in the input.
    untouched_ : tuple of str
        Columns with too few known values in training for a line; they stay as they are.
    encoder_ : TableEncoder
        Fitted on the confounds.
    source_ : array of int, shape (n_columns_out,)

    Source
    ------
    Snoek, Miletic and Scholte 2019, NeuroImage 184, 741-760 (in each fold, not before). It may
    take a true effect away where confound and outcome go together; report the confounds' own model
    beside it (Dinga et al. 2020, bioRxiv 2020.08.17.255034).

    Examples
    --------
    >>> X = pd.DataFrame({"age": [20.0, 40.0, 60.0], "edge": [0.1, 0.5, 0.3]})
    >>> ConfoundRemover(["age"]).fit_transform(X).round(3)
       edge
    0   0.2
    1   0.5
    2   0.2
    """

    coef_: np.ndarray
    confound_names_: np.ndarray
    cleaned_: np.ndarray
    untouched_: tuple[str, ...]
    encoder_: TableEncoder

    def __init__(
        self,
        confounds: Iterable[str | int] = (),
        keep: bool = False,
        *,
        columns: Iterable[str | int] | None = None,
        unseen: Literal["mean", "refuse"] = "mean",
    ) -> None:
        self.confounds = confounds
        self.keep = keep
        self.columns = columns
        self.unseen = unseen

    def fit(self, X: Any, y: Any = None) -> ConfoundRemover:
        """Learn the regression of each column on the confounds from training rows.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_columns)
        y : ignored

        Raises
        ------
        DataError
            If a confound is no column, or there are too few patients for so many confounds.
        """
        del y
        self._learn(self._check(X, reset=True))
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Learn from training rows and clean them, having looked through them once.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_columns)
        y : ignored
        """
        del y
        table = self._check(X, reset=True)
        return self._clean(X, table, self._learn(table))

    def _learn(self, table: pd.DataFrame) -> np.ndarray | None:
        """Learn from training rows; return their values, where these had to be read."""
        require_choice(self.unseen, UNSEEN, where="ConfoundRemover: unseen")
        self._confounds = find_columns(table, self.confounds, where="ConfoundRemover: confounds")
        self.cleaned_ = find_numbers(
            table, self.columns, self._confounds, where="ConfoundRemover: columns"
        )
        every = np.arange(table.shape[1])
        self.source_ = every if self.keep else every[~np.isin(every, self._confounds)]
        self.coef_ = np.zeros((0, len(self.cleaned_)))
        self.confound_names_, self.untouched_ = np.array([], dtype=object), ()
        return self._fit_lines(table) if len(self._confounds) else None

    def _fit_lines(self, table: pd.DataFrame) -> np.ndarray | None:
        design = self._learn_design(table)
        rank = int(np.linalg.matrix_rank(design, rtol=_RANK)) if design.size else 0
        self.coef_ = np.zeros((design.shape[1], len(self.cleaned_)))
        if rank == 0:
            return None
        _require_rows(len(table), rank)
        values, complete = read_numbers(table, self.cleaned_, where="ConfoundRemover")
        if complete:
            self.coef_ = _fit_lines(design, values)
            return values
        too_few = np.zeros(len(self.cleaned_), dtype=bool)
        for rows, columns in _share_rows(values):
            if rows.sum() < rank + 2:
                too_few[columns] = True
                continue
            self.coef_[:, columns] = _fit_lines(design[rows], values[np.ix_(rows, columns)])
        self.untouched_ = tuple(map(str, name_columns(self)[self.cleaned_[too_few]]))
        return values

    def _learn_design(self, table: pd.DataFrame) -> np.ndarray:
        confounds = take_columns(self, table, self._confounds)
        self.encoder_ = TableEncoder().fit(confounds)
        self.confound_names_ = self.encoder_.get_feature_names_out()
        return self.encoder_.transform(confounds)

    def transform(self, X: Any) -> Any:
        """Take the learned part of the confounds out of rows; each row by itself.

        Returns
        -------
        cleaned : DataFrame or array, as given, shape (n_rows, n_columns_out)

        Raises
        ------
        DataError
            If a level of a confound was not in training and ``unseen`` is ``"refuse"``.
        """
        check_is_fitted(self)
        return self._clean(X, self._check(X, reset=False), None)

    def _clean(self, X: Any, table: pd.DataFrame, values: np.ndarray | None) -> Any:
        if values is None:
            values, _ = read_numbers(table, self.cleaned_, where="ConfoundRemover")
        if len(self._confounds):
            confounds = take_columns(self, table, self._confounds)
            if self.unseen == "refuse":
                _require_seen(self.encoder_, confounds)
            values = _take_out(self.encoder_.transform(confounds), self.coef_, lay_in_rows(values))
        return self._give_back(X, table, self.cleaned_, values)

    def to_frame(self) -> pd.DataFrame:
        """Return the coefficients as a table: one row a cleaned column, one column a confound."""
        check_is_fitted(self)
        names = name_columns(self)[self.cleaned_]
        return pd.DataFrame(self.coef_.T, index=names, columns=self.confound_names_)


def _share_rows(values: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield known rows, and the columns that are known in just these rows."""
    missing = np.isnan(values)
    gaps = missing.any(axis=0)
    if not gaps.all():
        yield np.ones(len(values), dtype=bool), np.flatnonzero(~gaps)
    if gaps.any():
        columns = np.flatnonzero(gaps)
        patterns, member = np.unique(missing[:, gaps], axis=1, return_inverse=True)
        for k in range(patterns.shape[1]):
            yield ~patterns[:, k], columns[member == k]


def _fit_lines(design: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Least squares with an intercept; of equally good coefficients the shortest."""
    solve = np.linalg.pinv(design - design.mean(axis=0), rtol=_RANK)
    # The rows of solve sum to 0 but for rounding, which large values would make visible.
    return solve @ values - np.outer(solve.sum(axis=1), values.mean(axis=0))


def _take_out(design: np.ndarray, coef: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return ``values - design @ coef``, a few rows at a time."""
    left = values if is_own(values) else np.empty(values.shape)
    step = max(1, CACHED // max(1, values.shape[1]))
    for start in range(0, len(values), step):
        here = slice(start, start + step)
        np.subtract(values[here], design[here] @ coef, out=left[here])
    return left


def _require_rows(n_rows: int, rank: int) -> None:
    if n_rows < rank + 2:
        raise DataError(
            Fault(
                where="ConfoundRemover: confounds",
                met=f"{count_of(n_rows, 'training patient')} for {rank} independent confounds",
                wanted=f"at least {rank + 2}, or the confounds explain everything",
                way_out="Name fewer confounds, or gather more patients.",
            )
        )


def _require_seen(encoder: TableEncoder, confounds: pd.DataFrame) -> None:
    faults = []
    for k, levels in encoder.levels_.items():
        met = set(map(str, confounds.iloc[:, k].dropna())) - set(levels)
        if met:
            faults.append(
                Fault(
                    where=f"ConfoundRemover: {confounds.columns[k]}",
                    met=f"{name_some(sorted(met))}, not among training's {name_some(levels)}",
                    wanted="a level that training knows",
                    way_out="Train with patients of it, or declare unseen='mean', which "
                    "takes nothing off for it.",
                )
            )
    if faults:
        raise DataError(faults)
