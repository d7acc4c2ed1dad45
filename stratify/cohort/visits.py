"""Visits: values measured over time, and which of them is the baseline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from stratify.cohort.checks.visits import find_far_values, find_impossible_days
from stratify.cohort.values import Cohort
from stratify.errors import DataError, Fault, count_of, did_you_mean, name_some
from stratify.schema import Column, Measured
from stratify.sheet import Sheet, read_sheet

Format = Literal["long", "wide"]
Row = Literal["patient", "period"]
FirstDay = Literal["during", "before"]

FORMATS: tuple[str, ...] = get_args(Format)
ROWS: tuple[str, ...] = get_args(Row)

_ISO_DATE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$"
_LONG = ("patient", "period", "arm", "visit", "date", "day", "instrument", "value")
_KEYS = ["patient", "period"]
_RAGGED = "Look for a delimiter inside a cell, or a cell left out."


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
        groups = early.groupby([*_KEYS, "instrument"], sort=False)
        used = groups.tail(1).assign(earlier=groups["value"].transform("size") - 1)
        used = used.assign(days_before=0.0 - used["day"])
        used = used.loc[self.frame.index.intersection(used.index)]
        columns = ["instrument", "visit", "date", "days_before", "value", "earlier"]
        return used[[*_KEYS, *columns]].reset_index(drop=True)

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
        dates to come or before 1990, values more than ten years from the first session.

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
    faults = [*sheet.faults, *sheet.tell_ragged(_RAGGED)]
    planned = dict(planned or {})
    _stop(faults)
    long = _read_long(sheet, faults) if format == "long" else _read_wide(sheet, planned, faults)
    _stop(faults)
    table = _read_sessions(sessions, long, faults)
    long = _place(long, table, planned, sheet.name, faults, on_first_day)
    _check(long, sheet.name, known, faults)
    faults += find_impossible_days(long, "date", sheet.name)
    faults += find_far_values(long, sheet.name)
    _stop(faults)
    long = _drop_late_baselines(long, sheet.name, faults)
    _stop(faults)
    return Visits(
        long[[*_KEYS, "visit", "date", "day", "instrument", "value", "before"]],
        _periods_of(long, table, last_day),
        planned,
        sheet.name,
        tuple(faults),
    )


def make_sessions(
    cohort: Cohort, *, first_session: str, last_session: str | None = None
) -> pd.DataFrame:
    """Take the dates of each patient's first and last session from columns of a cohort.

    Returns
    -------
    sessions : DataFrame
        ``patient``, ``first_session`` and, where it is named, ``last_session``.
    """
    names = {"first_session": first_session, "last_session": last_session}
    sessions = pd.DataFrame({"patient": list(cohort.patients)})
    for name, column in names.items():
        if column is None:
            continue
        if cohort[column].kind != "date":
            raise DataError(
                Fault(
                    where=f"{cohort.name}: {column}",
                    met=f"a {cohort[column].kind}",
                    wanted=f"the date of each patient's {name.replace('_', ' ')}",
                    way_out='Give it kind = "date" in the dictionary, or name another column.',
                )
            )
        sessions[name] = cohort.frame[column].to_numpy()
    return sessions


def make_wide(
    visits: Visits, *, row: Row = "patient", columns: Sequence[Column] = ()
) -> WideVisits:
    """Make the table that a cohort wants: a column for each instrument at each visit.

    Baseline columns are called ``madrs_baseline``, others by their visit, ``madrs_week_2``. A visit
    is ``during`` treatment if it was on or before the last session of any patient, and ``followup``
    if it was later for all of them or nobody's last session is known.

    Parameters
    ----------
    visits : Visits
    row : {"patient", "period"}
        Whether patients have one row or one for each treatment period (crossover).
    columns : sequence of Column, optional
        What an instrument means: its kind, unit, range and levels, under its name in the file. A
        scale that `stratify.instruments` knows brings its own.

    Raises
    ------
    DataError
        If a value is no number or outside its scale, two baseline values are of the same day, or a
        patient has several periods and one row.
    """
    faults: list[Fault] = []
    _refuse_periods(visits, row, faults)
    _refuse_ties(visits, faults)
    _stop(faults)
    index = list(visits.periods.index)
    labels = [patient if row == "patient" else f"{patient}/{period}" for patient, period in index]
    meaning = {column.name: column for column in columns}
    pieces: dict[str, Any] = {}
    made: list[Column] = []
    used = visits.baseline_used
    measured = {v: _measured(visits, v, faults) for v in _later_visits(visits)}
    for instrument in visits.instruments:
        template = meaning.get(instrument) or _find_meaning(instrument)
        values = _Values(visits, instrument, template, faults)
        mine = used[used["instrument"] == instrument]
        if len(mine):
            column = values.column("baseline", "baseline", None)
            pieces[column.name] = values.take(mine, index)
            made.append(column)
        later = visits.frame[~visits.frame["before"] & (visits.frame["instrument"] == instrument)]
        for visit in dict.fromkeys(later["visit"]):
            rows = later[later["visit"] == visit]
            column = values.column(visit, measured[visit], _day_of(visits, visit))
            pieces[column.name] = values.take(rows, index)
            made.append(column)
    faults += _same_names(made, visits.name)
    _stop(faults)
    frame = pd.DataFrame(pieces, index=pd.Index(labels, name="patient", dtype="str"))
    arms = visits.periods["arm"].to_numpy()
    if (arms != "").any():
        levels = tuple(sorted(set(arms) - {""}))
        frame["arm"] = pd.Categorical(
            [arm or None for arm in arms], categories=pd.Index(levels, dtype="str")
        )
        made.append(Column(name="arm", kind="category", role="treatment", levels=levels))
    return WideVisits(
        frame,
        tuple(made),
        tuple(patient for patient, _ in index),
        used,
        row,
        visits.name,
        (*visits.warnings, *faults, *_note_baselines(used, visits.name)),
    )


def add_visits(cohort: Cohort, wide: WideVisits) -> Cohort:
    """Put visits beside what else is known of the patients.

    Returns
    -------
    cohort : Cohort
        One row a patient, or one for each treatment period that has a value; then a column with
        the role ``person`` says whom a row is of, and folds keep a patient's periods together.

    Raises
    ------
    DataError
        If both have a column of one name, or both say the arm, or a patient is not in the cohort.
    """
    faults = _clashes(cohort, wide)
    members, seen = set(cohort.patients), set(wide.people)
    unknown = tuple(dict.fromkeys(p for p in wide.people if p not in members))
    if unknown:
        faults.append(_unknown_patients(wide.name, unknown))
    _stop(faults)
    without = tuple(p for p in cohort.patients if p not in seen)
    warnings = [*cohort.warnings, *wide.warnings]
    if without:
        warnings.append(
            Fault(
                where=wide.name,
                met=f"no value for {name_some(without)}",
                wanted="values of each patient of the cohort",
                way_out="Their visits count as missing.",
                patients=without,
                severity="warning",
            )
        )
    columns = (*cohort.columns, *wide.columns)
    if wide.row == "patient":
        later = wide.frame.reindex(cohort.frame.index)
        frame = pd.concat([cohort.frame, later], axis=1)
    else:
        frame = cohort.frame.loc[list(wide.people)].set_axis(wide.frame.index, axis=0)
        people = pd.Series(list(wide.people), index=frame.index, dtype="str", name="person")
        frame = pd.concat([frame, wide.frame, people], axis=1)
        columns = (*columns, Column(name="person", kind="text", role="person"))
    frame.index.name = "patient"
    return Cohort(frame, columns, cohort.name, cohort.simulated, tuple(warnings))


# Reading ------------------------------------------------------------------------------------------


def _read_long(sheet: Sheet, faults: list[Fault]) -> pd.DataFrame:
    wanting = [n for n in ("patient", "instrument", "value") if n not in sheet.columns]
    if not {"visit", "date", "day"} & set(sheet.headers):
        wanting.append("visit")
    spare = [header for header in sheet.headers if header not in _LONG]
    for name in wanting:
        also = ", date or day" if name == "visit" else ""
        faults.append(
            Fault(
                where=sheet.name,
                met=f"no column {name}{also}{did_you_mean(name, spare)}",
                wanted="patient, instrument, value, and one of visit, date and day",
                way_out="Rename the column, or say that the format is wide.",
            )
        )
    if spare:
        faults.append(_ignored(sheet, spare))
    long = pd.DataFrame(
        {
            name: sheet.text(name) if name in sheet.columns else np.full(len(sheet), None)
            for name in _LONG
        },
        dtype=object,
    )
    long["row"] = sheet.rows
    return long[long["value"].notna()].reset_index(drop=True)


def _read_wide(sheet: Sheet, planned: Mapping[str, float], faults: list[Fault]) -> pd.DataFrame:
    """Turn a wide table into long rows, by the visit each header ends with."""
    if not planned:
        faults.append(
            Fault(
                where=sheet.name,
                met="no visits",
                wanted="a wide table says its visits, and the day each is planned for",
                way_out='Write days = {baseline = -1, "week 2" = 14} under [visits].',
            )
        )
    if "patient" not in sheet.columns:
        faults.append(
            Fault(
                where=sheet.name,
                met=f"no column patient{did_you_mean('patient', sheet.headers)}",
                wanted="one row a patient, or a patient's period",
                way_out="Rename the column of the patients' identifiers.",
            )
        )
        return pd.DataFrame(columns=[*_LONG, "row"])
    found, dates, spare = [], {}, []
    for header in sheet.headers:
        if header in ("patient", "period", "arm"):
            continue
        instrument, visit = _split(header, planned)
        if visit is None:
            spare.append(header)
        elif instrument == "date":
            dates[visit] = sheet.text(header)
        else:
            found.append((header, instrument, visit))
    if spare:
        faults.append(_ignored(sheet, spare))
    whose = {n: sheet.text(n) for n in ("patient", "period", "arm") if n in sheet.columns}
    pieces = [
        pd.DataFrame(
            {
                **whose,
                "visit": visit,
                "date": dates.get(visit, np.full(len(sheet), None)),
                "instrument": instrument,
                "value": sheet.text(header),
                "row": sheet.rows,
            }
        )
        for header, instrument, visit in found
    ]
    if not pieces:
        return pd.DataFrame(columns=[*_LONG, "row"])
    long = pd.concat(pieces).reindex(columns=[*_LONG, "row"]).astype(dict.fromkeys(_LONG, object))
    long = long.where(long.notna(), None)
    return long[long["value"].notna()].reset_index(drop=True)


def _split(header: str, planned: Mapping[str, float]) -> tuple[str, str | None]:
    """Return the instrument and the visit a header of a wide table names."""
    for visit in sorted(planned, key=len, reverse=True):
        for ending in dict.fromkeys((_slug(visit), _slug(visit).replace("_", ""))):
            if header.lower().endswith(f"_{ending}"):
                return header[: -len(ending) - 1], visit
    return header, None


def _slug(visit: str) -> str:
    return re.sub(r"\W+", "_", visit.strip().lower()).strip("_")


def _ignored(sheet: Sheet, headers: Sequence[str]) -> Fault:
    return Fault(
        where=sheet.name,
        met=f"{count_of(len(headers), 'column')} that is no value at a visit: {name_some(headers)}",
        wanted="columns of visits",
        way_out="They are ignored.",
        severity="warning",
    )


def _read_sessions(
    sessions: pd.DataFrame | str | Path | None, long: pd.DataFrame, faults: list[Fault]
) -> pd.DataFrame:
    """Return the sessions of each patient and period, checked, with dates as dates."""
    name = "sessions"
    if isinstance(sessions, str | Path):
        sheet = read_sheet(sessions)
        faults += [*sheet.faults, *sheet.tell_ragged(_RAGGED)]
        name = sheet.name
        table = pd.DataFrame({header: sheet.text(header) for header in sheet.headers})
    else:
        table = pd.DataFrame(columns=["patient"]) if sessions is None else sessions.copy()
    if "patient" not in table:
        faults.append(
            Fault(
                where=name,
                met=f"no column patient among {', '.join(map(str, table.columns))}",
                wanted="patient, first_session and, where they are known, period, last_session, "
                "arm",
                way_out="Rename the columns.",
            )
        )
        _stop(faults)
    table = table.reindex(columns=[*_KEYS, "first_session", "last_session", "arm"])
    table["patient"] = table["patient"].astype(str)
    table["period"] = table["period"].where(table["period"].notna(), "1").astype(str)
    table["arm"] = table["arm"].where(table["arm"].notna(), "").astype(str)
    for column in ("first_session", "last_session"):
        table[column] = _read_dates(table, column, name, faults)
    twice = table[table.duplicated(_KEYS)]
    if len(twice):
        faults.append(
            Fault(
                where=name,
                met=f"sessions given twice for {name_some(dict.fromkeys(twice['patient']))}",
                wanted="one row a patient, or a patient's period",
                way_out="Say the period of each, or delete the second row.",
                patients=tuple(dict.fromkeys(twice["patient"])),
            )
        )
    for column in ("first_session", "last_session"):
        faults += find_impossible_days(table, column, name)
    wrong = table[table["last_session"] < table["first_session"]]
    if len(wrong):
        faults.append(
            Fault(
                where=name,
                met=f"the last session before the first for {name_some(wrong['patient'])}",
                wanted="sessions in the order of time",
                way_out="Correct the dates.",
                patients=tuple(wrong["patient"]),
            )
        )
    _stop(faults)
    return table.set_index(_KEYS)


def _read_dates(table: pd.DataFrame, column: str, where: str, faults: list[Fault]) -> pd.Series:
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


# Placing in time ----------------------------------------------------------------------------------


def _place(
    long: pd.DataFrame,
    sessions: pd.DataFrame,
    planned: Mapping[str, float],
    where: str,
    faults: list[Fault],
    on_first_day: FirstDay,
) -> pd.DataFrame:
    """Give each value its day, and say whether it was measured before the first session."""
    long = long.assign(
        patient=long["patient"].where(long["patient"].notna(), "").astype(str),
        period=long["period"].where(long["period"].notna(), "1").astype(str),
        date=_read_dates(long, "date", where, faults),
    )
    day = pd.to_numeric(long["day"], errors="coerce")
    wrong = day.isna() & long["day"].notna()
    if wrong.any():
        faults.append(_of_rows(long[wrong], where, "day", "a day that is no number"))
    whose = pd.MultiIndex.from_frame(long[_KEYS])
    first = sessions["first_session"].reindex(whose).to_numpy()
    dated = long["date"].notna()
    without = dated & pd.isna(first) & day.isna()
    if without.any():
        faults.append(_no_first_session(long[without], where))
    elapsed = _days_between(long["date"], pd.Series(first, long.index))
    day = day.fillna(elapsed).fillna(long["visit"].map(dict(planned)).astype(float))
    timeless = day.isna() & ~without & ~wrong
    if timeless.any():
        faults.append(_of_rows(long[timeless], where, "visit", "a visit of no known time"))
    before = (day < 0) | ((day == 0) & (on_first_day == "before"))
    visit = long["visit"].where(long["visit"].notna(), None)
    nameless = visit.isna()
    visit = visit.where(~nameless, [f"day {d:g}" for d in day])
    return long.assign(day=day.astype(float), before=before, visit=visit.astype(str))


def _days_between(dates: pd.Series, first: pd.Series) -> pd.Series:
    """Return days from the first session; to the hour only where both have a time of day."""
    first = pd.to_datetime(first)
    timed = (dates != dates.dt.normalize()) & (first != first.dt.normalize())
    exact = (dates - first) / pd.Timedelta(days=1)
    whole = (dates.dt.normalize() - first.dt.normalize()) / pd.Timedelta(days=1)
    return exact.where(timed, whole)


def _of_rows(rows: pd.DataFrame, where: str, column: str, met: str) -> Fault:
    wanted = {
        "day": "days after the first session, below 0 before it",
        "visit": "a date or day, or a visit whose planned day the study says",
    }[column]
    some = name_some(
        f"{r.visit or r.day!s} of patient {r.patient!s}" for r in rows.itertuples(index=False)
    )
    return Fault(
        where=f"{where}: {column}",
        met=f"{met}: {some}",
        wanted=wanted,
        way_out="Add the date, or the visit to the planned days."
        if column == "visit"
        else "Correct the rows.",
        patients=tuple(dict.fromkeys(rows["patient"])),
    )


def _no_first_session(rows: pd.DataFrame, where: str) -> Fault:
    patients = tuple(dict.fromkeys(rows["patient"]))
    return Fault(
        where=where,
        met=f"no first session for {name_some(patients)}",
        wanted="the date of the first session, from which baseline is told",
        way_out="Add it to the sessions, with the same patient and period as the visits.",
        patients=patients,
    )


def _check(
    long: pd.DataFrame, where: str, known: Sequence[str] | None, faults: list[Fault]
) -> None:
    if not len(long):
        faults.append(
            Fault(where=where, met="no values", wanted="values at visits", way_out="Add them.")
        )
        return
    nobody = long[long["patient"] == ""]
    if len(nobody):
        rows = tuple(f"(row {row})" for row in dict.fromkeys(nobody["row"]))
        faults.append(
            Fault(
                where=f"{where}: patient",
                met=f"no identifier in row {name_some(dict.fromkeys(nobody['row']))}",
                wanted="each value is somebody's",
                way_out="Name the patient, or delete the row.",
                patients=rows,
            )
        )
    unnamed = long[long["instrument"].isna()]
    if len(unnamed):
        faults.append(
            Fault(
                where=f"{where}: instrument",
                met=f"nothing in row {name_some(unnamed['row'])}",
                wanted="what was measured",
                way_out="Name the instrument.",
                patients=tuple(dict.fromkeys(unnamed["patient"])),
            )
        )
    if known is not None:
        members = set(known)
        strangers = tuple(p for p in dict.fromkeys(long["patient"]) if p and p not in members)
        if strangers:
            faults.append(_unknown_patients(where, strangers))
    key = [*_KEYS, "visit", "instrument"]
    twice = long[long.duplicated(key)].drop_duplicates(key)
    if len(twice):
        some = name_some(
            f"{r.instrument} at {r.visit} of patient {r.patient}"
            for r in twice.itertuples(index=False)
        )
        faults.append(
            Fault(
                where=where,
                met=f"more than one value of {some}",
                wanted="one value of each patient, period, visit and instrument",
                way_out="Keep one, name the visits apart, or say the treatment period of each.",
                patients=tuple(dict.fromkeys(twice["patient"])),
            )
        )


def _unknown_patients(where: str, patients: tuple[str, ...]) -> Fault:
    return Fault(
        where=f"{where}: patient",
        met=f"{name_some(patients)}, not in the cohort",
        wanted="patients of the cohort",
        way_out="Correct the identifiers, or add these patients to the cohort.",
        patients=patients,
    )


def _drop_late_baselines(long: pd.DataFrame, where: str, faults: list[Fault]) -> pd.DataFrame:
    """Leave out values of a visit before treatment that were measured after it began."""
    share = long.groupby("visit")["before"].transform("mean")
    late = ~long["before"] & (share >= 0.5)
    if late.any():
        rows = long[late]
        some = name_some(
            f"{r.instrument} at {r.visit} of patient {r.patient} (day {r.day:g})"
            for r in rows.itertuples(index=False)
        )
        faults.append(
            Fault(
                where=where,
                met=f"{some}, on the day of the first session or after it",
                wanted="baseline is the last value before the first session",
                way_out="These values are not used. If they were taken before the session began, "
                'give the times, or write on_first_day = "before".',
                patients=tuple(dict.fromkeys(rows["patient"])),
                severity="warning",
            )
        )
    early = long["before"] & (share < 0.5)
    if early.any():
        rows = long[early]
        some = name_some(
            f"{r.visit} of patient {r.patient} (day {r.day:g})"
            for r in rows.itertuples(index=False)
        )
        faults.append(
            Fault(
                where=where,
                met=f"{some}, before the first session",
                wanted="a visit that is after the first session for most is so for all",
                way_out="Correct the date of the visit or of the first session.",
                patients=tuple(dict.fromkeys(rows["patient"])),
            )
        )
    return long[~late].reset_index(drop=True)


def _periods_of(long: pd.DataFrame, sessions: pd.DataFrame, last_day: float | None) -> pd.DataFrame:
    index = pd.MultiIndex.from_frame(long[_KEYS].drop_duplicates())
    periods = sessions.reindex(index)
    last = _days_between(periods["last_session"], periods["first_session"]).astype(float)
    periods["last_day"] = last if last_day is None else last.fillna(last_day)
    arms = long[long["arm"].notna()].drop_duplicates(_KEYS).set_index(_KEYS)["arm"]
    own = arms.reindex(index)
    known = periods["arm"].where(periods["arm"].notna() & (periods["arm"] != ""), own)
    periods["arm"] = known.where(known.notna(), "").astype(str)
    return periods


# Making a table -----------------------------------------------------------------------------------


def _refuse_periods(visits: Visits, row: Row, faults: list[Fault]) -> None:
    if row not in ROWS:
        faults.append(
            Fault(
                where="visits.row",
                met=repr(row),
                wanted=f"one of {', '.join(ROWS)}",
                way_out="Say what a row of the table is.",
            )
        )
    patients = visits.periods.index.get_level_values("patient")
    several = tuple(dict.fromkeys(patients[patients.duplicated()]))
    if row == "patient" and several:
        faults.append(
            Fault(
                where=visits.name,
                met=f"several treatment periods of {name_some(several)}",
                wanted="one row a patient",
                way_out='Write row = "period" for a row each, kept together in every fold, or '
                "leave all but one period of each patient out of the file.",
                patients=several,
            )
        )


def _refuse_ties(visits: Visits, faults: list[Fault]) -> None:
    early = visits.frame[visits.frame["before"]]
    key = [*_KEYS, "instrument"]
    last = early["day"] == early.groupby(key)["day"].transform("max")
    tied = early[last & early[last].duplicated(key).reindex(early.index, fill_value=False)]
    if len(tied):
        some = name_some(
            f"{r.instrument} of patient {r.patient} on day {r.day:g}"
            for r in tied.itertuples(index=False)
        )
        faults.append(
            Fault(
                where=visits.name,
                met=f"two values of {some}",
                wanted="one last value before the first session",
                way_out="Give the times of day, or leave one of them out.",
                patients=tuple(dict.fromkeys(tied["patient"])),
            )
        )


def _same_names(columns: Sequence[Column], where: str) -> Iterator[Fault]:
    """Refuse visits whose names differ only in what a column's name cannot hold."""
    by_name: dict[str, list[str]] = {}
    for column in columns:
        by_name.setdefault(column.name, []).append(column.visit)
    for name, visits in by_name.items():
        if len(visits) > 1:
            yield Fault(
                where=where,
                met=f"{' and '.join(map(repr, visits))}, both {name}",
                wanted="visits whose names differ, and none after the first session called "
                "baseline",
                way_out="Rename one of the visits, or spell them alike if they are one.",
            )


