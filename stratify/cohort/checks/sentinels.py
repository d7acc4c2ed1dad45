"""Numbers that stand for something else: 999 for not asked, -9 for refused."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from stratify.cohort.checks.findings import find_patients
from stratify.cohort.values import Cohort
from stratify.errors import Fault

SENTINELS: tuple[float, ...] = tuple(
    sign * float(str(digit) * length)
    for digit in (9, 8, 7)
    for length in (1, 2, 3, 4, 5)
    for sign in (-1, 1)
    if not (length == 1 and sign == 1)
)
"""Codes in use for missing, not applicable and refused: repeated 9s, 8s and 7s."""


def find_sentinels(cohort: Cohort) -> Iterator[Fault]:
    """Find codes for missing values among measured numbers.

    A code counts as one when it lies apart from all other values: below zero where everything
    else is not, or further out than half the range of the others.
    """
    for column in cohort.columns:
        if column.kind != "number" or column.role == "ignore":
            continue
        values = cohort.frame[column.name].to_numpy(float)
        known = values[np.isfinite(values)]
        if len(known) < 10:
            continue
        low, high = known.min(), known.max()
        ends = [end for end in {low, high} if end in SENTINELS]
        for code in ends:
            heap = known == code
            others = known[~heap]
            if len(others) < 5 or not _stands_apart(code, others, int(heap.sum())):
                continue
            yield find_patients(
                cohort,
                column.name,
                values == code,
                what=f"with {code:g}, apart from all others ({others.min():g} to {others.max():g})",
                wanted="measured values; such a number often stands for a missing one",
                way_out="Leave these cells empty, if it does; and give the column its range.",
                show=False,
            )


def _stands_apart(code: float, others: np.ndarray, count: int) -> bool:
    low, high = others.min(), others.max()
    spread = high - low
    if spread == 0:
        return False
    if code < 0 and low >= 0:
        return count >= 2 or low - code > spread
    gap = code - high if code > high else low - code
    return bool(gap > (0.5 if count >= 2 else 2.0) * spread)
