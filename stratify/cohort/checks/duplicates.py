"""Patients who are in the table twice under different identifiers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from stratify.cohort.checks.near_duplicates import find_near_duplicates
from stratify.cohort.values import Cohort
from stratify.errors import Fault, count_of, name_some

SURPLUS = 12.0
"""Bits by which an agreement must exceed what chance produces somewhere among all pairs."""

_MOST_DIFFERENT = 0.1
_LARGEST_GROUP = 12
_MOST_COLUMNS = 80
"""Of more columns every second, or third, is compared: they tell two people apart as surely."""


def find_duplicates(cohort: Cohort) -> Iterator[Fault]:
    """Find pairs of patients whose baseline values agree more than chance allows.

    How much an agreement says is the information of the values that agree, -log2 of how frequent
    each is, summed over columns; among ``n (n - 1) / 2`` pairs about ``2 log2 n`` bits agree by
    chance. Pairs are found without comparing all with all: two rows that differ in at most k
    columns agree in one of k + 1 groups of columns.
    """
    told: set[tuple[int, int]] = set()
    yield from _find_same(cohort, told)
    yield from find_near_duplicates(cohort, told)


def _find_same(cohort: Cohort, told: set[tuple[int, int]]) -> Iterator[Fault]:
    """Find pairs that agree in all columns or all but a few, and note which they are."""
    codes, bits, names = _encode(cohort)
    if len(names) < 4 or len(cohort) < 2:
        return
    needed = 2 * np.log2(len(cohort)) + SURPLUS
    most = max(1, int(_MOST_DIFFERENT * len(names)))
    first, second = _candidates(codes, bits, min(most, 3) + 1)
    if not len(first):
        return
    agree = codes[first] == codes[second]
    differing = (~agree).sum(axis=1)
    information = np.where(agree, bits[first], 0.0).sum(axis=1)
    family = cohort.values_of("family")
    kept = (differing <= most) & (information >= needed)
    if family is not None:
        kept &= (family[first] != family[second]) | (family[first] == "")
    same = kept & (differing == 0)
    index = cohort.frame.index
    for mask, what, severity in (
        (same, f"the very same values in all {len(names)} baseline columns compared", "error"),
        (
            kept & ~same,
            f"the same values but for at most {most} of {len(names)} columns compared",
            "warning",
        ),
    ):
        rows = np.flatnonzero(mask)
        if not len(rows):
            continue
        told.update(zip(first[rows].tolist(), second[rows].tolist(), strict=True))
        pairs = [f"{index[first[k]]} and {index[second[k]]}" for k in rows[:3]]
        count = count_of(len(rows), "pair")
        yield Fault(
            where=cohort.name,
            met=f"{count} of patients with {what}: {name_some(pairs, total=len(rows))}",
            wanted="each person once; a person in two folds is learned and judged at once",
            way_out="Keep one row of each person; or, if they are two people, or one person's two "
            'courses, give both rows one value in a column of the role "family", and validate '
            'with together = "family".',
            patients=tuple(
                dict.fromkeys(map(str, index[np.ravel(np.column_stack((first, second))[rows])]))
            ),
            severity=severity,  # type: ignore[arg-type]
            summary=f"{count} of patients with {what}",
        )


def _encode(cohort: Cohort) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return codes and bits, shape (n_patients, n_columns); a missing value carries no bit."""
    codes, bits, names = [], [], []
    usable = [
        column
        for column in cohort.columns
        if column.is_feature and column.kind in ("number", "boolean", "category")
    ]
    for column in usable[:: 1 + len(usable) // _MOST_COLUMNS]:
        code, distinct = pd.factorize(cohort.frame[column.name], use_na_sentinel=True)
        if len(distinct) < 2:
            continue
        counts = np.bincount(code[code >= 0], minlength=len(distinct))
        information = -np.log2(np.maximum(counts, 1) / counts.sum())
        codes.append(code.astype(np.int32))
        bits.append(np.where(code >= 0, information[code], 0.0).astype(np.float32))
        names.append(column.name)
    if not names:
        return np.empty((len(cohort), 0), np.int32), np.empty((len(cohort), 0)), []
    return np.column_stack(codes), np.column_stack(bits), names


def _candidates(codes: np.ndarray, bits: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of rows that agree in all columns of at least one group."""
    # Columns are dealt out by how much they say, so that every group says about as much.
    order = np.argsort(-bits.mean(axis=0), kind="stable")
    rng = np.random.default_rng(0)
    found: set[tuple[int, int]] = set()
    for group in range(groups):
        chosen = order[group::groups]
        weights = rng.integers(1, 2**62, size=len(chosen), dtype=np.int64)
        with np.errstate(over="ignore"):
            keys = (codes[:, chosen].astype(np.int64) + 2) @ weights
        rows = np.argsort(keys, kind="stable")
        sorted_keys = keys[rows]
        starts = np.flatnonzero(np.r_[True, sorted_keys[1:] != sorted_keys[:-1]])
        sizes = np.diff(np.r_[starts, len(rows)])
        for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
            if size > _LARGEST_GROUP:
                # So many agree here that this group of columns says little.
                continue
            members = np.sort(rows[start : start + size])
            found.update((int(a), int(b)) for k, a in enumerate(members) for b in members[k + 1 :])
    if not found:
        return np.empty(0, int), np.empty(0, int)
    pairs = np.array(sorted(found))
    return pairs[:, 0], pairs[:, 1]
