"""Whether those who belong together were kept apart from those tested, at every level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stratify.errors import count_of
from stratify.evaluation.certificate.values import Check
from stratify.folds import Fold
from stratify.task import Table


def check_outer_groups(table: Table, folds: Sequence[Fold]) -> Check:
    """Look whether somebody is in training and test of one fold."""
    straddling = _count_straddling(table.groups, folds)
    return Check(
        f"no {table.task.together} is in training and test of the same fold",
        straddling == 0,
        f"{len(folds)} folds, {straddling} with an overlap",
    )


def check_tested_once(table: Table, folds: Sequence[Fold]) -> Check:
    """Look whether each patient is tested exactly once a repeat; of a growing window, at most."""
    repeats = {fold.repeat for fold in folds}
    temporal = any(fold.scheme == "temporal" for fold in folds)
    wrong = 0
    for repeat in repeats:
        tested = np.concatenate([fold.test for fold in folds if fold.repeat == repeat])
        often = np.bincount(tested, minlength=len(table))
        wrong += bool((often > 1).any() or (not temporal and (often < 1).any()))
    count = f"{count_of(len(repeats), 'repeat')} of {len(table)} patients, {wrong} uneven"
    if temporal:
        return Check("each patient is tested at most once in each repeat", wrong == 0, count)
    return Check("each patient is tested exactly once in each repeat", wrong == 0, count)


def check_scheme(table: Table, folds: Sequence[Fold]) -> tuple[Check, ...]:
    """Look whether whole sites or trials, or later patients, are really held out."""
    if table.scheme == "stratified":
        return ()
    if table.by is None:
        return (Check("what folds hold out is known", passed=False, detail=table.scheme),)
    if table.scheme == "temporal":
        early = sum(bool(table.by[f.train].max() >= table.by[f.test].min()) for f in folds)
        return (
            Check(
                "whoever is tested came later than everybody trained on",
                early == 0,
                f"{len(folds)} folds, {early} with an earlier one",
            ),
        )
    unit = "site" if table.scheme == "leave one site out" else "trial"
    straddling = _count_straddling(table.by, folds)
    return (
        Check(
            f"no {unit} is in training and test of the same fold",
            straddling == 0,
            f"{len(folds)} folds, {straddling} with an overlap",
        ),
    )


def check_inner(
    table: Table,
    folds: Sequence[Fold],
    inner: Sequence[Sequence[tuple[np.ndarray, np.ndarray]]],
) -> Check:
    """Look whether somebody is on both sides of an inner fold."""
    straddling = count = 0
    for fold, splits in zip(folds, inner, strict=True):
        groups = table.groups[fold.train]
        for train, test in splits:
            count += 1
            # Inner folds are positions among the training rows; one beyond them is a leak too.
            beyond = max(train.max(), test.max()) >= len(groups)
            straddling += beyond or bool(set(groups[train]) & set(groups[test]))
    return Check(
        f"no {table.task.together} is in training and test of the same inner fold, where tuning "
        "and calibration happen",
        straddling == 0,
        f"{count} inner folds, {straddling} with an overlap",
    )


def _count_straddling(names: np.ndarray, folds: Sequence[Fold]) -> int:
    return sum(bool(set(names[fold.train]) & set(names[fold.test])) for fold in folds)
