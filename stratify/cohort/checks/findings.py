"""How a finding names the patients it is about, and how it is counted without naming them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stratify.cohort.values import Cohort
from stratify.errors import Fault, Severity, count_of, name_some


def find_patients(
    cohort: Cohort,
    column: str,
    wrong: np.ndarray,
    *,
    what: str,
    wanted: str,
    way_out: str,
    severity: Severity = "warning",
    show: bool = True,
) -> Fault:
    """Make the fault of some patients' values in a column.

    Parameters
    ----------
    cohort : Cohort
    column : str
    wrong : array of bool, shape (n_patients,)
        Which patients; at least one.
    what : str
        What their values are, to follow the count: ``"over 89"``.
    wanted, way_out : str
    severity : {"error", "warning"}
    show : bool
        Whether the first values are shown; not where the values identify people themselves.
    """
    rows = np.flatnonzero(wrong)
    index, values = cohort.frame.index, cohort.frame[column]
    count = count_of(len(rows), "patient")
    some = name_some(
        (
            f"{_short(values.iloc[k])} for patient {index[k]}" if show else f"patient {index[k]}"
            for k in rows[:3]
        ),
        total=len(rows),
    )
    return Fault(
        where=f"{cohort.name}: {column}",
        met=f"{count} {what}: {some}",
        wanted=wanted,
        way_out=way_out,
        patients=tuple(map(str, index[rows])),
        severity=severity,
        summary=f"{count} {what}",
    )


def _short(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return f"{value:g}" if isinstance(value, float) else repr(value)
