"""What the steps between a table and its encoder share: which columns, and a table out again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from stratify.errors import DataError, Fault, count_of, did_you_mean, name_some
from stratify.preprocess.encode import check_table, find_categories

COLUMNS_AT_A_TIME = 128


class MissingValuesError(DataError, ValueError):
    """A step that cannot do without a value met a gap."""


class TableStep(TransformerMixin, BaseEstimator):
    """A step that takes a table and returns one of the same kind, some columns changed or dropped.

    A DataFrame comes back as a DataFrame, with its index and its categories; an array as an array.

    Attributes
    ----------
    source_ : array of int, shape (n_columns_out,)
        For each column that comes out the position of the input column it came from.
    """

    source_: np.ndarray
    n_features_in_: int

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the columns that come out: each keeps its input's name."""
        check_is_fitted(self)
        known = getattr(self, "feature_names_in_", None)
        names = name_columns(self)
        if input_features is not None:
            if len(input_features) != self.n_features_in_:
                raise ValueError(
                    f"input_features should have length equal to number of features "
                    f"({self.n_features_in_}), got {len(input_features)}"
                )
            if known is not None and list(input_features) != list(names):
                raise ValueError("input_features is not equal to feature_names_in_")
            names = np.asarray(input_features, dtype=object)
        return names[self.source_]

    def _check(self, X: Any, *, reset: bool) -> pd.DataFrame:
        return check_table(self, X, reset=reset)

    def _give_back(
        self, given: Any, table: pd.DataFrame, changed: np.ndarray, values: np.ndarray
    ) -> Any:
        """Put changed values back among the columns that come out."""
        if not isinstance(given, pd.DataFrame):
            whole = table.to_numpy(dtype=np.float64, copy=True)
            whole[:, changed] = values
            return whole[:, self.source_]
        columns = table.columns[_as_run(changed)]
        new = pd.DataFrame(values, index=table.index, columns=columns, copy=False)
        is_changed = np.isin(self.source_, changed)
        ends = np.flatnonzero(np.diff(is_changed)) + 1
        pieces, used = [], 0
        for run in np.split(np.arange(len(self.source_)), ends):
            if len(run) and is_changed[run[0]]:
                pieces.append(new.iloc[:, used : used + len(run)])
                used += len(run)
            else:
                pieces.append(table.iloc[:, _as_run(self.source_[run])])
        return pieces[0] if len(pieces) == 1 else pd.concat(pieces, axis=1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags


def _as_run(positions: np.ndarray) -> slice | np.ndarray:
    """Return neighbours as a slice, which is looked at where it is; a list is copied once more."""
    if len(positions) and (np.diff(positions) == 1).all():
        return slice(int(positions[0]), int(positions[-1]) + 1)
    return positions


def name_columns(step: BaseEstimator) -> np.ndarray:
    """Return the names of a fitted step's input columns; ``x0``, ``x1`` ... where it saw none."""
    names = getattr(step, "feature_names_in_", None)
    if names is None:
        return np.array([f"x{k}" for k in range(step.n_features_in_)], dtype=object)
    return np.asarray(names, dtype=object)


def take_columns(step: BaseEstimator, table: pd.DataFrame, positions: np.ndarray) -> pd.DataFrame:
    """Return some columns under the names by which a fitted step knows them."""
    names = [str(name) for name in name_columns(step)[positions]]
    return table.iloc[:, positions].set_axis(names, axis=1)


def find_columns(table: pd.DataFrame, wanted: Iterable[str | int], *, where: str) -> np.ndarray:
    """Return the positions of columns, given by name or by position.

    Parameters
    ----------
    table : DataFrame
    wanted : iterable of str or int
        A name; or a position, where no column has that number for a name.
    where : str
        Who asks, for the message.

    Raises
    ------
    DataError
        With each column that is not there.

    Examples
    --------
    >>> table = pd.DataFrame({"age": [1.0], "sex": ["F"]})
    >>> find_columns(table, ["sex", 0], where="ConfoundRemover: confounds")
    array([1, 0])
    """
    known = table.columns
    found: list[int] = []
    faults = []
    for column in [wanted] if isinstance(wanted, str | int | np.integer) else wanted:
        if column in known:
            found += np.arange(len(known))[
                known.get_indexer_for(pd.Index([column], dtype=known.dtype))
            ].tolist()
        elif isinstance(column, int | np.integer) and 0 <= column < len(known):
            found.append(int(column))
        else:
            hint = did_you_mean(str(column), map(str, known))
            faults.append(
                Fault(
                    where=where,
                    met=f"{column!r}, which is no column of the table{hint}",
                    wanted=f"one of its {count_of(len(known), 'column')}: {name_some(known)}",
                    way_out="Correct the name, or put the column into the table.",
                )
            )
    if faults:
        raise DataError(faults)
    return np.array(found, dtype=int)


def find_numbers(
    table: pd.DataFrame, columns: Iterable[str | int] | None, besides: np.ndarray, *, where: str
) -> np.ndarray:
    """Return the positions of the columns of numbers a step works on.

    Parameters
    ----------
    table : DataFrame
    columns : iterable of str or int, optional
        Only these; every column of numbers, where none are given.
    besides : array of int
        Positions that are never among them.
    where : str

    Raises
    ------
    DataError
        If one of ``columns`` is not there, or holds a category.
    """
    numeric = ~find_categories(table)
    if columns is None:
        chosen = np.flatnonzero(numeric)
    else:
        chosen = np.unique(find_columns(table, columns, where=where))
        named = table.columns[chosen[~numeric[chosen]]].astype(str)
        if len(named):
            raise DataError(
                Fault(
                    where=where,
                    met=f"{name_some(named)}, which hold categories",
                    wanted="columns of numbers",
                    way_out="Leave them out, or encode them first.",
                )
            )
    return chosen[~np.isin(chosen, besides)]


def read_numbers(
    table: pd.DataFrame, positions: np.ndarray, *, where: str
) -> tuple[np.ndarray, bool]:
    """Return columns as one float64 array, NaN where missing, and whether none is.

    It may be the table's own memory, and is not to be written to unless `is_own` says so.

    Raises
    ------
    DataError
        If a value is infinite; the column is named.
    """
    chosen = table.iloc[:, _as_run(positions)]
    if all(isinstance(dtype, np.dtype) for dtype in set(chosen.dtypes.tolist())):
        values = chosen.to_numpy(dtype=np.float64)
    else:
        values = chosen.to_numpy(dtype=np.float64, na_value=np.nan)
    # A sum is finite unless something in it is not: one pass, and no array of flags.
    if np.isfinite(values.sum()):
        return values, True
    infinite = np.isinf(values).any(axis=0)
    if infinite.any():
        names = [str(table.columns[k]) for k in positions[infinite]]
        raise DataError(
            Fault(
                where=where,
                met=f"an infinite value in {name_some(names)}",
                wanted="finite numbers, or missing values",
                way_out="Correct the value, or leave the cell empty to mark it missing.",
            )
        )
    return values, not np.isnan(values).any()


def is_own(values: np.ndarray) -> bool:
    """Tell whether an array is a copy that nobody else holds, so that it may be written over."""
    return bool(values.flags.owndata and values.flags.writeable)


def lay_in_rows(values: np.ndarray) -> np.ndarray:
    """Return an array row after row; itself, if it is."""
    if not values.size or values.strides[-1] == values.itemsize:
        return values
    # A few columns at a time stay in the processor's cache while their rows are written.
    laid = np.empty(values.shape)
    for start in range(0, values.shape[1], COLUMNS_AT_A_TIME):
        here = slice(start, start + COLUMNS_AT_A_TIME)
        laid[:, here] = values[:, here]
    return laid


def name_sites(column: pd.Series) -> np.ndarray:
    """Return sites as text, None where missing; a whole number is written as one.

    Examples
    --------
    >>> name_sites(pd.Series([1.0, 2.0, np.nan]))
    array(['1', '2', None], dtype=object)
    """
    known = column.notna().to_numpy()
    sites = np.full(len(column), None, dtype=object)
    values = column[known]
    if pd.api.types.is_float_dtype(values) and (values == values.round()).all():
        values = values.astype(int)
    sites[known] = values.astype(str).to_numpy(dtype=object)
    return sites


def read_sites(table: pd.DataFrame, position: int, *, where: str) -> np.ndarray:
    """Return each row's site as text.

    Raises
    ------
    DataError
        If a row has none.
    """
    column = table.iloc[:, position]
    missing = int(column.isna().sum())
    if missing:
        raise MissingValuesError(
            Fault(
                where=f"{where}: {column.name}",
                met=f"no site (NaN) for {count_of(missing, 'patient')}",
                wanted="a site for everybody",
                way_out="Fill the column in, or leave these patients out.",
            )
        )
    return name_sites(column)


def read_complete_numbers(table: pd.DataFrame, positions: np.ndarray, *, where: str) -> np.ndarray:
    """Return columns as one float64 array without a gap; see `read_numbers`.

    Raises
    ------
    DataError
        If a value is missing or infinite; the columns are named.
    """
    values, complete = read_numbers(table, positions, where=where)
    if not complete:
        gaps = np.isnan(values)
        names = table.columns[positions[gaps.any(axis=0)]]
        raise MissingValuesError(
            Fault(
                where=where,
                met=f"{count_of(int(gaps.sum()), 'missing value')} (NaN) in {name_some(names)}",
                wanted="a value in each cell",
                way_out="Impute them first (ColumnImputer), or name the columns to harmonise.",
            )
        )
    return values


def require_choice(value: object, choices: tuple[str, ...], *, where: str) -> None:
    """Refuse a setting that is none of its choices.

    Raises
    ------
    DataError
    """
    if value not in choices:
        raise DataError(
            Fault(
                where=where,
                met=f"{value!r}{did_you_mean(str(value), choices)}",
                wanted=f"one of {', '.join(choices)}",
                way_out="Choose one of them.",
            )
        )
