"""Reliable change: whether two totals differ by more than measurement error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from stratify.errors import Fault, SettingsError
from stratify.instruments.values import HigherIs

CHANGES = ("worsened", "no reliable change", "improved")


def reliable_change(
    before: Any,
    after: Any,
    *,
    sd_before: float,
    reliability: float,
    higher_is: HigherIs = "worse",
    criterion: float = 1.96,
) -> pd.DataFrame:
    r"""Compute the reliable change index of each patient.

    .. math:: RCI = (x_2 - x_1) / (SD_1 \sqrt{2} \sqrt{1 - r_{xx}})

    Parameters
    ----------
    before, after : Series or array, shape (n_rows,)
        Totals of one instrument.
    sd_before : float
        Standard deviation of the total before treatment, in a sample like this one.
    reliability : float
        Of the total, between 0 and 1; usually test-retest. Neither number is held with the
        instruments, because both belong to a population: say where yours come from.
    higher_is : {"worse", "better"}
    criterion : float
        A change is reliable when the index is further from 0 than this.

    Returns
    -------
    change : DataFrame, shape (n_rows, 2)
        ``index``, and ``change`` in ordered words: worsened, no reliable change, improved. Missing
        where either total is.

    Raises
    ------
    SettingsError
        If ``sd_before``, ``reliability`` or ``criterion`` is impossible, or the rows differ.

    Source
    ------
    Jacobson & Truax 1991, J Consult Clin Psychol 59:12-19, doi 10.1037/0022-006X.59.1.12.

    Examples
    --------
    With a standard deviation of 6 and a reliability of 0.82, the standard error of a difference is
    6 x sqrt 2 x sqrt 0.18 = 3.6. A fall of 18 is 5 such errors; one of 6 is 1.67.

    >>> change = reliable_change([30, 30], [12, 24], sd_before=6, reliability=0.82)
    >>> change["index"].round(2).tolist(), change["change"].tolist()
    ([-5.0, -1.67], ['improved', 'no reliable change'])
    """
    _check(sd_before, reliability, higher_is, criterion)
    first, second = _as_series(before), _as_series(after)
    if len(first) != len(second) or not (
        first.index.equals(second.index) or not isinstance(after, pd.Series)
    ):
        raise _refuse("after", "other rows than before", "both totals are of the same rows")
    error = sd_before * math.sqrt(2) * math.sqrt(1 - reliability)
    index = (second.set_axis(first.index) - first) / error
    gain = -index if higher_is == "worse" else index
    codes = 1 + (gain > criterion).astype(int) - (gain < -criterion).astype(int)
    words = pd.Categorical.from_codes(
        np.where(index.isna(), -1, codes).tolist(),
        dtype=pd.CategoricalDtype(list(CHANGES), ordered=True),
    )
    return pd.DataFrame({"index": index, "change": words}, index=first.index)


def _as_series(values: Any) -> pd.Series:
    return (values if isinstance(values, pd.Series) else pd.Series(values)).astype(float)


def _check(sd_before: float, reliability: float, higher_is: HigherIs, criterion: float) -> None:
    if not (math.isfinite(sd_before) and sd_before > 0):
        raise _refuse("sd_before", f"{sd_before:g}", "a standard deviation is above 0")
    if not 0 <= reliability < 1:
        raise _refuse("reliability", f"{reliability:g}", "a reliability is from 0 to below 1")
    if not criterion > 0:
        raise _refuse("criterion", f"{criterion:g}", "above 0; 1.96 for 95 %")
    if higher_is not in ("worse", "better"):
        raise _refuse("higher_is", repr(higher_is), "worse or better")


def _refuse(where: str, met: str, wanted: str) -> SettingsError:
    return SettingsError(Fault(where=where, met=met, wanted=wanted, way_out="Correct it."))
