"""Dates of visits and sessions, and the days between them."""

from __future__ import annotations

import re

import pandas as pd

from stratify.errors import Fault, name_some

_ISO_DATE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$"


def read_dates(table: pd.DataFrame, column: str, where: str, faults: list[Fault]) -> pd.Series:
    """Return a column as dates; those that are none become missing, and are told."""
    if pd.api.types.is_datetime64_any_dtype(table[column].dtype):
        return table[column]
    text = table[column].astype(object)
    text = text.where(text.notna(), None)
    good = text.map(lambda cell: cell is not None and bool(re.match(_ISO_DATE, str(cell))))
    dates = pd.to_datetime(
        text.where(good.astype(bool), None), format="ISO8601", errors="coerce"
    ).astype("datetime64[us]")
    wrong = dates.isna() & text.notna()
    if wrong.any():
        shown = name_some(
            f"{cell!r} for patient {who}"
            for cell, who in zip(text[wrong], table["patient"][wrong], strict=True)
        )
        faults.append(
            Fault(
                where=f"{where}: {column}",
                met=shown,
                wanted="a date written year-month-day, such as 2024-03-01",
                way_out="Write the dates so, or leave the cell empty.",
                patients=tuple(dict.fromkeys(map(str, table["patient"][wrong]))),
            )
        )
    return dates


def days_between(dates: pd.Series, first: pd.Series) -> pd.Series:
    """Return days from the first session; to the hour only where both have a time of day."""
    first = pd.to_datetime(first)
    timed = (dates != dates.dt.normalize()) & (first != first.dt.normalize())
    exact = (dates - first) / pd.Timedelta(days=1)
    whole = (dates.dt.normalize() - first.dt.normalize()) / pd.Timedelta(days=1)
    return exact.where(timed, whole)
