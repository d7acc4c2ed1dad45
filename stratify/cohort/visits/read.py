"""Files of visits: read, placed in time and checked as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from stratify.cohort.checks.visits import find_far_values, find_impossible_days
from stratify.cohort.visits.naming import find_doubtful_names, read_names
from stratify.cohort.visits.periods import find_periods, find_strays
from stratify.cohort.visits.placing import check_values, drop_late_baselines, place_values
from stratify.cohort.visits.sessions import read_sessions
from stratify.cohort.visits.tables import RAGGED, read_long, read_wide
from stratify.cohort.visits.values import KEYS, FirstDay, Format, Visits, stop
from stratify.sheet import read_sheet


def read_visits(
    path: str | Path,
    *,
    format: Format = "long",
    sessions: pd.DataFrame | str | Path | None = None,
    planned: Mapping[str, float] | None = None,
    known: Sequence[str] | None = None,
    on_first_day: FirstDay = "during",
    last_day: float | None = None,
) -> Visits:
    r"""Read values measured over time, and place each before or after the first session.

    In the long format each row is a value: ``patient``, ``instrument``, ``value`` and at least one
    of ``visit``, ``date`` (year-month-day, with a time if it is known) and ``day`` (after the first
    session, below 0 before it); ``period`` and ``arm`` where there are several. In the wide format
    each row is a patient, or a patient's period, and a column is an instrument at a visit
    (``madrs_week2``) or the date of a visit (``date_week2``); the visits are those of ``planned``.

    Names are matched whatever their capitals and spaces, rating scales by any spelling of their
    name, and patients with or without the prefix ``sub-``; each match is warned of.

    Parameters
    ----------
    path : str or Path
    format : {"long", "wide"}
    sessions : DataFrame, or path, optional
        The sessions of each patient, and period where there are several: ``patient``, ``period``,
        ``first_session``, ``last_session``, ``arm``; as from `make_sessions`. Needed with dates.
    planned : mapping of str to float, optional
        The day each visit is planned for: the day of a value without a date or day of its own.
    known : sequence of str, optional
        The patients of the study; others are refused by name.
    on_first_day : {"during", "before"}
        What a value on the very day of the first session is, where no time tells. After a ketamine
        infusion the same day is treatment, so it is no baseline unless the study says so.
    last_day : float, optional
        The day the last session is planned for, where its date is not known. Without either every
        visit after the first session counts as ``followup``.

    Raises
    ------
    DataError
        With every fault: columns or sessions missing, patients unknown, dates that are none, a
        value given twice, a visit that is before the first session for some and planned after it,
        dates to come or before 1990, values more than ten years from the first session, treatment
        periods that overlap or have two arms, a value from after the next period began.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> text = '''patient,visit,date,instrument,value
    ... P1,screening,2024-03-01,madrs,33
    ... P1,baseline,2024-03-08,madrs,30
    ... P1,week 2,2024-03-24,madrs,18
    ... '''
    >>> sessions = pd.DataFrame({"patient": ["P1"], "first_session": ["2024-03-10"],
    ...                          "last_session": ["2024-04-10"]})
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "visits.csv"
    ...     _ = path.write_text(text)
    ...     visits = read_visits(path, sessions=sessions)
    >>> visits.baseline_used[["patient", "instrument", "visit", "days_before", "value"]]
      patient instrument     visit  days_before value
    0      P1      madrs  baseline          2.0    30
    """
    sheet = read_sheet(path)
    faults = [*sheet.faults, *sheet.tell_ragged(RAGGED)]
    planned = dict(planned or {})
    stop(faults)
    long = read_long(sheet, faults) if format == "long" else read_wide(sheet, planned, faults)
    stop(faults)
    long, respelt = read_names(long, planned, known or (), sheet.name)
    faults += respelt
    table = read_sessions(sessions, long, faults)
    long = place_values(long, table, planned, sheet.name, faults, on_first_day)
    check_values(long, sheet.name, known, faults)
    faults += find_impossible_days(long, "date", sheet.name)
    faults += find_far_values(long, sheet.name)
    faults += find_doubtful_names(long, sheet.name)
    faults += find_strays(long, table, sheet.name)
    stop(faults)
    long = drop_late_baselines(long, sheet.name, faults)
    periods, armed = find_periods(long, table, last_day, sheet.name)
    faults += armed
    stop(faults)
    return Visits(
        long[[*KEYS, "visit", "date", "day", "instrument", "value", "before"]],
        periods,
        planned,
        sheet.name,
        tuple(faults),
    )
