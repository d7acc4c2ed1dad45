"""Features that nearly copy an outcome, or another column measured after the treatment began."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from stratify.cohort.values import Cohort
from stratify.errors import Fault
from stratify.schema import Column

COPY_STRENGTH = 0.98
"""A correlation or AUC with the outcome above this is a copy of it, not a predictor."""

FEWEST_ROWS = 20
_FEWEST_IN_CLASS = 5
_GLANCE = 2000
"""Above twice so many patients, this many are looked at first; the rest only if they look alike."""


def find_copies(cohort: Cohort) -> Iterator[Fault]:
    """Find features that tell an outcome better than anything known before treatment does."""
    later = [c for c in cohort.columns if c.role == "outcome" or c.measured != "baseline"]
    outcomes = [(c, name, v) for c in later for name, v in as_numbers(cohort, c)]
    if not outcomes or len(cohort) < FEWEST_ROWS:
        return
    for feature in cohort.columns:
        if not feature.is_feature:
            continue
        for outcome, strength in _strongest(cohort, feature, outcomes).items():
            if strength > COPY_STRENGTH:
                yield _copy_fault(cohort, feature, cohort[outcome], strength)


def as_numbers(cohort: Cohort, column: Column) -> list[tuple[str, np.ndarray]]:
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


def _strongest(
    cohort: Cohort, feature: Column, outcomes: list[tuple[Column, str, np.ndarray]]
) -> dict[str, float]:
    strongest: dict[str, float] = {}
    for _, values in as_numbers(cohort, feature):
        for outcome, _, other in outcomes:
            strength = _strength(values, other)
            strongest[outcome.name] = max(strength, strongest.get(outcome.name, 0.0))
    return strongest


def _strength(feature: np.ndarray, outcome: np.ndarray) -> float:
    """Return the larger of |correlation| and, for an outcome of two values, AUC or 1 - AUC."""
    known = np.isfinite(feature) & np.isfinite(outcome)
    x, y = feature[known], outcome[known]
    if len(x) > 2 * _GLANCE:
        # Spread over all rows, so that sorted files are seen as a whole.
        some = np.linspace(0, len(x) - 1, _GLANCE).astype(int)
        glimpsed = _strength_of(x[some], y[some])
        if 0 < glimpsed < COPY_STRENGTH - 0.1:
            return glimpsed
    return _strength_of(x, y)


def _strength_of(x: np.ndarray, y: np.ndarray) -> float:
    if len(x) < FEWEST_ROWS or x.min() == x.max() or y.min() == y.max():
        return 0.0
    for values in (x, y):
        low, high = np.sum(values == values.min()), np.sum(values == values.max())
        if low + high == len(values) and min(low, high) < _FEWEST_IN_CLASS:
            return 0.0
    strength = abs(float(np.corrcoef(x, y)[0, 1]))
    if strength > COPY_STRENGTH:
        # A heap at zero and a few large values correlate highly without being alike.
        ranked = np.corrcoef(pd.Series(x).rank(), pd.Series(y).rank())[0, 1]
        strength = strength if abs(ranked) > 0.9 else abs(float(ranked))
    high = y == y.max()
    if np.all(high | (y == y.min())):
        ranks = pd.Series(x).rank().to_numpy()
        wins = ranks[high].sum() - high.sum() * (high.sum() + 1) / 2
        auc = wins / (high.sum() * (~high).sum())
        strength = max(strength, auc, 1 - auc)
    return float(strength)


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
