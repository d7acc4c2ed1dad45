"""Thresholds: what a change or a total must reach to count as response or remission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from stratify.errors import Fault, SettingsError

Evidence = Literal["verified", "general knowledge, confirm before printing as fact"]
Sex = Literal["female", "male"]
Measure = Literal["value", "level", "fall", "proportional fall", "levels fallen"]
Comparison = Literal["at most", "below", "at least", "above"]
Purpose = Literal["response", "remission", "change"]

VERIFIED, UNVERIFIED = get_args(Evidence)

# Keeps a fall of exactly one half a response in floating point.
_MARGIN = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """What a total, or its change since baseline, must reach.

    Parameters
    ----------
    name : str
        What it is called: ``"remission (esketamine trials)"``.
    purpose : {"response", "remission", "change"}
    total : str
        The column of the total it is about: ``"madrs_total"``.
    measure : {"value", "level", "fall", "proportional fall", "levels fallen"}
        The total itself, or its band, counted from 0; baseline minus the total, in points or as a
        share of baseline; or how many bands lie between the two.
    comparison : {"at most", "below", "at least", "above"}
    amount : float
    level : str
        The name of the band, where the measure is ``"level"``.
    source : str
    evidence : Evidence
        "verified", or "general knowledge, confirm before printing as fact".

    Examples
    --------
    >>> half = Threshold(name="response", purpose="response", total="madrs_total",
    ...                  measure="proportional fall", comparison="at least", amount=0.5,
    ...                  source="convention", evidence="verified")
    >>> half.describe()
    'madrs_total at least 50 % below baseline'
    >>> half.is_met([15.0, 16.0, float("nan")], baseline=[30.0, 30.0, 30.0]).tolist()
    [1.0, 0.0, nan]
    """

    name: str
    purpose: Purpose
    total: str
    measure: Measure
    comparison: Comparison
    amount: float
    source: str
    evidence: Evidence
    level: str = ""

    @property
    def needs_baseline(self) -> bool:
        """Whether it speaks of a change, and not of the total itself."""
        return self.measure not in ("value", "level")

    def describe(self) -> str:
        """Return the threshold in words, without its name and source."""
        total = self.total
        if self.measure == "value":
            return f"{total} {self.comparison} {self.amount:g}"
        if self.measure == "level":
            return f"{total}: level {self.comparison} {self.level!r}"
        if self.measure == "proportional fall":
            return f"{total} {self.comparison} {100 * self.amount:g} % below baseline"
        unit = "points" if self.measure == "fall" else "levels"
        unit = unit[:-1] if self.amount == 1 else unit
        return f"{total} {self.comparison} {self.amount:g} {unit} below baseline"

    def is_met(self, value: Any, *, baseline: Any = None) -> pd.Series:
        """Tell who reaches the threshold.

        Parameters
        ----------
        value : Series or array, shape (n_rows,)
            The total; where the measure is one of levels, its ordered bands.
        baseline : Series or array, shape (n_rows,), optional
            The same before treatment; needed for falls.

        Returns
        -------
        met : Series of float64
            1 where it is reached, 0 where it is not, NaN where either value is missing, or where a
            proportion is undefined because baseline is not above 0.

        Raises
        ------
        SettingsError
            If baseline is needed and absent, or is of other rows.
        """
        now = _as_numbers(value)
        if not self.needs_baseline:
            return _compare(now, self.comparison, self.amount)
        before = self._baseline_of(now, baseline)
        fall = before - now
        if self.measure == "proportional fall":
            fall = fall / before.where(before > 0)
        return _compare(fall, self.comparison, self.amount)

    def _baseline_of(self, now: pd.Series, baseline: Any) -> pd.Series:
        before = None if baseline is None else _as_numbers(baseline)
        if before is not None and len(before) == len(now):
            named = isinstance(baseline, pd.Series)
            if not named or before.index.equals(now.index):
                return before.set_axis(now.index)
        raise SettingsError(
            Fault(
                where=f"{self.total}: {self.name}",
                met="no baseline" if before is None else "a baseline of other rows",
                wanted="a change is measured from the baseline of the same rows",
                way_out="Give baseline, with the rows in the same order.",
            )
        )


def count_levels_fallen(before: pd.Series, after: pd.Series) -> pd.Series:
    """Return how many bands or levels lie between before and after.

    Parameters
    ----------
    before, after : Series of ordered categories, shape (n_rows,)
        Of the same rows and with the same categories: severity bands, or WHO risk levels.

    Returns
    -------
    fallen : Series of float64
        Above 0 where the level is lower after, below 0 where it is higher; NaN where either is
        missing.

    Examples
    --------
    >>> levels = pd.CategoricalDtype(["low", "medium", "high"], ordered=True)
    >>> before = pd.Series(["high", "low", None], dtype=levels)
    >>> after = pd.Series(["low", "medium", "low"], dtype=levels)
    >>> count_levels_fallen(before, after).tolist()
    [2.0, -1.0, nan]
    """
    if before.dtype != after.dtype or not before.index.equals(after.index):
        raise SettingsError(
            Fault(
                where="levels",
                met="levels of other names or other rows",
                wanted="before and after have the same levels and the same rows",
                way_out="Take both from severity or score, for the same patients in one order.",
            )
        )
    return _as_numbers(before) - _as_numbers(after)


def _as_numbers(values: Any) -> pd.Series:
    """Return numbers, or the positions of ordered bands, as ``float64`` with NaN for missing."""
    series = values if isinstance(values, pd.Series) else pd.Series(values)
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes = series.cat.codes.astype(float)
        return codes.where(codes >= 0)
    return series.astype(float)


def _compare(values: pd.Series, comparison: Comparison, amount: float) -> pd.Series:
    met = {
        "at most": values <= amount + _MARGIN,
        "below": values < amount - _MARGIN,
        "at least": values >= amount - _MARGIN,
        "above": values > amount + _MARGIN,
    }[comparison]
    return pd.Series(np.where(values.isna(), np.nan, met.astype(float)), index=values.index)