def _note_baselines(used: pd.DataFrame, where: str) -> Iterator[Fault]:
    """Tell, for runs and reports, how old the baselines are; no patient is named."""
    told = []
    for instrument, rows in used.groupby("instrument", sort=False):
        days, passed = rows["days_before"], int(rows["earlier"].sum())
        told.append(
            f"{instrument}: {count_of(len(rows), 'value')}, {days.min():g} to {days.max():g} days "
            f"before the first session (median {days.median():g}), "
            f"{count_of(passed, 'earlier value')} passed over"
        )
    if told:
        yield Fault(
            where=f"{where}: baseline",
            met="; ".join(told),
            wanted="baseline is the last value before the first session",
            way_out="See that none is too old; stratify check --json lists them one by one.",
            severity="warning",
        )


def _later_visits(visits: Visits) -> tuple[str, ...]:
    return tuple(dict.fromkeys(visits.frame["visit"][~visits.frame["before"]]))


def _measured(visits: Visits, visit: str, faults: list[Fault]) -> Measured:
    """Tell whether a visit is during treatment, from each patient's last session."""
    rows = visits.frame[~visits.frame["before"] & (visits.frame["visit"] == visit)]
    whose = pd.MultiIndex.from_frame(rows[_KEYS])
    last = visits.periods["last_day"].reindex(whose).to_numpy(float)
    within = rows["day"].to_numpy() <= last
    after = rows["day"].to_numpy() > last
    if within.any() and after.any():
        late = tuple(dict.fromkeys(rows["patient"][after]))
        faults.append(
            Fault(
                where=f"{visits.name}: {visit}",
                met=f"during treatment for some, after the last session of {name_some(late)}",
                wanted="a visit during treatment, or after it",
                way_out="It counts as during treatment.",
                patients=late,
                severity="warning",
            )
        )
    return "during" if within.any() else "followup"


