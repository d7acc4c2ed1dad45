"""Alcohol by days: drinking days, heavy days, grams a day and the WHO risk level (TLFB)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault, SettingsError
from stratify.instruments.answers import read_cells, tell_rows
from stratify.instruments.bands import SEXES, read_sex
from stratify.instruments.read import read_instrument
from stratify.instruments.scores import Scores, make_scores
from stratify.instruments.values import Item

COUNT_COLUMNS = ("tlfb_days_recorded", "tlfb_drinking_days", "tlfb_heavy_days", "tlfb_drinks")


@dataclass(frozen=True)
class _Days:
    """What is known of each patient's window, from daily drinks or from counts."""

    patients: pd.Index
    recorded: np.ndarray
    drinking: np.ndarray
    heavy: np.ndarray
    drinks: np.ndarray


def summarise_drinking(
    days: pd.DataFrame,
    *,
    window_days: int,
    sex: Any = None,
    fewest_days: int | None = None,
    grams_per_drink: float | None = None,
    patients: Sequence[str] | None = None,
    name: str = "days",
) -> Scores:
    """Summarise daily drinks over a window of days.

    Parameters
    ----------
    days : DataFrame, shape (n_days, n_columns)
        One row a patient and day, with the columns ``patient``, ``day`` (a date or a number) and
        ``tlfb_drinks`` (standard drinks). A day without a row, or with an empty cell, was not
        recorded: it is never taken as a day without drink.
    window_days : int
        How many days the window has, for everybody; the WHO risk level is taken over about 28.
    sex : Series of str by patient, optional
        ``"female"`` or ``"male"``: heavy days (from 4 or 5 drinks) and risk levels differ by it,
        and are missing without it.
    fewest_days : int, optional
        How many recorded days are enough for percentages and grams a day; all of them without it.
        Those that stand on fewer are told in `Scores.prorated`.
    grams_per_drink : float, optional
        Of alcohol; 14 (a US standard drink) without it.
    patients : sequence of str, optional
        Everybody who should be in the result, in order; those with days, without it.
    name : str
        What messages call the table.

    Returns
    -------
    scores : Scores
        One row a patient. Numbers of days are missing when a day is; ``any_drinking`` and
        ``any_heavy_day`` are then known only where a recorded day settles them.

    Raises
    ------
    SettingsError
        If ``window_days``, ``fewest_days`` or ``grams_per_drink`` make no sense.
    DataError
        With every fault: columns absent, days given twice, drinks below 0, days beyond the window.

    Examples
    --------
    Four days, 0, 2, 5 and 0 drinks of 14 g: 7 drinks, 98 g, 24.5 g a day.

    >>> days = pd.DataFrame({"patient": "P01", "day": [1, 2, 3, 4], "tlfb_drinks": [0, 2, 5, 0]})
    >>> scores = summarise_drinking(days, window_days=4, sex=pd.Series({"P01": "male"}))
    >>> scores.totals.loc["P01", ["tlfb_grams_per_day", "tlfb_heavy_days"]].tolist()
    [24.5, 1.0]
    >>> scores.band.tolist()
    ['low']
    """
    _check_window(window_days, fewest_days, grams_per_drink)
    drinks, faults = _read_days(days, window_days, name)
    if faults:
        raise DataError(faults)
    whose = days["patient"].astype(str).to_numpy()
    rows = pd.Index(
        list(patients) if patients is not None else dict.fromkeys(whose),
        name="patient",
        dtype="str",
    )
    if patients is not None:
        drinks, whose = drinks[np.isin(whose, rows)], whose[np.isin(whose, rows)]
    known_sex = _sex_of(rows, sex, name)
    by_day = pd.DataFrame(
        {
            "recorded": ~np.isnan(drinks),
            "drinking": drinks > 0,
            "heavy": drinks >= _heavy_from(known_sex).reindex(whose).to_numpy(),
            "drinks": np.nan_to_num(drinks),
        }
    )
    summed = by_day.groupby(whose, sort=False).sum().reindex(rows, fill_value=0)
    found = _Days(
        patients=rows,
        recorded=summed["recorded"].to_numpy(float),
        drinking=summed["drinking"].to_numpy(float),
        heavy=np.where(known_sex.isna(), np.nan, summed["heavy"].to_numpy(float)),
        drinks=summed["drinks"].to_numpy(float),
    )
    return _make_scores(found, known_sex, window_days, fewest_days, grams_per_drink, name)


