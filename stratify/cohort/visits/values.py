"""Visits as values: what was measured when, long and as one row a patient or period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import pandas as pd

from stratify.errors import DataError, Fault, count_of
from stratify.schema import Column

Format = Literal["long", "wide"]
Row = Literal["patient", "period"]
FirstDay = Literal["during", "before"]

FORMATS: tuple[str, ...] = get_args(Format)
ROWS: tuple[str, ...] = get_args(Row)

KEYS = ["patient", "period"]
"""What tells one treatment period of one patient from another."""


@dataclass(frozen=True, eq=False)
class Visits:
    """What was measured of each patient over time, in one or several treatment periods.

    Make one with `read_visits`, which checks it as a whole.

    Parameters
    ----------
    frame : DataFrame, shape (n_values, 8)
        One row a value: ``patient``, ``period``, ``visit``, ``date``, ``day`` (days after the first
        session of the period, below 0 before it), ``instrument``, ``value`` (text, as in the file)
        and ``before`` (whether it was measured before the first session).
    periods : DataFrame, indexed by patient and period
        ``first_session`` and ``last_session`` (dates, or NaT), ``last_day`` (the day of the last
        session) and ``arm`` (empty where none is known).
    planned : mapping of str to float
        The day a visit is planned for, where the study says it.
    name : str
    warnings : tuple of Fault
    """

    frame: pd.DataFrame
    periods: pd.DataFrame
    planned: Mapping[str, float]
    name: str = "visits"
    warnings: tuple[Fault, ...] = ()

    @property
    def patients(self) -> tuple[str, ...]:
        """The patients, in the order of the file."""
        return tuple(dict.fromkeys(self.frame["patient"]))

    @property
    def instruments(self) -> tuple[str, ...]:
        """What was measured, in the order of the file."""
        return tuple(dict.fromkeys(self.frame["instrument"]))

    @property
    def baseline_used(self) -> pd.DataFrame:
        """Which value is the baseline of each patient, period and instrument.

        Returns
        -------
        baseline : DataFrame
            ``patient``, ``period``, ``instrument``, ``visit``, ``date``, ``days_before`` the first
            session, ``value``, and ``earlier``: how many earlier values were passed over.
        """
        early = self.frame[self.frame["before"]]
        early = early.sort_values("day", kind="stable")
        groups = early.groupby([*KEYS, "instrument"], sort=False)
        used = groups.tail(1).assign(earlier=groups["value"].transform("size") - 1)
        used = used.assign(days_before=0.0 - used["day"])
        used = used.loc[self.frame.index.intersection(used.index)]
        columns = ["instrument", "visit", "date", "days_before", "value", "earlier"]
        return used[[*KEYS, *columns]].reset_index(drop=True)

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        periods = len(self.periods)
        return (
            f"Visits({self.name}: {len(self)} values of {', '.join(self.instruments)}; "
            f"{count_of(len(self.patients), 'patient')}, {count_of(periods, 'period')})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>" + self.frame.head().to_html(index=False)


@dataclass(frozen=True, eq=False)
class WideVisits:
    """Visits as a table with one row a patient, or a row for each treatment period.

    Make one with `make_wide`.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
        Indexed by patient, or by ``patient/period``.
    columns : tuple of Column
        What each column means; ``measured`` and ``day`` are computed from the sessions.
    people : tuple of str
        Whom each row is of.
    baseline_used : DataFrame
        As of `Visits.baseline_used`.
    row : {"patient", "period"}
    name : str
    warnings : tuple of Fault
    """

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    people: tuple[str, ...]
    baseline_used: pd.DataFrame
    row: Row
    name: str
    warnings: tuple[Fault, ...] = ()


def stop(faults: list[Fault]) -> None:
    """Raise the errors among faults, if there are any."""
    if any(fault.severity == "error" for fault in faults):
        raise DataError([fault for fault in faults if fault.severity == "error"])
