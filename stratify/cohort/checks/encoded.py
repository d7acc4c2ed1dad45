"""Columns whose every value is the mean outcome of the patients who share it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.stats import binom

from stratify.cohort.values import Cohort
from stratify.errors import Fault, count_of
from stratify.schema import Column

_CHANCE = 1e-6
"""Among all columns looked at, so seldom is a share the value of its group by accident."""

_MOST_DECIMALS = 6
_FEWEST_DECIMALS = 2
_FEWEST_GROUPS = 3
_PATIENTS_PER_VALUE = 2


def find_encoded_outcomes(
    cohort: Cohort,
    response: np.ndarray,
    *,
    columns: Sequence[Column],
    derived: Mapping[str, np.ndarray] | None = None,
) -> Iterator[Fault]:
    """Find numbers that are the mean outcome of those who share them: target encoding.

    A site, a clinician or a diagnosis that was replaced by the share of its patients who responded
    holds the outcome of every patient, the ones to be predicted among them. Such a column is known
    for certain: each of its values, to the last decimal, is the mean of those who have it.

    Parameters
    ----------
    cohort : Cohort
    response : array of float, shape (n_patients,)
        1 for a responder, 0 for others, NaN where not known.
    columns : sequence of Column
        The features.
    derived : mapping of str to array of float, shape (n_patients,)
        What the response was computed from, by name.
    """
    numbers = [column for column in columns if column.kind == "number"]
    for column in numbers:
        values = cohort.frame[column.name].to_numpy(float)
        told = _chance_of_shares(values, response) * len(numbers) < _CHANCE
        of = "the share of responders"
        if not told:
            of = next((n for n, v in (derived or {}).items() if _are_means(values, v)), "")
            of = of and f"the mean of {of}"
        if of:
            groups = len(np.unique(values[np.isfinite(values)]))
            yield Fault(
                where=f"{cohort.name}: {column.name}",
                met=f"each of its {count_of(groups, 'value')} is {of} among the patients who have "
                "it",
                wanted="what is known before treatment; a category was replaced here by the "
                "outcome of its patients, those to be predicted among them",
                way_out="Give the category itself, which is encoded within each training fold, or "
                'give this column the role "ignore".',
            )


def _chance_of_shares(values: np.ndarray, response: np.ndarray) -> float:
    """Return how likely groups as large would have these values as shares by accident; 1 if not."""
    known, means, sizes, allowed = _group(values, response)
    if known is None or np.all((known == 0) | (known == 1)):
        return 1.0
    if np.any(np.abs(means - known) > allowed):
        return 1.0
    rate = float(np.average(means, weights=sizes))
    least, most = np.ceil((known - allowed) * sizes), np.floor((known + allowed) * sizes)
    one = binom.cdf(most, sizes, rate) - binom.cdf(least - 1, sizes, rate)
    return float(np.exp(np.log(np.maximum(one, 1e-300)).sum()))


def _are_means(values: np.ndarray, outcome: np.ndarray) -> bool:
    """Tell whether each value is the mean outcome, with decimals, of several who have it."""
    known, means, sizes, allowed = _group(values, outcome)
    if known is None or np.sum((sizes > 1) & (known % 1 > 0)) < _FEWEST_GROUPS:
        return False
    return bool(np.all(np.abs(means - known) <= allowed))


def _group(
    values: np.ndarray, outcome: np.ndarray
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray, float]:
    """Return the distinct values, the mean outcome and number of those who have each, and rounding.

    There are none where too few share a value, or values are given to too few decimals.
    """
    none = None, np.empty(0), np.empty(0), 0.0
    both = np.isfinite(values) & np.isfinite(outcome)
    known, place = np.unique(values[both], return_inverse=True)
    if len(known) < 2 or len(known) * _PATIENTS_PER_VALUE > both.sum():
        return none
    decimals = next(
        (d for d in range(_MOST_DECIMALS + 1) if np.allclose(known, known.round(d), 0, 1e-12)),
        _MOST_DECIMALS,
    )
    if decimals < _FEWEST_DECIMALS:
        return none
    sizes = np.bincount(place)
    means = np.bincount(place, weights=outcome[both]) / sizes
    return known, means, sizes, 0.5 * 10.0**-decimals + 1e-9
