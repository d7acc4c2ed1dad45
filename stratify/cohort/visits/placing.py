"""Each value placed in time, before the first session or after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from stratify.cohort.spelling import hint_at_patients
from stratify.cohort.visits.days import days_between, read_dates
from stratify.cohort.visits.values import KEYS, FirstDay
from stratify.errors import Fault, did_you_mean, name_some


def place_values(
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
        date=read_dates(long, "date", where, faults),
    )
    day = pd.to_numeric(long["day"], errors="coerce")
    wrong = day.isna() & long["day"].notna()
    if wrong.any():
        faults.append(_of_rows(long[wrong], where, "day", "a day that is no number"))
    whose = pd.MultiIndex.from_frame(long[KEYS])
    first = sessions["first_session"].reindex(whose).to_numpy()
    dated = long["date"].notna()
    without = dated & pd.isna(first) & day.isna()
    if without.any():
        faults.append(_no_first_session(long[without], where))
    elapsed = days_between(long["date"], pd.Series(first, long.index))
    day = day.fillna(elapsed).fillna(long["visit"].map(dict(planned)).astype(float))
    timeless = day.isna() & ~without & ~wrong
    if timeless.any():
        hint = did_you_mean(str(long.loc[timeless, "visit"].iloc[0]), planned)
        faults.append(_of_rows(long[timeless], where, "visit", f"a visit of no known time{hint}"))
    before = (day < 0) | ((day == 0) & (on_first_day == "before"))
    visit = long["visit"].where(long["visit"].notna(), None)
    nameless = visit.isna()
    visit = visit.where(~nameless, [f"day {d:g}" for d in day])
    return long.assign(day=day.astype(float), before=before, visit=visit.astype(str))


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


def check_values(
    long: pd.DataFrame, where: str, known: Sequence[str] | None, faults: list[Fault]
) -> None:
    """Tell of values of nobody, of nothing, of strangers, and given twice."""
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
            faults.append(tell_strangers(where, strangers, known))
    key = [*KEYS, "visit", "instrument"]
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


def tell_strangers(where: str, patients: tuple[str, ...], known: Sequence[str]) -> Fault:
    """Make the fault of patients that are not in the cohort, with whom they may be."""
    return Fault(
        where=f"{where}: patient",
        met=f"{name_some(patients)}, not in the cohort{hint_at_patients(patients, known)}",
        wanted="patients of the cohort",
        way_out="Correct the identifiers, or add these patients to the cohort.",
        patients=patients,
    )


def drop_late_baselines(long: pd.DataFrame, where: str, faults: list[Fault]) -> pd.DataFrame:
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
