"""Columns that say nothing: constant, or constant but for a few patients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from stratify.cohort.values import Cohort
from stratify.errors import Fault, count_of, name_some

_FEWEST_OTHERS = 5
_LEAST_SHARE = 0.02


def find_constant(cohort: Cohort) -> Iterator[Fault]:
    """Find features with one value for everybody, or for all but a handful.

    A value that fewer than five patients, and fewer than two in a hundred, do not have is too rare
    to learn from, and singles those patients out.
    """
    for column in cohort.columns:
        if not column.is_feature or column.kind not in ("number", "boolean", "category"):
            continue
        known = cohort.frame[column.name].dropna()
        if len(known) < 2:
            continue
        where = f"{cohort.name}: {column.name}"
        commonest = known.mode().iloc[0] if _is_heaped(known) else None
        if commonest is None:
            continue
        others = int(np.sum(np.asarray(known != commonest)))
        if not others:
            yield Fault(
                where=where,
                met=f"the same value for all {len(known)} patients who have one",
                wanted="a feature varies",
                way_out="It cannot tell patients apart; take it out, or give it the role ignore.",
                severity="warning",
            )
        elif others < _FEWEST_OTHERS and others < _LEAST_SHARE * len(known):
            yield Fault(
                where=where,
                met=f"the same value for all but {others} of {count_of(len(known), 'patient')}",
                wanted="a feature varies",
                way_out="So few patients teach a model nothing and can be recognised by it; take "
                "it out, or give it the role ignore.",
                severity="warning",
            )


def find_empty_rows(cohort: Cohort) -> Iterator[Fault]:
    """Find patients of whom nothing at all is known: totals, separators, people never seen."""
    empty = np.asarray(cohort.frame.isna()).all(axis=1)
    if not empty.any() or not len(cohort.columns):
        return
    who = cohort.frame.index[np.flatnonzero(empty)]
    count = count_of(int(empty.sum()), "patient")
    yield Fault(
        where=cohort.name,
        met=f"{count} without any value: {name_some(who)}",
        wanted="something known of each patient",
        way_out="Delete the rows, if they are lines of totals or people who were never seen.",
        patients=tuple(map(str, who)),
        severity="warning",
        summary=f"{count} without any value",
    )


def _is_heaped(known: pd.Series) -> bool:
    """Glance at a few rows before all of them are counted: most columns vary at once."""
    some = known.iloc[np.linspace(0, len(known) - 1, min(len(known), 50)).astype(int)]
    return bool(some.value_counts().iloc[0] >= 0.7 * len(some))
