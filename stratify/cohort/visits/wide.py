"""Visits as the table a cohort wants: a column for each instrument at each visit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stratify.cohort.visits.columns import ColumnValues, find_meaning
from stratify.cohort.visits.values import KEYS, ROWS, Row, Visits, WideVisits, stop
from stratify.errors import Fault, count_of, name_some
from stratify.schema import Column, Measured


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
    stop(faults)
    index = list(visits.periods.index)
    labels = [patient if row == "patient" else f"{patient}/{period}" for patient, period in index]
    meaning = {column.name: column for column in columns}
    pieces: dict[str, Any] = {}
    made: list[Column] = []
    used = visits.baseline_used
    measured = {v: _measured(visits, v, faults) for v in _later_visits(visits)}
    for instrument in visits.instruments:
        template = meaning.get(instrument) or find_meaning(instrument)
        values = ColumnValues(visits, instrument, template, faults)
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
    stop(faults)
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
    key = [*KEYS, "instrument"]
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
    whose = pd.MultiIndex.from_frame(rows[KEYS])
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
