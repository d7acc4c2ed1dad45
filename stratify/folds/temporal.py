"""Folds that train on earlier patients and test on later ones."""

from __future__ import annotations

import numpy as np

from stratify.errors import DataError, Fault, count_of
from stratify.folds.values import Fold, count_classes, find_known
from stratify.folds.whole import leave_out_groups


def make_temporal_folds(
    y: np.ndarray,
    when: np.ndarray,
    groups: np.ndarray | None = None,
    *,
    folds: int = 5,
) -> tuple[Fold, ...]:
    """Train on the earlier patients and test on the next ones, the window growing.

    The patients are parted by time into one block more than there are folds; the first is never
    tested. Patients of one time, such as a year, are never parted.

    Parameters
    ----------
    y : array of int, shape (n_patients,)
    when : array of float or datetime64, shape (n_patients,)
        A date, year or running number; only its order counts.
    groups : array of str, shape (n_patients,), optional
        Earlier rows of a tested patient are left out of training.
    folds : int

    Raises
    ------
    DataError
        If a time is not known, there are too few of them, the first block has too few patients of
        a class, or no block that is tested has both classes.

    Examples
    --------
    >>> y, year = np.array([0, 1] * 6), np.repeat([2019, 2020, 2021], 4)
    >>> for fold in make_temporal_folds(y, year, folds=2):
    ...     print(fold.held_out, fold.train.tolist(), fold.test.tolist())
    2020 [0, 1, 2, 3] [4, 5, 6, 7]
    2021 [0, 1, 2, 3, 4, 5, 6, 7] [8, 9, 10, 11]
    """
    y, dates = np.asarray(y), np.asarray(when)
    when = _as_numbers(dates)
    block = _part_by_time(when, folds)
    rows = np.arange(len(y))
    made = []
    for number in range(folds):
        test, earlier = rows[block == number + 1], rows[block <= number]
        train = leave_out_groups(earlier, test, groups)
        why = "trained on earlier patients"
        if len(train) < len(earlier):
            why += f", {count_of(len(earlier) - len(train), 'row')} of those tested left out"
        held_out = _describe(dates[test])
        made.append(Fold(0, number, train, test, why, "temporal", held_out))
    _require_classes(y, made)
    return tuple(made)


def _as_numbers(when: np.ndarray) -> np.ndarray:
    if when.dtype.kind != "M":
        return when.astype(float)
    days = when.astype("datetime64[D]")
    return np.where(np.isnat(days), np.nan, days.astype(float))


def _describe(when: np.ndarray) -> str:
    """Say from when to when; of dates the months, since a day may point at a patient."""
    ends = (when.min(), when.max())
    if when.dtype.kind == "M":
        told = [str(day.astype("datetime64[M]")) for day in ends]
    else:
        told = [f"{float(end):g}" for end in ends]
    return " to ".join(dict.fromkeys(told))


def _part_by_time(when: np.ndarray, folds: int) -> np.ndarray:
    """Return the block of each patient, from 0 for the earliest; about equal in size."""
    if unknown := int(np.isnan(when).sum()):
        raise DataError(
            Fault(
                where="validation.by",
                met=f"{count_of(unknown, 'patient')} without a time",
                wanted="temporal validation needs the time of each",
                way_out="Fill it in, or leave these patients out of the cohort.",
            )
        )
    times, counts = np.unique(when, return_counts=True)
    if len(times) <= folds:
        raise DataError(
            Fault(
                where="validation.folds",
                met=f"{count_of(len(times), 'time')} and {folds} folds",
                wanted="one time more than there are folds, since the first is never tested",
                way_out=f"Set validation.folds to {len(times) - 1}, or name a finer time."
                if len(times) > 2
                else "Name a column of dates or years that differ.",
            )
        )
    ends = np.cumsum(counts)
    cuts: list[int] = []
    for k in range(1, folds + 1):
        # Each cut leaves a time at least to every block before it and after it.
        first, last = (cuts[-1] + 1 if cuts else 0), len(times) - 1 - (folds - k) - 1
        target = len(when) * k / (folds + 1)
        cuts.append(first + int(np.abs(ends[first : last + 1] - target).argmin()))
    return np.searchsorted(times[cuts], when, side="left")


def _require_classes(y: np.ndarray, folds: list[Fold]) -> None:
    for fold in folds:
        smallest = min(int((y[fold.train] == label).sum()) for label in np.unique(y[find_known(y)]))
        if smallest < 2:
            raise DataError(
                Fault(
                    where="validation.folds",
                    met=f"{count_of(smallest, 'patient')} of a class before {fold.held_out}",
                    wanted="two of each class or more to train on",
                    way_out="Use fewer folds, so that the first block is larger, or gather more "
                    "patients.",
                )
            )
    if all(count_classes(y[fold.test]) < 2 for fold in folds):
        raise DataError(
            Fault(
                where="validation.folds",
                met="each block of time has one class only",
                wanted="both classes in one or more of those tested",
                way_out="The time is the outcome in these patients: gather both classes at the "
                "same times.",
            )
        )