def _day_of(visits: Visits, visit: str) -> float | None:
    if visit in visits.planned:
        return float(visits.planned[visit])
    rows = visits.frame[~visits.frame["before"] & (visits.frame["visit"] == visit)]
    return float(np.median(rows["day"]))


def _find_meaning(instrument: str) -> Column | None:
    """Return what a rating scale's total means, by the total's name or the scale's."""
    from stratify.instruments import list_instruments, make_columns, read_instrument

    for scale in list_instruments():
        if not instrument.startswith(scale):
            continue
        columns = make_columns(read_instrument(scale))
        if instrument == scale and len(columns) == 1:
            return columns[0]
        for column in columns:
            if column.name == instrument:
                return column
    return None


class _Values:
    """The values of one instrument, as its column wants them."""

    def __init__(
        self, visits: Visits, instrument: str, template: Column | None, faults: list[Fault]
    ) -> None:
        self.instrument = instrument
        rows = visits.frame[visits.frame["instrument"] == instrument]
        numbers = pd.to_numeric(rows["value"], errors="coerce")
        if template is None:
            words = numbers.isna().all()
            template = (
                Column(name=instrument, kind="category", levels=tuple(sorted(set(rows["value"]))))
                if words
                else Column(name=instrument)
            )
        self.template = template
        self.where = f"{visits.name}: {instrument}"
        if template.kind == "category":
            wrong, wanted = ~rows["value"].isin(template.levels), name_some(template.levels, most=8)
        else:
            low = -np.inf if template.low is None else template.low
            high = np.inf if template.high is None else template.high
            # NaN compares as outside: a word among numbers is a fault too.
            wrong = ~((numbers >= low) & (numbers <= high) & np.isfinite(numbers))
            unit = f" {template.unit}" if template.unit else ""
            wanted = f"a number from {low:g} to {high:g}{unit}"
            wanted = "a number" if np.isinf(low) and np.isinf(high) else wanted
        if wrong.any():
            bad = rows[wrong]
            some = name_some(
                f"{r.value!r} at {r.visit} for patient {r.patient}"
                for r in bad.itertuples(index=False)
            )
            faults.append(
                Fault(
                    where=self.where,
                    met=some,
                    wanted=f"{template.words} is {wanted}"
                    if template.kind != "category"
                    else f"{template.words} is one of {wanted}",
                    way_out="Correct the rows, or leave the value empty to mark it missing.",
                    patients=tuple(dict.fromkeys(bad["patient"])),
                )
            )

    def column(self, visit: str, measured: Measured, day: float | None) -> Column:
        one = self.template
        at = "before treatment" if measured == "baseline" else f"at {visit}"
        return Column(
            name=f"{self.instrument}_{_slug(visit)}",
            kind=one.kind,
            role="outcome" if measured == "followup" else "feature",
            measured=measured,
            unit=one.unit,
            low=one.low,
            high=one.high,
            levels=one.levels,
            label=f"{one.words} {at}",
            visit=visit,
            day=day,
        )

    def take(self, rows: pd.DataFrame, index: Sequence[tuple[str, str]]) -> Any:
        """Return one value for each patient and period, missing where there is none."""
        keys = pd.MultiIndex.from_frame(rows[_KEYS])
        text = pd.Series(rows["value"].to_numpy(), index=keys).reindex(
            pd.MultiIndex.from_tuples(index, names=_KEYS)
        )
        if self.template.kind == "category":
            levels = pd.Index(self.template.levels, dtype="str")
            return pd.Categorical(
                text.where(text.notna(), None).to_numpy(object), categories=levels
            )
        return pd.to_numeric(text, errors="coerce").to_numpy(float)


def _clashes(cohort: Cohort, wide: WideVisits) -> list[Fault]:
    faults = []
    both = [column.name for column in wide.columns if column.name in cohort]
    if wide.row == "period" and "person" in cohort:
        both.append("person")
    if both:
        faults.append(
            Fault(
                where=wide.name,
                met=f"{name_some(both)} in the cohort and among the visits",
                wanted="each value comes from one file",
                way_out="Take the columns out of one of them.",
            )
        )
    arm, role = "arm" in wide.frame, cohort.named("treatment")
    if arm and role is not None and "arm" not in both:
        faults.append(
            Fault(
                where=wide.name,
                met=f"arms beside the cohort's {role.name}",
                wanted="the treatment comes from one file",
                way_out=f'Give {role.name} the role "ignore", or take the arms out.',
            )
        )
    return faults


def _stop(faults: list[Fault]) -> None:
    if any(fault.severity == "error" for fault in faults):
        raise DataError([fault for fault in faults if fault.severity == "error"])