def summarise_drinking_counts(
    counts: pd.DataFrame,
    *,
    window_days: int,
    sex: Any = None,
    fewest_days: int | None = None,
    grams_per_drink: float | None = None,
    name: str = "counts",
) -> Scores:
    """Summarise drinking where days have been counted already.

    Parameters
    ----------
    counts : DataFrame, shape (n_patients, n_columns)
        Indexed by patient, with the columns ``tlfb_days_recorded``, ``tlfb_drinking_days``,
        ``tlfb_heavy_days`` (counted by whoever made the table) and ``tlfb_drinks`` (standard drinks
        in all).
    window_days, sex, fewest_days, grams_per_drink, name
        As in `summarise_drinking`; sex is needed for the WHO risk level only.

    Raises
    ------
    SettingsError
        If ``window_days``, ``fewest_days`` or ``grams_per_drink`` make no sense.
    DataError
        With every fault, counts that contradict each other among them.

    Examples
    --------
    >>> counts = pd.DataFrame([[28, 10, 4, 56]], index=["P01"], columns=COUNT_COLUMNS)
    >>> scores = summarise_drinking_counts(counts, window_days=28, sex=pd.Series({"P01": "female"}))
    >>> scores.total.tolist(), scores.band.tolist()
    ([28.0], ['medium'])
    """
    _check_window(window_days, fewest_days, grams_per_drink)
    values, faults = _read_counts(counts, window_days, name)
    if faults:
        raise DataError(faults)
    rows = pd.Index([str(one) for one in counts.index], name="patient", dtype="str")
    found = _Days(rows, *(values[column] for column in COUNT_COLUMNS))
    known_sex = _sex_of(rows, sex, name)
    return _make_scores(found, known_sex, window_days, fewest_days, grams_per_drink, name)


def _make_scores(
    found: _Days,
    sex: pd.Series,
    window_days: int,
    fewest_days: int | None,
    grams_per_drink: float | None,
    name: str,
) -> Scores:
    tlfb = read_instrument("tlfb")
    grams = tlfb.constant("grams_per_drink") if grams_per_drink is None else grams_per_drink
    complete = found.recorded == window_days
    enough = found.recorded >= max(1, window_days if fewest_days is None else fewest_days)
    days = np.where(enough, found.recorded, np.nan)

    def whole_window(count: np.ndarray) -> np.ndarray:
        return np.where(complete, count, np.nan)

    def any_of(count: np.ndarray) -> np.ndarray:
        return np.where(count > 0, 1.0, np.where(complete & (count == 0), 0.0, np.nan))

    totals = {
        "grams_per_day": found.drinks * grams / days,
        "drinking_days": whole_window(found.drinking),
        "heavy_days": whole_window(found.heavy),
        "percent_drinking_days": 100 * found.drinking / days,
        "percent_heavy_days": 100 * found.heavy / days,
        "any_drinking": any_of(found.drinking),
        "any_heavy_day": any_of(found.heavy),
    }
    values = {total.column: totals[total.name] for total in tlfb.totals}
    partly = enough & ~complete
    counted = {t.column: t.name.startswith("percent") or t is tlfb.totals[0] for t in tlfb.totals}
    recorded = np.nan_to_num(found.recorded).astype(int)
    return make_scores(
        tlfb,
        found.patients,
        totals=values,
        answered=dict.fromkeys(values, recorded),
        prorated={
            column: partly & ~np.isnan(values[column]) & counted[column] for column in values
        },
        sex=sex,
        name=name,
    )


# Checks -------------------------------------------------------------------------------------------


def _check_window(window_days: int, fewest_days: int | None, grams_per_drink: float | None) -> None:
    def refuse(key: str, met: object, wanted: str) -> SettingsError:
        return SettingsError(
            Fault(where=key, met=str(met), wanted=wanted, way_out="Correct the number.")
        )

    if window_days < 1:
        raise refuse("window_days", window_days, "a window has at least one day")
    if fewest_days is not None and not 1 <= fewest_days <= window_days:
        raise refuse("fewest_days", fewest_days, f"between 1 and the window's {window_days} days")
    if grams_per_drink is not None and not 5 <= grams_per_drink <= 25:
        raise refuse(
            "grams_per_drink", grams_per_drink, "a standard drink has 8 to 20 g of alcohol"
        )


