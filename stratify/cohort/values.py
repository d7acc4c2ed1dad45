"""The patients of a study, read and checked as a whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault, count_of, name_some
from stratify.schema import Column, Role


@dataclass(frozen=True, eq=False)
class Cohort:
    """Patients and what is known of them, one row a patient.

    Make one with `read_cohort` or `stratify.datasets.make_cohort`; both check every cell against
    its column first.

    Parameters
    ----------
    frame : DataFrame, shape (n_patients, n_columns)
        Indexed by patient. Numbers are ``float64``; categories are ``category`` with the levels of
        their column; booleans are ``float64``, 0 for no and 1 for yes; missing values are NaN.
    columns : tuple of Column
        What each column of ``frame`` means, in the same order.
    name : str
        Where the cohort came from, for messages and reports: usually a file's name.
    simulated : bool
        Whether the patients are made up; every report then says so.
    warnings : tuple of Fault
        What was found and mended, or is worth knowing; carried into runs and reports.
    """

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    name: str = "cohort"
    simulated: bool = False
    warnings: tuple[Fault, ...] = ()
    _by_name: dict[str, Column] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_name = {column.name: column for column in self.columns}
        if list(by_name) != list(self.frame.columns):
            met = sorted(set(by_name).symmetric_difference(self.frame.columns))
            raise DataError(
                Fault(
                    where=self.name,
                    met=f"the columns and the table differ in {met or 'their order'}",
                    wanted="one Column for each column of the table, in the same order",
                    way_out="Read the file with read_cohort, which makes both.",
                )
            )
        object.__setattr__(self, "_by_name", by_name)

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, name: str) -> Column:
        """Return the meaning of a column."""
        try:
            return self._by_name[name]
        except KeyError:
            raise DataError(
                Fault(
                    where=self.name,
                    met=f"no column {name!r}",
                    wanted=f"one of {', '.join(self._by_name)}",
                    way_out="Correct the name in the study file.",
                )
            ) from None

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    @property
    def patients(self) -> tuple[str, ...]:
        """The patients' identifiers, in the order of the rows."""
        return tuple(self.frame.index)

    def named(self, role: Role) -> Column | None:
        """Return the one column that has a role, or None."""
        return next((column for column in self.columns if column.role == role), None)

    def values_of(self, role: Role) -> np.ndarray | None:
        """Return the values, as text, of the one column that has a role; None without one."""
        column = self.named(role)
        if column is None:
            return None
        values = self.frame[column.name].astype(object)
        return values.where(values.notna(), "").astype(str).to_numpy()

    def select(self, rows: np.ndarray) -> Cohort:
        """Return the cohort of some rows, by boolean mask or by position."""
        return Cohort(
            self.frame.loc[rows] if np.asarray(rows).dtype == bool else self.frame.iloc[rows],
            self.columns,
            self.name,
            self.simulated,
            self.warnings,
        )

    def join(self, frame: pd.DataFrame, columns: tuple[Column, ...]) -> Cohort:
        """Return the cohort with more columns beside its own.

        Parameters
        ----------
        frame : DataFrame, indexed by patient
            Patients may be absent; they are warned of by their number, and their values missing.
        columns : tuple of Column
            What each column of ``frame`` means.

        Raises
        ------
        DataError
            If the cohort has a column of one of these names.
        """
        twice = [name for name in frame.columns if name in self]
        if twice:
            raise DataError(
                Fault(
                    where=self.name,
                    met=f"{', '.join(map(str, twice))} there already",
                    wanted="a name of its own for each column",
                    way_out="Rename the column of the table.",
                )
            )
        absent = int((~self.frame.index.isin(frame.index)).sum())
        warnings = self.warnings
        if absent:
            warnings += (
                Fault(
                    where=self.name,
                    met=f"no {name_some(frame.columns)} of {count_of(absent, 'patient')}",
                    wanted="a value for everybody",
                    way_out="They count as missing, and are imputed in each fold.",
                    severity="warning",
                ),
            )
        return Cohort(
            self.frame.join(frame),
            (*self.columns, *columns),
            self.name,
            self.simulated,
            warnings,
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the columns and every cell: equal for equal cohorts, on any machine."""
        digest = hashlib.sha256(repr(self.columns).encode())
        digest.update(repr(self.patients).encode())
        for name in self.frame.columns:
            values = self.frame[name]
            if pd.api.types.is_float_dtype(values.dtype):
                numbers = values.to_numpy("<f8")
                # One NaN and one zero: processors write both with either sign.
                digest.update(np.where(np.isnan(numbers), np.nan, numbers + 0.0).tobytes())
            else:
                digest.update(repr(values.astype(object).tolist()).encode())
        return digest.hexdigest()

    def __repr__(self) -> str:
        kind = "simulated patients" if self.simulated else "patients"
        features = sum(column.is_feature for column in self.columns)
        return f"Cohort({self.name}: {len(self)} {kind}, {features} baseline features)"

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>" + self.frame.head().to_html()
