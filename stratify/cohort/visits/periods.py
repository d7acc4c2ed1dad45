"""Treatment periods: one after another, each with one arm, each value in its own."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from stratify.cohort.spelling import respell
from stratify.cohort.visits.days import days_between
from stratify.cohort.visits.values import KEYS
from stratify.errors import Fault, Severity, name_some


def find_overlaps(sessions: pd.DataFrame, where: str) -> Iterator[Fault]:
    """Find treatment periods of one patient that begin before the one before has ended.

    Parameters
    ----------
    sessions : DataFrame
        ``patient``, ``period``, ``first_session`` and ``last_session``, as dates or NaT.
    where : str
    """
    dated = sessions[sessions["first_session"].notna()].sort_values("first_session", kind="stable")
    dated = dated.assign(ends=dated["last_session"].fillna(dated["first_session"]))
    dated["ends"] = dated.groupby("patient", sort=False)["ends"].cummax()
    until = dated.groupby("patient", sort=False)["ends"].shift(1)
    wrong = dated["first_session"] <= until
    told = [
        f"period {r.period} of patient {r.patient} begins {r.first_session:%Y-%m-%d}, and one "
        f"before it ends {end:%Y-%m-%d}"
        for r, end in zip(dated[wrong].itertuples(index=False), until[wrong], strict=True)
    ]
    if told:
        yield Fault(
            where=where,
            met=f"treatment periods that overlap: {name_some(told)}",
            wanted="each period of a patient begins after the one before has ended",
            way_out="Correct the dates, or make one period of the two.",
            patients=tuple(dict.fromkeys(dated["patient"][wrong])),
        )


def find_strays(long: pd.DataFrame, sessions: pd.DataFrame, where: str) -> Iterator[Fault]:
    """Find values of one period that were measured during, or after, another.

    A value after the next period began is refused: it is an outcome of both. A baseline from
    before the end of the period before is warned of.

    Parameters
    ----------
    long : DataFrame
        One row a value, with ``date`` and ``before``.
    sessions : DataFrame, indexed by patient and period
    where : str
    """
    table = sessions.reset_index()
    table = table[table["first_session"].notna()].sort_values("first_session", kind="stable")
    grouped = table.groupby("patient", sort=False)
    table["next_first"] = grouped["first_session"].shift(-1)
    table["last_before"] = grouped["last_session"].shift(1)
    bounds = table.set_index(KEYS)[["next_first", "last_before"]]
    dated = long[long["date"].notna()]
    around = bounds.reindex(pd.MultiIndex.from_frame(dated[KEYS]))
    date = dated["date"].to_numpy()
    after = date >= around["next_first"].to_numpy()
    early = dated["before"].to_numpy() & (date <= around["last_before"].to_numpy())
    if after.any():
        yield _stray(
            dated[after & ~early],
            where,
            "measured after the next period had begun",
            "Leave these values out, or correct the period or the date.",
            "error",
        )
    if early.any():
        yield _stray(
            dated[early],
            where,
            "measured before the treatment of the period before had ended",
            "See that the treatment before no longer acts; leave the value out, if it does.",
            "warning",
        )


def _stray(rows: pd.DataFrame, where: str, met: str, way_out: str, severity: Severity) -> Fault:
    some = name_some(
        f"{r.instrument} at {r.visit} of patient {r.patient} in period {r.period}"
        for r in rows.itertuples(index=False)
    )
    return Fault(
        where=where,
        met=f"{some}, {met}",
        wanted="each value belongs to one treatment period",
        way_out=way_out,
        patients=tuple(dict.fromkeys(rows["patient"])),
        severity=severity,
    )


def find_periods(
    long: pd.DataFrame, sessions: pd.DataFrame, last_day: float | None, where: str
) -> tuple[pd.DataFrame, list[Fault]]:
    """Return each patient's treatment periods, with the last day and the arm of each.

    Returns
    -------
    periods : DataFrame, indexed by patient and period
        As of `Visits.periods`.
    faults : list of Fault
        Periods with two arms.
    """
    index = pd.MultiIndex.from_frame(long[KEYS].drop_duplicates())
    periods = sessions.reindex(index)
    last = days_between(periods["last_session"], periods["first_session"]).astype(float)
    periods["last_day"] = last if last_day is None else last.fillna(last_day)
    said = long.loc[long["arm"].notna(), [*KEYS, "arm"]].drop_duplicates()
    known = tuple(said["arm"])
    from_sessions = periods["arm"].where(periods["arm"].notna(), "").astype(str)
    from_sessions = from_sessions.map(lambda arm: respell(arm, known) if arm else "")
    both = pd.concat([said.set_index(KEYS)["arm"], from_sessions[from_sessions != ""]])
    arms: dict[tuple[str, str], list[str]] = {}
    for key, arm in both.items():
        if arm not in arms.setdefault(key, []):
            arms[key].append(arm)
    periods["arm"] = [arms.get(key, [""])[0] for key in index]
    return periods, list(_two_arms(arms, where))


def _two_arms(arms: dict[tuple[str, str], list[str]], where: str) -> Iterator[Fault]:
    several = {key: found for key, found in arms.items() if len(found) > 1}
    if several:
        some = name_some(
            f"{' and '.join(map(repr, found))} in period {period} of patient {patient}"
            for (patient, period), found in several.items()
        )
        yield Fault(
            where=f"{where}: arm",
            met=some,
            wanted="one arm in each treatment period",
            way_out="Correct the arm, in the visits or in the sessions; or name the periods apart.",
            patients=tuple(dict.fromkeys(patient for patient, _ in several)),
        )
