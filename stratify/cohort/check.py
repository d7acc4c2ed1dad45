"""Checks that look at a whole cohort: columns that say nothing, or too much."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from stratify.cohort.values import Cohort
from stratify.errors import Fault
from stratify.schema import Column

COPY_STRENGTH = 0.98
"""A correlation or AUC with the outcome above this is a copy of it, not a predictor."""
OLDEST_AGE = 89
"""Higher ages are rare enough to identify a patient, and are top-coded in shared data."""

_FEWEST_ROWS = 20
_FEWEST_IN_CLASS = 5
_AGE = re.compile(r"(^|[_\s])age([_\s]|$)", re.IGNORECASE)


def check_cohort(cohort: Cohort) -> tuple[Fault, ...]:
    """Look for columns that a model should not be given, and for values that identify patients.

    Parameters
    ----------
    cohort : Cohort

    Returns
    -------
    faults : tuple of Fault
        Errors: a feature that nearly copies an outcome column; a category with almost a level for
        each patient. Warnings: a feature that nearly copies another follow-up or during-treatment
        column; a feature that never varies; a feature that only counts the rows; ages over 89.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [34.0, 91.0]}, index=["a", "b"])
    >>> [fault.met for fault in check_cohort(Cohort(frame, (Column(name="age"),)))]
    ['91 for patient b']
    """
    found: list[Fault] = []
    for column in cohort.columns:
        if column.is_feature:
            found += _says_nothing(cohort, column)
            found += _identifies(cohort, column)
        found += _old_ages(cohort, column)
    found += _copies_of_outcome(cohort)
    return tuple(found)


def _says_nothing(cohort: Cohort, column: Column) -> Iterator[Fault]:
    known = cohort.frame[column.name].dropna()
    if len(known) > 1 and (known == known.iloc[0]).all():
        yield Fault(
            where=f"{cohort.name}: {column.name}",
            met=f"the same value for all {len(known)} patients who have one",
            wanted="a feature varies",
            way_out="It cannot tell patients apart; take it out, or give it the role ignore.",
            severity="warning",
        )


def _identifies(cohort: Cohort, column: Column) -> Iterator[Fault]:
    known = cohort.frame[column.name].dropna()
    if len(known) < _FEWEST_ROWS:
        return
    distinct = known.nunique()
    if column.kind == "category" and distinct >= 0.9 * len(known):
        yield Fault(
            where=f"{cohort.name}: {column.name}",
            met=f"{distinct} levels for {len(known)} patients",
            wanted="a feature is shared by several patients; this one names each of them",
            way_out='Give it the role "ignore", or "patient" if it is their identifier.',
        )
    elif column.kind == "number" and distinct == len(known):
        low, high = known.min(), known.max()
        if high - low == len(known) - 1 and (known == np.round(known)).all():
            yield Fault(
                where=f"{cohort.name}: {column.name}",
                met=f"each whole number from {low:g} to {high:g}, once",
                wanted="a feature is measured; this one looks like a running number",
                way_out='Give it the role "ignore", unless it is a measurement.',
                severity="warning",
            )


def _old_ages(cohort: Cohort, column: Column) -> Iterator[Fault]:
    if column.kind != "number" or not (_AGE.search(column.name) or _AGE.search(column.label)):
        return
    ages = cohort.frame[column.name]
    old = ages[ages > OLDEST_AGE]
    if len(old):
        first = f"{old.iloc[0]:g} for patient {old.index[0]}"
        yield Fault(
            where=f"{cohort.name}: {column.name}",
            met=first if len(old) == 1 else f"{len(old)} patients over {OLDEST_AGE}: {first}, ...",
            wanted=f"ages over {OLDEST_AGE} are rare enough to identify a patient",
            way_out=f"Write {OLDEST_AGE + 1} for every age over {OLDEST_AGE}, before the file is "
            "shared.",
            patients=tuple(map(str, old.index)),
            severity="warning",
        )


def _copies_of_outcome(cohort: Cohort) -> Iterator[Fault]:
    later = [c for c in cohort.columns if c.role == "outcome" or c.measured != "baseline"]
    outcomes = [(c, name, v) for c in later for name, v in _as_numbers(cohort, c)]
    if not outcomes or len(cohort) < _FEWEST_ROWS:
        return
    for feature in cohort.columns:
        if not feature.is_feature:
            continue
        for outcome, strength in _strongest(cohort, feature, outcomes).items():
            if strength > COPY_STRENGTH:
                yield _copy_fault(cohort, feature, cohort[outcome], strength)


def _strongest(
    cohort: Cohort, feature: Column, outcomes: list[tuple[Column, str, np.ndarray]]
) -> dict[str, float]:
    strongest: dict[str, float] = {}
    for _, values in _as_numbers(cohort, feature):
        for outcome, _, other in outcomes:
            strength = _strength(values, other)
            strongest[outcome.name] = max(strength, strongest.get(outcome.name, 0.0))
    return strongest


def _copy_fault(cohort: Cohort, feature: Column, outcome: Column, strength: float) -> Fault:
    is_outcome = outcome.role == "outcome"
    return Fault(
        where=f"{cohort.name}: {feature.name}",
        met=f"almost a copy of {outcome.name} (correlation or AUC {strength:.3f})",
        wanted="what is known before treatment never tells the outcome so well; "
        "this column was probably made from it"
        if is_outcome
        else f"a baseline value seldom equals one measured {outcome.measured}",
        way_out='Check when it was measured; give it the role "ignore", or set measured to '
        '"followup".',
        severity="error" if is_outcome else "warning",
    )


def _as_numbers(cohort: Cohort, column: Column) -> list[tuple[str, np.ndarray]]:
    """Return a column as numbers: itself, or an indicator for each level of a category."""
    values = cohort.frame[column.name]
    if column.kind in ("number", "boolean"):
        return [(column.name, values.to_numpy(float))]
    if column.kind != "category":
        return []
    counts = values.value_counts()
    levels = [level for level in counts.index if counts[level] >= _FEWEST_IN_CLASS]
    levels = levels[:1] if len(counts) == 2 else levels[:20]
    known = values.notna().to_numpy()
    return [
        (f"{column.name} is {level}", np.where(known, (values == level).to_numpy(float), np.nan))
        for level in levels
    ]


def _strength(feature: np.ndarray, outcome: np.ndarray) -> float:
    """Return the larger of |correlation| and, for an outcome of two values, AUC or 1 - AUC."""
    known = np.isfinite(feature) & np.isfinite(outcome)
    x, y = feature[known], outcome[known]
    if len(x) < _FEWEST_ROWS or x.std() == 0 or y.std() == 0:
        return 0.0
    for values in (x, y):
        distinct, counts = np.unique(values, return_counts=True)
        if len(distinct) == 2 and counts.min() < _FEWEST_IN_CLASS:
            return 0.0
    strength = abs(float(np.corrcoef(x, y)[0, 1]))
    high = y == y.max()
    if len(np.unique(y)) == 2:
        ranks = pd.Series(x).rank().to_numpy()
        wins = ranks[high].sum() - high.sum() * (high.sum() + 1) / 2
        auc = wins / (high.sum() * (~high).sum())
        strength = max(strength, auc, 1 - auc)
    return float(strength)
