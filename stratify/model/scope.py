"""Whom a model was made of, and of whom it may therefore speak."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault
from stratify.model.limits import Limits, Silence, clinical_inputs
from stratify.preprocess import Preparation
from stratify.schema import Column
from stratify.task import FeatureSet, Table, Task


@dataclass(frozen=True, eq=False, kw_only=True)
class Scope:
    """Whom a model was made of, and of whom it may therefore speak, whatever it tells.

    Parameters
    ----------
    columns : tuple of Column
    ranges : mapping of str to (float, float) or tuple of str
        The lowest and highest value, or the levels, that training saw in each column.
    task : Task
    features : {"clinical", "connectivity", "both", "late fusion"}
    n_patients : int
    simulated : bool
    digest : str
        Of the table the model was fitted on.
    preparation : Preparation
        What is done to connectivity before the model sees it.
    limits : Limits
        Where the model must stay silent.
    """

    columns: tuple[Column, ...]
    ranges: Mapping[str, tuple[float, float] | tuple[str, ...]]
    task: Task
    features: FeatureSet
    n_patients: int
    simulated: bool
    digest: str
    preparation: Preparation = field(default_factory=Preparation)
    limits: Limits = field(default_factory=Limits)

    def find_silences(
        self,
        X: pd.DataFrame,
        speaks: np.ndarray,
        site: Sequence[str] | None = None,
        *,
        saw: str = "training saw",
    ) -> tuple[tuple[Silence, ...], ...]:
        """Return for each patient why the model cannot speak; empty where it can.

        Parameters
        ----------
        X : DataFrame
            As `align` returns it.
        speaks : array of bool, shape (n_patients,)
            Who is not `from_unseen_site`.
        site : sequence of str, optional
            Of each patient, where it is known and no column of ``X``; empty where it is not.
        saw : str
            As for `Limits.find_silences`.
        """
        column = next((column.name for column in self.columns if column.role == "site"), None)
        if column is not None:
            site = X[column].astype(object).where(X[column].notna(), "").tolist()
        if self._takes_unseen_sites:
            site = None
        limits, clinical = self.limits, clinical_inputs(self.columns)
        # Nothing can be prepared of a patient whose site harmonising cannot place.
        unlike: list[tuple[Silence, ...]] = [()] * len(X)
        for k, silences in zip(
            np.flatnonzero(speaks).tolist(), limits.find_unlike(X[speaks]), strict=True
        ):
            unlike[k] = silences
        found = []
        for k, beside in enumerate(limits.find_silences(X, clinical, site, saw=saw)):
            outside = tuple(self._outside(X.iloc[k]))
            # A single value that training never saw is the plainer reason.
            far = (one for one in unlike[k] if not outside or one.kind != "combination")
            found.append((*outside, *beside, *far))
        return tuple(found)

    def align(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the columns of training in their order, with training's categories.

        Raises
        ------
        DataError
            If a column is missing.
        """
        names = [column.name for column in self.columns]
        missing = [name for name in names if name not in X.columns]
        if missing:
            shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
            raise DataError(
                Fault(
                    where="new patients",
                    met=f"{len(missing)} columns are absent: {shown}",
                    wanted=f"the {len(names)} columns the model was trained on",
                    way_out="Add the columns; leave a cell empty where a value is not known.",
                )
            )
        return X[names]

    def from_unseen_site(self, X: pd.DataFrame) -> np.ndarray:
        """Tell which patients are from a site that harmonising cannot place, shape (n_patients,).

        Parameters
        ----------
        X : DataFrame
            With the column of the site, where sites are harmonised.
        """
        site = next((column.name for column in self.columns if column.role == "site"), None)
        if self.preparation.harmonise == "none" or site is None or site not in X:
            return np.zeros(len(X), dtype=bool)
        if self._takes_unseen_sites:
            return np.zeros(len(X), dtype=bool)
        return ~X[site].astype(object).isin(self.ranges[site]).to_numpy()

    @property
    def _takes_unseen_sites(self) -> bool:
        """Whether the study declared for which of its sites others are taken."""
        return self.preparation.harmonise != "none" and self.preparation.unseen_site == "reference"

    def _outside(self, row: pd.Series) -> Iterator[Silence]:
        for column in self.columns:
            if column.regions is not None or column.role == "site":
                continue
            value, seen = row[column.name], self.ranges[column.name]
            if pd.isna(value):
                continue
            unit = f" {column.unit}" if column.unit else ""
            if isinstance(value, str):
                if value not in seen:
                    yield Silence("value", f"{column.words}: {value} (not met in training)")
            elif not seen[0] <= value <= seen[1]:
                met = f"{column.words}: {value:.4g}{unit}"
                yield Silence("value", f"{met} (training saw {seen[0]:.4g} to {seen[1]:.4g})")


def scope_of(table: Table, limits: Limits) -> dict[str, Any]:
    """Return the fields of a `Scope` of a table, for the model that has one.

    Parameters
    ----------
    table : Table
        With its outcome.
    limits : Limits
    """
    return {
        "columns": table.columns,
        "ranges": _find_ranges(table.X[[column.name for column in table.columns]]),
        "task": table.task,
        "features": table.features,
        "n_patients": len(table),
        "simulated": table.simulated,
        "digest": table.digest,
        "preparation": table.preparation,
        "limits": limits,
    }


def _find_ranges(X: pd.DataFrame) -> dict[str, tuple[float, float] | tuple[str, ...]]:
    """Return the lowest and highest value, or the levels, of each column."""
    numbers = X.select_dtypes(exclude="category")
    lows, highs = numbers.min().fillna(0.0), numbers.max().fillna(0.0)
    found: dict[str, tuple[float, float] | tuple[str, ...]] = {
        str(name): (float(low), float(high))
        for name, low, high in zip(numbers.columns, lows, highs, strict=True)
    }
    for name in X.columns.difference(numbers.columns):
        found[str(name)] = tuple(sorted(set(map(str, X[name].dropna()))))
    return {str(name): found[str(name)] for name in X.columns}
