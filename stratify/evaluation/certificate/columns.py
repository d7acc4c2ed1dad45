"""Whether columns were known in time, and none tells the outcome, by its values or its gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from stratify.cohort.checks.levels import compute_level_strength
from stratify.cohort.checks.missingness import compare_shares
from stratify.errors import name_some
from stratify.evaluation.certificate.values import Check
from stratify.metrics import compute_auc, compute_aucs
from stratify.task import Table

NEAR_COPY_AUC = 0.98
"""A single baseline column that separates the outcome this well is a copy of it until shown not."""

TELLING_GAPS = 0.5
"""Cramér's V of gap and outcome above which a column's gaps stand for the outcome."""

_CHANCE = 0.001
"""Of one false alarm among all columns."""

_COPY_CHANCE = 0.01
"""How likely noise may be to look like a copy somewhere, among columns of one source."""

_EXACT_PAIRS = 2000
"""Pairs of patients of the two classes up to which the rank test is taken exactly."""

_FEWEST = 20
_FEWEST_GAPS = 5


def check_columns(table: Table) -> Check:
    """Look whether every feature was known when the model is to be used."""
    task = table.task
    late = [
        column.name
        for column in table.columns
        if not (
            # What only serves to adjust or to refer to, as the site, is no feature, but must be
            # known then.
            column.measured == "baseline"
            if column.name in table.unused or table.reference not in (None, "early change")
            else task.allows(column, table.columns)
        )
    ]
    by = "before treatment" if task.landmark is None else f"by the landmark visit, {task.landmark}"
    shown = f": {name_some(late)}" if late else ""
    return Check(
        f"every feature was known {by}",
        not late and not set(task.rule.outcomes) & set(table.X.columns),
        f"{len(table.columns)} columns, {len(late)} measured later{shown}",
    )


def check_near_copies(table: Table) -> Check:
    """Look for columns that separate the outcome by themselves: numbers, and levels.

    With a handful of patients in a class some of many edges do so by chance: a number counts only
    where that is unlikely, among as many columns of its source.
    """
    assert table.y is not None
    numbers = table.X.select_dtypes("number")
    values = numbers.to_numpy(dtype=float)
    known = ~np.isnan(values)
    auc = np.full(values.shape[1], 0.5)
    whole = known.all(axis=0)
    auc[whole] = compute_aucs(table.y, values[:, whole])
    for k in np.flatnonzero(~whole):
        rows = known[:, k]
        auc[k] = compute_auc(table.y[rows], values[rows, k])
    tells = (np.maximum(auc, 1 - auc) > NEAR_COPY_AUC) & (known.sum(axis=0) >= _FEWEST)
    sources = _sources(table, numbers.columns)
    copies = [
        str(numbers.columns[k])
        for k in map(int, np.flatnonzero(tells))
        if _chance_of(table.y[known[:, k]], values[known[:, k], k])
        * np.count_nonzero(sources == sources[k])
        < _COPY_CHANCE
    ]
    for name in table.X.columns.difference(numbers.columns, sort=False):
        column = table.X[name]
        if column.notna().sum() >= _FEWEST:
            strength = compute_level_strength(column, table.y.astype(float))
            copies += [str(name)] if strength > NEAR_COPY_AUC else []
    shown = f": {name_some(copies)}" if copies else ""
    return Check(
        "no single column is a near-copy of the outcome",
        not copies,
        f"{len(copies)} columns alone reach an AUC above {NEAR_COPY_AUC}{shown}",
    )


def _sources(table: Table, names: pd.Index) -> np.ndarray:
    """Return the source of each column, clinical or a kind of connectivity."""
    source_of = {column.name: column.source for column in table.columns}
    return np.array([source_of.get(name, "") for name in names], dtype=object)


def _chance_of(y: np.ndarray, values: np.ndarray) -> float:
    """Return how likely noise is to separate the classes as well, either way round."""
    ones, others = values[y == 1], values[y == 0]
    exact = len(ones) * len(others) <= _EXACT_PAIRS
    found = mannwhitneyu(ones, others, method="exact" if exact else "asymptotic")
    return float(found.pvalue)


def check_gaps(table: Table) -> Check:
    """Look for columns whose being missing tells the outcome."""
    assert table.y is not None
    gaps = table.X.isna()
    counts = gaps.sum()
    enough = (counts >= _FEWEST_GAPS) & (counts <= len(table) - _FEWEST_GAPS)
    looked = gaps.loc[:, enough]
    sizes = np.bincount(table.y, minlength=2).astype(float)
    telling = []
    for name in looked:
        missing = np.bincount(table.y, weights=looked[name], minlength=2)
        p, strength = compare_shares(missing, sizes)
        if p * looked.shape[1] < _CHANCE and strength >= TELLING_GAPS:
            telling.append(str(name))
    shown = f": {name_some(telling)}" if telling else ""
    return Check(
        "no column is missing where the outcome is one and known where it is the other",
        not telling,
        f"{looked.shape[1]} columns with gaps, {len(telling)} of them tell the outcome{shown}",
    )
