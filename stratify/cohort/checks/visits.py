"""Visits at times that cannot be, or hardly can."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pandas as pd

from stratify.cohort.checks.dates import EARLIEST_TREATMENT
from stratify.errors import Fault, Severity, count_of, name_some

_YEAR = 365.25
FAR_YEARS, FARTHEST_YEARS = 2, 10
"""A value farther from the first session is warned of, or refused: its year is probably wrong."""


def find_impossible_days(
    table: pd.DataFrame, column: str, where: str, today: datetime.date | None = None
) -> Iterator[Fault]:
    """Find dates to come, and dates before anybody was treated.

    Parameters
    ----------
    table : DataFrame
        With a column ``patient``, and ``column`` of dates.
    column : str
    where : str
        The file.
    today : date, optional
        One day more is allowed for clocks of other time zones.
    """
    dates = table[column]
    last = pd.Timestamp(today or datetime.date.today()) + pd.Timedelta(days=2)
    for wrong, met in (
        (dates >= last, "after today"),
        (dates < EARLIEST_TREATMENT, f"before {EARLIEST_TREATMENT.year}"),
    ):
        if not wrong.any():
            continue
        some = name_some(
            f"{date:%Y-%m-%d} for patient {who}"
            for date, who in zip(dates[wrong], table["patient"][wrong], strict=True)
        )
        yield Fault(
            where=f"{where}: {column}",
            met=f"{count_of(int(wrong.sum()), 'date')} {met}: {some}",
            wanted="a day that has been, in the years of these treatments",
            way_out="Correct the dates, or leave them empty to mark them missing.",
            patients=tuple(dict.fromkeys(map(str, table["patient"][wrong]))),
        )


def find_far_values(long: pd.DataFrame, where: str) -> Iterator[Fault]:
    """Find values more than two years (a warning) or ten (an error) from the first session.

    Parameters
    ----------
    long : DataFrame
        ``patient``, ``instrument``, ``date`` and ``day``, one row a value.
    where : str
        The file.
    """
    years = long["day"].abs() / _YEAR
    refused, doubted = years > FARTHEST_YEARS, (years > FAR_YEARS) & (years <= FARTHEST_YEARS)
    if refused.any():
        yield _far(long[refused], where, FARTHEST_YEARS, "error")
    if doubted.any():
        yield _far(long[doubted], where, FAR_YEARS, "warning")


def _far(rows: pd.DataFrame, where: str, years: int, severity: Severity) -> Fault:
    shown = zip(rows["instrument"], rows["patient"], rows["day"], strict=True)
    some = name_some(
        f"{instrument} of patient {patient}, {abs(day):.0f} days {'before' if day < 0 else 'after'}"
        for instrument, patient, day in shown
    )
    return Fault(
        where=f"{where}: {'date' if rows['date'].notna().any() else 'day'}",
        met=f"{count_of(len(rows), 'value')} more than {years} years from the first session: "
        f"{some}",
        wanted="values measured about the time of treatment",
        way_out="Correct the year of the visit or of the first session."
        + ("" if severity == "error" else " Leave it, if the patient was seen then."),
        patients=tuple(dict.fromkeys(rows["patient"])),
        severity=severity,
    )
