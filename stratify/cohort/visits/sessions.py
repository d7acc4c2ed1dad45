"""The sessions of each patient and treatment period, from which baseline is told."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from stratify.cohort.checks.visits import find_impossible_days
from stratify.cohort.spelling import match_numbers, match_patients
from stratify.cohort.values import Cohort
from stratify.cohort.visits.days import read_dates
from stratify.cohort.visits.naming import tell_names
from stratify.cohort.visits.periods import find_overlaps
from stratify.cohort.visits.tables import RAGGED
from stratify.cohort.visits.values import KEYS, stop
from stratify.errors import DataError, Fault, name_some
from stratify.sheet import read_sheet


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


def read_sessions(
    sessions: pd.DataFrame | str | Path | None, long: pd.DataFrame, faults: list[Fault]
) -> pd.DataFrame:
    """Return the sessions of each patient and period, checked, with dates as dates.

    Parameters
    ----------
    sessions : DataFrame or path, optional
    long : DataFrame
        The visits, whose names of patients and periods are the right ones.
    faults : list of Fault
        Grows by what is found.
    """
    name = "sessions"
    if isinstance(sessions, str | Path):
        sheet = read_sheet(sessions)
        faults += [*sheet.faults, *sheet.tell_ragged(RAGGED)]
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
        stop(faults)
    table = table.reindex(columns=[*KEYS, "first_session", "last_session", "arm"])
    table["patient"] = table["patient"].astype(str)
    table["period"] = table["period"].where(table["period"].notna(), "1").astype(str)
    table = _with_names_of(long, table, name, faults)
    table["arm"] = table["arm"].where(table["arm"].notna(), "").astype(str)
    for column in ("first_session", "last_session"):
        table[column] = read_dates(table, column, name, faults)
    twice = table[table.duplicated(KEYS)]
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
    faults += find_overlaps(table, name)
    stop(faults)
    return table.set_index(KEYS)


def _with_names_of(
    long: pd.DataFrame, table: pd.DataFrame, where: str, faults: list[Fault]
) -> pd.DataFrame:
    """Name patients and periods as the visits do, where only the spelling differs."""
    for column, read_as in (
        ("patient", match_patients(table["patient"], long["patient"].dropna())),
        ("period", match_numbers(table["period"].unique(), long["period"].dropna().unique())),
    ):
        if read_as:
            table[column] = table[column].replace(read_as)
            faults.append(tell_names(f"{where}: {column}", read_as, "names as in the visits"))
    return table