def _sex_of(patients: pd.Index, sex: Any, name: str) -> pd.Series:
    if sex is None:
        return pd.Series(None, index=patients, dtype=object)
    return read_sex(sex, patients, name=f"{name}: sex")


def _heavy_from(sex: pd.Series) -> pd.Series:
    tlfb = read_instrument("tlfb")
    return sex.map({one: tlfb.constant("heavy_day_drinks", one) for one in SEXES}).astype(float)


def _absent(table: pd.DataFrame, columns: Iterable[str], name: str) -> list[Fault]:
    return [
        Fault(
            where=f"{name}: {column}",
            met="no such column",
            wanted=f"the columns {', '.join(columns)}",
            way_out="Rename or add the column.",
        )
        for column in columns
        if column not in table.columns
    ]


def _read_days(days: pd.DataFrame, window_days: int, name: str) -> tuple[np.ndarray, list[Fault]]:
    faults = _absent(days, ("patient", "day", "tlfb_drinks"), name)
    if faults:
        return np.array([]), faults
    whose = pd.Index(days["patient"], name="patient")
    for column in ("patient", "day"):
        empty = days[column].isna().to_numpy()
        if empty.any():
            met, patients = tell_rows(whose if column == "day" else days.index, empty)
            faults.append(
                Fault(
                    where=f"{name}: {column}",
                    met=f"empty, {met}" if column == "day" else f"empty in {int(empty.sum())} rows",
                    wanted="each row has a patient and a day",
                    way_out="Fill the cells, or delete the rows.",
                    patients=patients if column == "day" else (),
                )
            )
    twice = days.duplicated(["patient", "day"]).to_numpy()
    if twice.any():
        met, patients = tell_rows(whose, twice, days["day"].astype(str).to_numpy(object))
        faults.append(
            Fault(
                where=f"{name}: day",
                met=f"a day given twice, {met}",
                wanted="one row a patient and day",
                way_out="Keep one row of each.",
                patients=patients,
            )
        )
    faults += _beyond_window(whose, window_days, name)
    item = read_instrument("tlfb").items[0]
    drinks, found = read_cells(
        item, days["tlfb_drinks"].set_axis(whose), f"{name}: {item.name}", "TLFB"
    )
    return drinks, faults + found


def _beyond_window(whose: pd.Index, window_days: int, name: str) -> list[Fault]:
    rows = whose.value_counts(sort=False)
    many = (rows > window_days).to_numpy()
    if not many.any():
        return []
    met, patients = tell_rows(rows.index, many, rows.to_numpy())
    return [
        Fault(
            where=f"{name}: day",
            met=f"days: {met}",
            wanted=f"no more days than the window's {window_days}",
            way_out="Take the days of one window, or correct window_days.",
            patients=patients,
        )
    ]


def _read_counts(
    counts: pd.DataFrame, window_days: int, name: str
) -> tuple[dict[str, np.ndarray], list[Fault]]:
    faults = _absent(counts, COUNT_COLUMNS, name)
    if faults:
        return {}, faults
    drinks = read_instrument("tlfb").items[0]
    number = replace(drinks, whole=True, high=float(window_days))
    values = {}
    for column in COUNT_COLUMNS:
        item: Item = replace(drinks if column == drinks.name else number, name=column)
        values[column], found = read_cells(item, counts[column], f"{name}: {column}", "TLFB")
        faults += found
    if not faults:
        faults += _contradictions(values, counts.index, name)
    return values, faults


def _contradictions(values: dict[str, np.ndarray], index: pd.Index, name: str) -> Iterable[Fault]:
    recorded, drinking, heavy, drinks = (values[column] for column in COUNT_COLUMNS)
    for column, wrong, wanted in (
        ("tlfb_drinking_days", drinking > recorded, "no more drinking days than days recorded"),
        ("tlfb_heavy_days", heavy > drinking, "no more heavy days than drinking days"),
        ("tlfb_drinks", (drinks > 0) & (drinking == 0), "no drinks without a drinking day"),
        ("tlfb_drinks", (drinks == 0) & (drinking > 0), "drinks on drinking days"),
    ):
        if wrong.any():
            met, patients = tell_rows(index, wrong, values[column])
            yield Fault(
                where=f"{name}: {column}",
                met=met,
                wanted=wanted,
                way_out="Correct the counts, or leave them empty to mark them missing.",
                patients=patients,
            )
