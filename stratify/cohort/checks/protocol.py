"""Treatments as recorded, held against the units and ranges of published protocols."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from stratify.cohort.checks.findings import find_patients
from stratify.cohort.values import Cohort
from stratify.errors import Fault, count_of, name_some
from stratify.protocol import (
    MISSING,
    POSITIVE,
    RECORDED,
    ProtocolColumn,
    Screen,
    read_protocol,
    read_screens,
)
from stratify.schema import Column

_YES = ("yes", "true", "1", "positive", "present", "abnormal")


def check_protocol(cohort: Cohort) -> tuple[Fault, ...]:
    """Find treatment values outside published protocols, or in a unit of their own.

    Parameters
    ----------
    cohort : Cohort
        Columns are known by their names; `stratify.protocol.read_protocol` lists them.

    Returns
    -------
    warnings : tuple of Fault
        A treatment may well be outside; nothing is said of whether it should be.

    Examples
    --------
    >>> frame = pd.DataFrame({"tms_intensity": [120.0, 140.0]}, index=["P1", "P2"])
    >>> cohort = Cohort(frame, (Column(name="tms_intensity", unit="% MT"),))
    >>> [fault.met for fault in check_protocol(cohort)]
    ['1 patient outside the usual 70 to 130 % MT: 140 for patient P2']
    """
    return tuple(
        fault
        for column in cohort.columns
        for standard in read_protocol()
        if standard.is_named(column.name) and column.role != "ignore"
        for fault in _outside(cohort, column, standard)
    )


def _outside(cohort: Cohort, column: Column, standard: ProtocolColumn) -> Iterator[Fault]:
    if column.unit and column.unit not in (standard.unit, *standard.accepted_units):
        yield Fault(
            where=f"{cohort.name}: {column.name}",
            met=f"the unit {column.unit}",
            wanted=f"{standard.label} in {standard.unit or 'no unit'}",
            way_out="Convert the values, or name the column otherwise.",
            severity="warning",
        )
    elif column.kind == "number" and standard.kind == "number":
        yield from _outside_range(cohort, column, standard)
    elif column.kind == "category" and standard.levels:
        yield from _outside_levels(cohort, column, standard)


def _outside_range(cohort: Cohort, column: Column, standard: ProtocolColumn) -> Iterator[Fault]:
    values = cohort.frame[column.name].to_numpy(float)
    low = -np.inf if standard.usual_low is None else standard.usual_low
    high = np.inf if standard.usual_high is None else standard.usual_high
    # 0 is how files say that a treatment was not given.
    wrong = ((values < low) | (values > high)) & (values != 0)
    if wrong.any():
        also = "; ".join(f"{one.value} ({one.source})" for one in standard.reported)
        yield find_patients(
            cohort,
            column.name,
            wrong,
            what=f"outside the usual {low:g} to {high:g} {standard.unit}".rstrip(),
            wanted=f"what protocols use: {standard.source}"
            + (f". Reported: {also}" if also else ""),
            way_out="Check the values and their unit; leave them, if that is what was given.",
        )


def _outside_levels(cohort: Cohort, column: Column, standard: ProtocolColumn) -> Iterator[Fault]:
    values = cohort.frame[column.name].astype(object)
    known = {level.lower() for level in standard.levels}
    wrong = np.array([isinstance(v, str) and v.lower() not in known for v in values])
    if wrong.any():
        yield find_patients(
            cohort,
            column.name,
            wrong,
            what="with a word that is not of the protocol's list",
            wanted=f"{standard.label} is one of {', '.join(standard.levels)}",
            way_out="Write it as one of these, if it is one; leave it otherwise.",
        )


def check_safety(cohort: Cohort) -> pd.DataFrame:
    """Tell of each patient which safety checks are recorded. Never what to do about them.

    Parameters
    ----------
    cohort : Cohort
        Columns are known by their names, which `stratify.protocol.read_screens` lists, or by the
        role ``screen``.

    Returns
    -------
    table : DataFrame
        ``patient``, ``screen`` (in words), ``of`` (the treatment) and ``state``, which is
        "recorded", "missing" or "positive: follow local protocol". Where several columns record
        one screen, one positive is enough, and one recorded if none is.

    Examples
    --------
    >>> frame = pd.DataFrame({"seizure": [0.0, 1.0, np.nan]}, index=["P1", "P2", "P3"])
    >>> table = check_safety(Cohort(frame, (Column(name="seizure", kind="boolean"),)))
    >>> table[table["screen"] == "seizure or epilepsy"]["state"].tolist()
    ['recorded', 'positive: follow local protocol', 'missing']
    """
    parts = []
    for screen in (*read_screens(), *_declared_screens(cohort)):
        states = np.full(len(cohort), MISSING, dtype=object)
        for column in cohort.columns:
            if screen.is_named(column.name):
                known, positive = _answers(cohort, column, screen)
                states[known & (states == MISSING)] = RECORDED
                states[positive] = POSITIVE
        parts.append(
            pd.DataFrame(
                {
                    "patient": list(cohort.patients),
                    "screen": screen.label,
                    "of": screen.of,
                    "state": states,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def find_open_screens(cohort: Cohort) -> Iterator[Fault]:
    """Find patients whose safety checks are positive or missing, among the checks a file records.

    Parameters
    ----------
    cohort : Cohort

    Yields
    ------
    warning : Fault
        One for what is positive and one for what is missing. Never what to do about either.

    Examples
    --------
    >>> frame = pd.DataFrame({"seizure": [0.0, 1.0, np.nan]}, index=["P1", "P2", "P3"])
    >>> cohort = Cohort(frame, (Column(name="seizure", kind="boolean", role="screen"),))
    >>> for fault in find_open_screens(cohort):
    ...     print(fault.met)
    seizure or epilepsy: 1 patient positive: follow local protocol
    seizure or epilepsy: not recorded for 1 patient
    """
    screens = [
        screen
        for screen in (*read_screens(), *_declared_screens(cohort))
        if any(screen.is_named(column.name) for column in cohort.columns)
    ]
    if not screens:
        return
    table = check_safety(cohort)
    table = table[table["screen"].isin([screen.label for screen in screens])]
    for state, words in ((POSITIVE, "{} positive: follow local protocol"), (MISSING, "")):
        rows = table[table["state"] == state]
        if not len(rows):
            continue
        counts = rows.groupby("screen", sort=False)["patient"].nunique()
        some = name_some(
            (
                f"{label}: "
                + (words or "not recorded for {}").format(count_of(int(count), "patient"))
                for label, count in counts.items()
            ),
            most=6,
        )
        yield Fault(
            where=f"{cohort.name}: safety screens",
            met=some,
            wanted="a flag of data quality; this is no advice for or against a treatment",
            way_out="Follow the local protocol."
            if state == POSITIVE
            else "Record the answers, if they were asked for.",
            patients=tuple(dict.fromkeys(map(str, rows["patient"]))),
            severity="warning",
            summary=some,
        )


def _declared_screens(cohort: Cohort) -> list[Screen]:
    """Return a screen for each column that has the role, and no name a screen is known by."""
    known = read_screens()
    return [
        Screen(name=_plain(column.name), label=column.words, of="", source="the dictionary")
        for column in cohort.columns
        if column.role == "screen" and not any(screen.is_named(column.name) for screen in known)
    ]


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_")


def _answers(cohort: Cohort, column: Column, screen: Screen) -> tuple[np.ndarray, np.ndarray]:
    """Return where a column holds an answer, and where it is positive."""
    values = cohort.frame[column.name]
    known = values.notna().to_numpy()
    nobody = np.zeros(len(values), dtype=bool)
    if screen.recorded_only:
        return known, nobody
    if column.kind in ("number", "boolean"):
        limit = 0.0 if screen.positive_above is None else screen.positive_above
        return known, values.to_numpy(float) > limit
    words = values.astype(object).map(lambda word: str(word).strip().lower() in _YES)
    return known, known & words.to_numpy(dtype=bool)
