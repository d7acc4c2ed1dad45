"""Time to relapse: how long a response lasts, and where nobody knows any more."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault
from stratify.instruments import Threshold


def compute_relapse(
    values: pd.DataFrame,
    *,
    responds: Threshold,
    relapses: Threshold | None = None,
    baseline: pd.Series | None = None,
    start: float | None = None,
) -> pd.DataFrame:
    """Compute how long each responder's response lasted.

    A relapse is found at a visit, so it happened between that visit and the one before: durations
    are of visits, and long where visits are far apart. A missing value is passed over; whoever
    never relapses is censored at the last value.

    Parameters
    ----------
    values : DataFrame, shape (n_patients, n_days)
        The scale, indexed by patient; columns are days after the first session, in any order.
    responds : Threshold
        What counts as response, for instance from `stratify.instruments.read_instrument`.
    relapses : Threshold, optional
        What counts as relapse; response no longer being there, where none is given.
    baseline : Series, indexed by patient, optional
        Needed for a threshold that is a fall.
    start : float, optional
        The day at which response is judged, and from which time runs; each patient's first day of
        response, where none is given.

    Returns
    -------
    relapse : DataFrame, indexed by patient
        Responders only, since nobody else can relapse. ``start`` is the day time runs from,
        ``duration`` the days from then to relapse or, without one, to the last value, and
        ``event`` 1 for a relapse and 0 for none seen.

    Raises
    ------
    DataError
        If a day is given twice or before the first session, ``start`` is none of the days, or a
        baseline is missing for some patient.

    Examples
    --------
    Half of 30 is reached at week 2 and lost at week 8, or never lost.

    >>> half = Threshold(name="response", purpose="response", total="madrs_total",
    ...                  measure="proportional fall", comparison="at least", amount=0.5,
    ...                  source="convention", evidence="verified")
    >>> values = pd.DataFrame({14: [15.0, 12.0, 20.0], 28: [14.0, 13.0, 21.0],
    ...                        56: [16.0, 11.0, 25.0]}, index=["P1", "P2", "P3"])
    >>> compute_relapse(values, responds=half, baseline=pd.Series(30.0, index=values.index))
        start  duration  event
    P1   14.0      42.0      1
    P2   14.0      42.0      0
    """
    days = _read_days(values)
    table = values.set_axis(days, axis=1).sort_index(axis=1)
    before = _read_baseline(table, baseline, responds, relapses)
    responded = _is_met(responds, table, before) == 1
    if relapses is None:
        known = table.notna().to_numpy()
        relapsed = ~responded & known
    else:
        relapsed = _is_met(relapses, table, before) == 1
    ordered = table.columns.to_numpy(float)
    if start is not None:
        if start not in ordered:
            raise _refuse(
                "start", f"day {start:g}", f"one of {', '.join(f'{d:g}' for d in ordered)}"
            )
        responded = responded & (ordered == start)
    rows = []
    for k, patient in enumerate(table.index):
        if not responded[k].any():
            continue
        first = int(np.argmax(responded[k]))
        later = ordered > ordered[first]
        back = np.flatnonzero(relapsed[k] & later)
        last = np.flatnonzero(table.notna().to_numpy()[k])[-1]
        end = back[0] if len(back) else max(last, first)
        rows.append((patient, ordered[first], ordered[end] - ordered[first], int(len(back) > 0)))
    found = pd.DataFrame(rows, columns=["patient", "start", "duration", "event"])
    found = found.astype({"start": float, "duration": float, "event": int})
    found = found.set_index("patient")
    found.index.name = table.index.name
    return found


def _read_days(values: pd.DataFrame) -> list[float]:
    try:
        days = [float(day) for day in values.columns]
    except (TypeError, ValueError):
        raise _refuse(
            "values", f"columns {list(values.columns)[:3]}", "a column for each day, as a number"
        ) from None
    if len(set(days)) < len(days) or any(day < 0 for day in days):
        raise _refuse(
            "values", "a day given twice, or before the first session", "each later day once"
        )
    return days


def _read_baseline(
    table: pd.DataFrame,
    baseline: pd.Series | None,
    responds: Threshold,
    relapses: Threshold | None,
) -> pd.Series | None:
    needed = responds.needs_baseline or (relapses is not None and relapses.needs_baseline)
    if not needed:
        return None
    before = pd.Series(np.nan, table.index) if baseline is None else baseline.reindex(table.index)
    without = before.isna() | (before <= 0)
    if without.any():
        raise DataError(
            Fault(
                where="baseline",
                met=f"no value above 0 for {int(without.sum())} patients",
                wanted="a fall is measured from the last value before the first session",
                way_out="Give a baseline for each patient, or leave these out.",
                patients=tuple(map(str, table.index[without])),
            )
        )
    return before


def _is_met(threshold: Threshold, table: pd.DataFrame, before: pd.Series | None) -> np.ndarray:
    needed = before if threshold.needs_baseline else None
    return np.column_stack(
        [threshold.is_met(table[day], baseline=needed).to_numpy() for day in table.columns]
    ).reshape(table.shape)


def _refuse(where: str, met: str, wanted: str) -> DataError:
    return DataError(Fault(where=where, met=met, wanted=wanted, way_out="Correct it."))
