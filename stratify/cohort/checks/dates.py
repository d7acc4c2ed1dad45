"""Dates that cannot be: to come, before birth, follow-up before baseline."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from stratify.cohort.checks.findings import find_patients
from stratify.cohort.checks.identity import BIRTH
from stratify.cohort.values import Cohort
from stratify.errors import Fault
from stratify.schema import MEASURED, Column

_EARLIEST = pd.Timestamp(1900, 1, 1)
EARLIEST_TREATMENT = pd.Timestamp(1990, 1, 1)
"""Sessions, infusions and scans of earlier years are slips: nobody was treated so."""
_SHIFTED = pd.Timestamp(1925, 1, 1)
_TREATING = re.compile(r"(^|[_\s])(session|infusion|scan(ned)?|tms|ketamine|treatment|visit)", re.I)
_FIRST = re.compile(r"(?<![a-z])(first|start|begin)(?![a-z])", re.IGNORECASE)
_LAST = {"first": "last", "start": "end", "begin": "end"}
_YEAR = 365.25


def find_impossible_dates(cohort: Cohort, today: datetime.date | None = None) -> Iterator[Fault]:
    """Find dates after today, before 1900, before birth, or in the wrong order.

    Ignored columns are looked at too: a date is no feature, but a wrong one means wrong rows.
    Sessions and scans cannot be before 1990, nor the last of them before the first; unless most of
    a column is before 1925, as shared data have it where dates were shifted to hide the days.

    Parameters
    ----------
    cohort : Cohort
    today : date, optional
        The day nothing can be later than; today, where none is given. One day is allowed for
        clocks of other time zones.
    """
    dates = [column for column in cohort.columns if column.kind == "date"]
    if not dates:
        return
    last = pd.Timestamp(today or datetime.date.today()) + pd.Timedelta(days=1)
    births = [column for column in dates if BIRTH.search(column.name)]
    visits = [column for column in dates if column not in births]
    for column in dates:
        values = cohort.frame[column.name]
        earliest = EARLIEST_TREATMENT if is_of_treatment(column) else _EARLIEST
        if 2 * int((values < _SHIFTED).sum()) > int(values.notna().sum()) and column not in births:
            earliest = pd.Timestamp.min
        too_early = f"before {earliest.year}"
        for wrong, what in ((values > last, "after today"), (values < earliest, too_early)):
            yield from _tell(cohort, column, wrong, what, "a day that has been")
    for birth in births:
        for visit in visits:
            wrong = cohort.frame[visit.name] < cohort.frame[birth.name]
            yield from _tell(
                cohort, visit, wrong, f"before {birth.words}", f"not before {birth.words}"
            )
        yield from _wrong_ages(cohort, birth, visits)
    for first in visits:
        for later in visits:
            if _ends(first, later):
                wrong = cohort.frame[later.name] < cohort.frame[first.name]
                yield from _tell(
                    cohort, later, wrong, f"before {first.words}", "the last not before the first"
                )
            elif MEASURED.index(first.measured) < MEASURED.index(later.measured):
                wrong = cohort.frame[later.name] < cohort.frame[first.name]
                yield from _tell(
                    cohort,
                    later,
                    wrong,
                    f"before {first.words}",
                    f"what is measured {later.measured} comes after what is measured "
                    f"{first.measured}",
                )


def is_of_treatment(column: Column) -> bool:
    """Tell whether a date is that of a session, a scan, or anything after the treatment began."""
    return column.measured != "baseline" or _TREATING.search(column.name) is not None


def _ends(first: Column, last: Column) -> bool:
    """Tell whether the names are those of the first and the last day of one thing."""
    found = _FIRST.search(first.name.replace("_", " "))
    if found is None:
        return False
    ending = _LAST[found[0].lower()]
    wanted = _FIRST.sub(ending, first.name.replace("_", " "), count=1)
    return last.name.replace("_", " ").lower() == wanted.lower()


def _tell(
    cohort: Cohort, column: Column, wrong: pd.Series, what: str, wanted: str
) -> Iterator[Fault]:
    mask = wrong.to_numpy(dtype=bool)
    if mask.any():
        yield find_patients(
            cohort,
            column.name,
            mask,
            what=what,
            wanted=f"{column.words}: {wanted}",
            way_out="Correct the dates, or leave them empty to mark them missing.",
            severity="error",
        )


def _wrong_ages(cohort: Cohort, birth: Column, visits: list[Column]) -> Iterator[Fault]:
    """Compare ages with the time from birth to the first baseline date."""
    starts = [visit for visit in visits if visit.measured == "baseline"]
    if "age" not in cohort or cohort["age"].kind != "number" or not starts:
        return
    days = (cohort.frame[starts[0].name] - cohort.frame[birth.name]).dt.days.to_numpy(float)
    gap = np.abs(cohort.frame["age"].to_numpy(float) - days / _YEAR)
    wrong = gap > 1.5
    if wrong.any():
        yield find_patients(
            cohort,
            "age",
            wrong,
            what=f"whose age is not the time from {birth.words} to {starts[0].words}",
            wanted="both to agree within a year and a half",
            way_out="Correct the one that is wrong.",
        )
