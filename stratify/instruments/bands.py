"""Severity bands: which named stretch of its range a total lies in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault, SettingsError
from stratify.instruments.answers import tell_rows
from stratify.instruments.thresholds import Sex
from stratify.instruments.values import Band, Instrument, Total, describe_span

SEXES: tuple[Sex, ...] = ("female", "male")


def severity(
    instrument: Instrument, total: Any, *, name: str | None = None, sex: Any = None
) -> pd.Series:
    """Return the severity band of totals.

    Parameters
    ----------
    instrument : Instrument
    total : Series or array, shape (n_rows,)
    name : str, optional
        Which total, where the instrument has several; the main one without it.
    sex : Series or array of str, shape (n_rows,), optional
        ``"female"`` or ``"male"``; needed where the bands differ by sex.

    Returns
    -------
    bands : Series of ordered categories
        Missing where the total, or a sex that is needed, is missing. A total between two bands,
        which only prorating can give, lies in the lower one: the higher cut is not reached.

    Raises
    ------
    SettingsError
        If the total has no bands, or needs a sex that is not given.
    DataError
        If a total lies outside its range.

    Examples
    --------
    >>> from stratify.instruments import read_instrument
    >>> severity(read_instrument("madrs"), [6, 7, 34, 35]).tolist()
    ['no symptoms', 'mild', 'moderate', 'severe']
    """
    which = instrument.total(name)
    values = total if isinstance(total, pd.Series) else pd.Series(total)
    values = values.astype(float)
    if not which.bands:
        raise SettingsError(
            Fault(
                where=instrument.name,
                met=f"no bands for {which.name}",
                wanted="severity is asked of a total with bands",
                way_out="Use the total itself.",
            )
        )
    if which.bands_need_sex and sex is None:
        raise SettingsError(
            Fault(
                where=instrument.name,
                met="no sex",
                wanted=f"the bands of the {instrument.short_name} differ by sex",
                way_out="Give sex, female or male for each row.",
            )
        )
    high = np.inf if which.high is None else which.high
    outside = ((values < which.low) | (values > high)).to_numpy()
    if outside.any():
        met, patients = tell_rows(values.index, outside, values.to_numpy())
        raise DataError(
            Fault(
                where=which.column,
                met=met,
                wanted=f"the {instrument.short_name} runs from "
                + describe_span(which.low, which.high),
                way_out="Correct the rows, or leave them empty to mark them missing.",
                patients=patients,
            )
        )
    return band_totals(which, values, None if sex is None else read_sex(sex, values.index))


def band_totals(total: Total, values: pd.Series, sex: pd.Series | None) -> pd.Series:
    """Return the ordered bands of totals that lie in range."""
    numbers = values.to_numpy(float)
    codes = np.full(len(numbers), -1)
    for one in SEXES if total.bands_need_sex else (None,):
        if one is None:
            rows = np.ones(len(numbers), bool)
        else:
            rows = np.zeros(len(numbers), bool) if sex is None else (sex == one).to_numpy()
        found = _positions(total.bands_for(one), numbers, whole=total.whole)
        codes = np.where(rows & ~np.isnan(numbers), found, codes)
    return make_levels(codes, total, values.index)


def make_levels(codes: np.ndarray, total: Total, index: pd.Index) -> pd.Series:
    """Return the bands or levels of a total, given their positions; -1 is missing."""
    kind = pd.CategoricalDtype(list(total.band_names), ordered=True)
    return pd.Series(pd.Categorical.from_codes(codes.tolist(), dtype=kind), index=index)


def _positions(bands: tuple[Band, ...], numbers: np.ndarray, *, whole: bool) -> np.ndarray:
    lows = np.array([band.low for band in bands[1:]])
    # Whole totals reach a band at its lowest value; others are above the edge that bands share.
    return np.searchsorted(lows, numbers, side="right" if whole else "left")


def read_sex(sex: Any, index: pd.Index, *, name: str = "sex") -> pd.Series:
    """Return each row's sex as ``"female"``, ``"male"`` or missing.

    Raises
    ------
    DataError
        If another word is met, or there are as many values as neither rows nor patients. A patient
        whom a Series by patient does not name has no known sex.
    """
    given = _align(sex, index, name)
    words = given.astype(object).map(_lower)
    words = words.where(words.notna() & (words != ""), None)
    wrong = (words.notna() & ~words.isin(SEXES)).to_numpy()
    if wrong.any():
        met, patients = tell_rows(index, wrong, given.astype(object).to_numpy())
        raise DataError(
            Fault(
                where=name,
                met=met,
                wanted="female or male, for thresholds that differ by sex",
                way_out="Write these words, or leave the cell empty where neither applies.",
                patients=patients,
            )
        )
    return words


def _lower(cell: Any) -> Any:
    return cell.strip().lower() if isinstance(cell, str) else cell


def _align(sex: Any, index: pd.Index, name: str) -> pd.Series:
    if isinstance(sex, pd.Series) and not sex.index.equals(index):
        patients = index.get_level_values("patient") if "patient" in index.names else index
        if sex.index.is_unique:
            return sex.astype(object).reindex(patients).set_axis(index)
    elif len(sex) == len(index):
        return pd.Series(list(sex), index=index, dtype=object)
    raise DataError(
        Fault(
            where=name,
            met=f"{len(sex)} values for {len(index)} rows",
            wanted="one for each row, or a Series by patient",
            way_out="Give a Series indexed by patient.",
        )
    )
