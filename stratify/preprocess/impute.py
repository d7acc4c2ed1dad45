"""Fill gaps in columns of numbers with what training had there, and count what was filled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.utils.validation import check_is_fitted

from stratify.errors import DataError, Fault
from stratify.preprocess.columns import (
    TableStep,
    find_columns,
    find_numbers,
    name_columns,
    name_sites,
    read_numbers,
    require_choice,
)

FILLS = ("mean", "median", "site mean")


class ColumnImputer(TableStep):
    """Fill gaps, as those of edges whose region a scan did not cover, with the training value.

    scikit-learn's ``SimpleImputer`` does the filling; this step adds names, tables with
    categories, the mean of a row's own site, and counts of what was made up.

    Parameters
    ----------
    columns : tuple of str or int, optional
        The columns to fill, by name or position; every column of numbers, where none are named.
    fill : {"mean", "median", "site mean"}
        ``"site mean"`` is the training mean of the row's site; where training has none for it,
        because the site was not there or never had the column, the mean of all.
    site : str or int, optional
        The column that says where a patient was scanned; needed for ``"site mean"``.

    Attributes
    ----------
    fill_ : array, shape (n_imputed,)
        What a gap becomes; 0 for a column without any value in training.
    sites_ : tuple of str
    site_fill_ : array, shape (n_sites, n_imputed)
        The same by site; NaN where training had no value. Only with ``"site mean"``.
    imputed_ : array of int, shape (n_imputed,)
        Positions of the columns in the input.
    imputed_share_ : float
        Share of the training cells that were gaps.
    column_shares_ : array, shape (n_imputed,)
        The same for each column.
    never_seen_ : tuple of str
        Columns without any value in training.
    source_ : array of int, shape (n_columns_out,)

    Examples
    --------
    >>> X = pd.DataFrame({"SN~DMN": [0.2, 0.4, np.nan], "SN~CEN": [0.1, np.nan, np.nan]})
    >>> imputer = ColumnImputer().fit(X)
    >>> imputer.transform(X).values.round(2).tolist(), imputer.imputed_share_
    ([[0.2, 0.1], [0.4, 0.1], [0.3, 0.1]], 0.5)
    >>> imputer.count_imputed(X).tolist()
    [0, 1, 2]
    """

    fill_: np.ndarray
    sites_: tuple[str, ...]
    site_fill_: np.ndarray
    imputed_: np.ndarray
    imputed_share_: float
    column_shares_: np.ndarray
    never_seen_: tuple[str, ...]

    def __init__(
        self,
        columns: Iterable[str | int] | None = None,
        fill: Literal["mean", "median", "site mean"] = "mean",
        *,
        site: str | int | None = None,
    ) -> None:
        self.columns = columns
        self.fill = fill
        self.site = site

    def fit(self, X: Any, y: Any = None) -> ColumnImputer:
        """Learn what fills a gap from training rows.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_columns)
        y : ignored

        Raises
        ------
        DataError
            If a column is not there or holds a category, or the site's mean is asked for and no
            site is named.
        """
        del y
        require_choice(self.fill, FILLS, where="ColumnImputer: fill")
        if self.fill == "site mean" and self.site is None:
            raise DataError(
                Fault(
                    where="ColumnImputer: fill",
                    met="'site mean' and no site",
                    wanted="the column that says where a patient was scanned",
                    way_out="Name it: site='...', or fill with the mean of all.",
                )
            )
        table = self._check(X, reset=True)
        named = () if self.site is None else (self.site,)
        site = find_columns(table, named, where="ColumnImputer: site")
        self._site = int(site[0]) if len(site) else -1
        self.imputed_ = find_numbers(table, self.columns, site, where="ColumnImputer: columns")
        self.source_ = np.arange(table.shape[1])
        values, _ = read_numbers(table, self.imputed_, where="ColumnImputer")
        self._learn_gaps(np.isnan(values))
        self._learn_fill(values)
        if self.fill == "site mean":
            sites = name_sites(table.iloc[:, site[0]])
            means = pd.DataFrame(values).groupby(sites).mean()
            self.sites_, self.site_fill_ = tuple(map(str, means.index)), means.to_numpy()
        return self

    def _learn_gaps(self, gaps: np.ndarray) -> None:
        self.column_shares_ = gaps.mean(axis=0)
        self.imputed_share_ = float(self.column_shares_.mean()) if gaps.size else 0.0
        never = self.imputed_[self.column_shares_ == 1]
        self.never_seen_ = tuple(map(str, name_columns(self)[never]))

    def _learn_fill(self, values: np.ndarray) -> None:
        self.fill_ = np.zeros(0)
        if values.shape[1]:
            strategy = "median" if self.fill == "median" else "mean"
            self._engine = SimpleImputer(strategy=strategy, keep_empty_features=True).fit(values)
            self.fill_ = self._engine.statistics_

    def transform(self, X: Any) -> Any:
        """Fill gaps with what training had; each row by itself.

        Returns
        -------
        filled : DataFrame or array, as given, shape (n_rows, n_columns)
        """
        check_is_fitted(self)
        table = self._check(X, reset=False)
        values, _ = read_numbers(table, self.imputed_, where="ColumnImputer")
        if self.fill == "site mean":
            values = values.copy()
            rows, columns = np.nonzero(np.isnan(values))
            known = {site: k for k, site in enumerate(self.sites_)}
            place = np.array(
                [known.get(site, -1) for site in name_sites(table.iloc[:, self._site])]
            )
            of_site = np.vstack([self.site_fill_, np.full(values.shape[1], np.nan)])
            values[rows, columns] = of_site[place[rows], columns]
        if values.shape[1] and np.isnan(values.sum()):
            values = self._engine.transform(values)
        return self._give_back(X, table, self.imputed_, values)

    def count_imputed(self, X: Any) -> np.ndarray:
        """Count the gaps that `transform` fills in each row.

        Returns
        -------
        counts : array of int, shape (n_rows,)
        """
        check_is_fitted(self)
        table = self._check(X, reset=False)
        return table.iloc[:, self.imputed_].isna().to_numpy().sum(axis=1)
