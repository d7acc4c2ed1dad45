"""Features that nearly copy an outcome, or another column measured after the treatment began."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from stratify.cohort.checks.levels import PureLevel, compute_level_strength, find_pure_levels
from stratify.cohort.checks.ranks import compute_rank_auc
from stratify.cohort.values import Cohort
from stratify.errors import Fault, name_some
from stratify.schema import Column

COPY_STRENGTH = 0.98
"""A correlation or AUC with the outcome above this is a copy of it, not a predictor."""

ALARM_STRENGTH = 0.93
"""An AUC above this, of one column alone, is not believed at once: a copy of the outcome of which
one patient in twenty was changed has an AUC of 0.95."""

FEWEST_ROWS = 20
_FEWEST_FOR_ALARM = 100
_ROWS_PER_LEVEL = 10
_FEWEST_IN_CLASS = 5
_MOST_LEVELS = 12
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
    if feature.kind == "category":
        for outcome, _, other in outcomes:
            strength = _strength_of_levels(cohort.frame[feature.name], other)
            strongest[outcome.name] = max(strength, strongest.get(outcome.name, 0.0))
    return strongest


def _strength_of_levels(values: pd.Series, outcome: np.ndarray) -> float:
    """Return how well all levels together tell an outcome; 0 where too few are known."""
    known = np.flatnonzero(np.isfinite(outcome) & values.notna().to_numpy())
    if len(known) < FEWEST_ROWS or _is_rare(outcome[known]):
        return 0.0
    some = known
    if len(known) > 2 * _GLANCE:
        some = known[np.linspace(0, len(known) - 1, _GLANCE).astype(int)]
        if not compute_level_strength(values.iloc[some], outcome[some]) > COPY_STRENGTH - 0.1:
            return 0.0
    strength = compute_level_strength(values.iloc[known], outcome[known])
    return 0.0 if np.isnan(strength) else strength


def _is_rare(outcome: np.ndarray) -> bool:
    """Tell whether an outcome has one value, or two of which one is seldom."""
    low, high = np.sum(outcome == outcome.min()), np.sum(outcome == outcome.max())
    one_value = outcome.min() == outcome.max()
    return bool(one_value or (low + high == len(outcome) and min(low, high) < _FEWEST_IN_CLASS))


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
    # A heap at zero and a few large values correlate highly without being alike; a curve is alike
    # without correlating. The order tells both.
    ranked = abs(float(np.corrcoef(pd.Series(x).rank(), pd.Series(y).rank())[0, 1]))
    strength = ranked if ranked > COPY_STRENGTH or ranked <= 0.9 < strength else strength
    high = y == y.max()
    if np.all(high | (y == y.min())):
        strength = max(strength, _auc(x, high))
    return float(strength)


def _auc(x: np.ndarray, high: np.ndarray) -> float:
    """Return the AUC of one column for one class, in whichever direction is better."""
    auc = compute_rank_auc(x, high)
    return max(auc, 1 - auc)


def find_copies_of_response(
    cohort: Cohort,
    response: np.ndarray,
    *,
    columns: Sequence[Column],
    derived: Mapping[str, np.ndarray] | None = None,
    baselines: Sequence[str] = (),
) -> Iterator[Fault]:
    """Find features that tell the computed response, or what it was computed from.

    Parameters
    ----------
    cohort : Cohort
    response : array of float, shape (n_patients,)
        1 for a responder, 0 for others, NaN where not known.
    columns : sequence of Column
        The features.
    derived : mapping of str to array of float, shape (n_patients,)
        What the response was computed from, by name: the outcome's value, its change.
    baselines : sequence of str
        The baselines of the response rule. A change may be told by the value it began at, so they
        are held against the response alone.

    Yields
    ------
    fault : Fault
        An error for a copy, turned round or bent as it may be. A warning, among 100 patients or
        more, for a column that tells the response better than any honest predictor is known to.
    """
    known = np.isfinite(response)
    if known.sum() < FEWEST_ROWS:
        return
    of_levels = [column for column in columns if _has_levels(cohort, column)]
    compared = sum(cohort.frame[column.name].nunique() for column in of_levels)
    for column in columns:
        if (telling := _tell_response(cohort, column, response)) > COPY_STRENGTH:
            yield _copy_of_response(cohort, column, f"the response (AUC {telling:.3f})")
            continue
        for name, values in {} if column.name in baselines else (derived or {}).items():
            strength = max(
                (_strength(v[known], values[known]) for _, v in as_numbers(cohort, column)),
                default=0.0,
            )
            if strength > COPY_STRENGTH:
                yield _copy_of_response(cohort, column, f"{name} (correlation {strength:.3f})")
                break
        else:
            if telling > ALARM_STRENGTH and known.sum() >= _FEWEST_FOR_ALARM:
                yield _near_copy_of_response(cohort, column, telling)
            elif column in of_levels:
                levels = cohort.frame[column.name]
                pure = find_pure_levels(levels, response, compared=compared)
                if pure:
                    yield _pure_levels(cohort, column, pure)


def _tell_response(cohort: Cohort, column: Column, response: np.ndarray) -> float:
    """Return the AUC of a column alone: by its order, or by what each of its few values means."""
    if column.kind not in ("number", "boolean", "category"):
        return 0.0
    values = cohort.frame[column.name]
    known = np.isfinite(response) & values.notna().to_numpy()
    high = response[known] == 1
    if len(high) < FEWEST_ROWS or min(high.sum(), (~high).sum()) < _FEWEST_IN_CLASS:
        return 0.0
    codes, levels = pd.factorize(values[known].astype(object))
    told = 0.0
    if 2 <= len(levels) <= len(high) / _ROWS_PER_LEVEL:
        sizes = np.bincount(codes)
        shares = np.bincount(codes, weights=high) / sizes
        # A level of a few patients fits them by chance.
        shares[sizes < _FEWEST_IN_CLASS] = high.mean()
        told = _auc(shares[codes], high)
    if column.kind != "category":
        return max(told, _auc(values[known].to_numpy(float), high))
    return max(told, _strength_of_levels(values[known], high.astype(float)))


def _has_levels(cohort: Cohort, column: Column) -> bool:
    """Tell whether a column has few enough values that one may be held by many patients."""
    if column.kind == "number":
        return cohort.frame[column.name].nunique() <= _MOST_LEVELS
    return column.kind in ("category", "boolean")


def _copy_of_response(cohort: Cohort, column: Column, of: str) -> Fault:
    return Fault(
        where=f"{cohort.name}: {column.name}",
        met=f"almost a copy of {of}",
        wanted="what is known before treatment never tells the outcome so well; this column was "
        "probably made from it",
        way_out='Check when it was measured; give it the role "ignore", or set measured to '
        '"followup".',
    )


def _near_copy_of_response(cohort: Cohort, column: Column, telling: float) -> Fault:
    return Fault(
        where=f"{cohort.name}: {column.name}",
        met=f"this column alone tells the response with an AUC of {telling:.3f}",
        wanted="no single value known before treatment is known to tell so much; a copy of the "
        "outcome with some rows changed would look like this",
        way_out="Find out how and when it was recorded before any result is believed; give it the "
        'role "ignore" if it was known only afterwards.',
        severity="warning",
    )


def _pure_levels(cohort: Cohort, column: Column, pure: Sequence[PureLevel]) -> Fault:
    shown = name_some(
        f"{'all' if one.responds else 'none'} of {one.patients} patients with {one.level!r} "
        "responded"
        for one in pure
    )
    return Fault(
        where=f"{cohort.name}: {column.name}",
        met=f"a level that decides the response: {shown}",
        wanted="hardly anything known before treatment decides the response alone; a level that "
        "was filled in afterwards (who dropped out, relapsed, was well) does",
        way_out="Find out how and when it was recorded before any result is believed; give it the "
        'role "ignore" if it was known only afterwards.',
        severity="warning",
    )


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
