"""One person entered twice with values that differ a little: typed again, rounded, measured."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from stratify.closest import find_standing_out
from stratify.cohort.values import Cohort
from stratify.errors import Fault, count_of

_FEWEST_PATIENTS = 30
_FEWEST_COLUMNS = 6
_FEWEST_VALUES = 8
"""A column of fewer places nobody near anybody."""
_MOST_COLUMNS = 80
_NEIGHBOURS = 5
_ROWS_AT_ONCE = 1000


def find_near_duplicates(cohort: Cohort, told: set[tuple[int, int]]) -> Iterator[Fault]:
    """Find pairs of patients whose numbers lie closer together than those of two people do.

    How much it says that two patients differ by no more than they do in a column is the information
    of that, -ln of the share of all patients who lie as near to them, summed over columns. That
    both have the lowest value of a column, or the highest, says nothing. Categories are left out:
    two patients of a small clinic may share a dozen rare levels for one reason. Twenty finely
    measured columns say enough, as a rule; a dozen coarse scales do not.

    Parameters
    ----------
    cohort : Cohort
    told : set of (int, int)
        Pairs of rows that were told already, since their values are the same.
    """
    values = _read_numbers(cohort)
    people, columns = values.shape
    if people < _FEWEST_PATIENTS or columns < _FEWEST_COLUMNS:
        return
    family = cohort.values_of("family")
    pairs = _find_neighbours(values)
    information = _sum_information(values, pairs)
    allowed = np.array([(a, b) not in told for a, b in pairs.tolist()])
    if family is not None:
        first, second = family[pairs[:, 0]], family[pairs[:, 1]]
        allowed &= (first != second) | (first == "")
    pairs, information = pairs[allowed], information[allowed]
    close = find_standing_out(
        pairs, information, people=people, least_spread=_expect_spread(values)
    )
    if not close.any():
        return
    rows = pairs[close]
    count = count_of(len(rows), "pair")
    met = (
        f"{count} of patients whose {columns} numbers lie closer together than those of any two "
        "people are expected to"
    )
    yield Fault(
        where=cohort.name,
        met=met,
        wanted="each person once; a person in two folds is learned and judged at once",
        way_out="Compare the patients of each pair, whom check --json lists under this warning. "
        "If they are one person, keep one row, or give both one value in a column of the role "
        '"family" and validate with together = "family".',
        patients=tuple(dict.fromkeys(map(str, cohort.frame.index[rows.ravel()]))),
        severity="warning",
        summary=met,
    )


def _read_numbers(cohort: Cohort) -> np.ndarray:
    """Return the columns with values enough to be near in, shape (n_patients, n_columns)."""
    numbers = [c.name for c in cohort.columns if c.is_feature and c.kind == "number"]
    kept = []
    for name in numbers[:: 1 + len(numbers) // _MOST_COLUMNS]:
        values = cohort.frame[name].to_numpy(float)
        if len(np.unique(values[np.isfinite(values)])) >= _FEWEST_VALUES:
            kept.append(values)
    return np.column_stack(kept) if kept else np.empty((len(cohort), 0))


def _find_neighbours(values: np.ndarray) -> np.ndarray:
    """Return each patient's nearest others as pairs, nearest by rank in every column."""
    ranks = pd.DataFrame(values).rank(pct=True).to_numpy(np.float32) - np.float32(0.5)
    ranks = np.nan_to_num(ranks)
    lengths = np.einsum("ij,ij->i", ranks, ranks)
    neighbours = min(_NEIGHBOURS, len(ranks) - 1)
    found = []
    for start in range(0, len(ranks), _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(ranks)))
        nearness = ranks[rows] @ ranks.T - lengths / 2
        nearness[np.arange(len(rows)), rows] = -np.inf
        for _ in range(neighbours):
            nearest = nearness.argmax(axis=1)
            nearness[np.arange(len(rows)), nearest] = -np.inf
            found.append(np.column_stack([rows, nearest]))
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def _sum_information(values: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return how much it says, in nats, that each pair is as close as it is in every column."""
    total = np.zeros(len(pairs))
    for column in values.T:
        known = np.sort(column[np.isfinite(column)])
        here, there = column[pairs[:, 0]], column[pairs[:, 1]]
        apart = np.abs(here - there)
        # Rounding in the difference must not put a patient outside the own distance.
        apart = apart + 1e-9 * (np.abs(here) + np.abs(there))
        share = np.zeros(len(pairs))
        for place in (here, there):
            within = np.searchsorted(known, place + apart, side="right")
            within = within - np.searchsorted(known, place - apart, side="left")
            share = np.maximum(share, within / len(known))
        # Healthy people have 0 on every scale of complaints, and are still many.
        ends = (here == there) & ((here == known[0]) | (here == known[-1]))
        share[ends] = 1.0
        total += np.where(np.isfinite(apart), -np.log(np.clip(share, 1e-12, 1.0)), 0.0)
    return total


def _expect_spread(values: np.ndarray) -> float:
    """Return the spread of the closest, had everybody's partner been drawn at random.

    Over pairs drawn at random the information is about a gamma distribution, whatever goes together
    (Brown 1975, Biometrics 31, 987-992); the closest of many spread by about its scale.
    """
    rng = np.random.default_rng(0)
    drawn = rng.integers(0, len(values), size=(4000, 2))
    information = _sum_information(values, drawn[drawn[:, 0] != drawn[:, 1]])
    return float(information.var() / max(information.mean(), 1e-12))
