"""Whether those who belong together were kept apart from those tested, at every level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stratify.errors import count_of
from stratify.evaluation.certificate.values import Check
from stratify.folds import Fold
from stratify.model import ResponderClassifier
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


def check_levels(
    table: Table, parts: Sequence[tuple[Fold, ResponderClassifier]]
) -> tuple[Check, ...]:
    """Look whether somebody is on both sides of tuning or calibration, inside a training set.

    Which rows a level used is read off each fitted classifier (`ResponderClassifier.levels`).
    """
    found: dict[str, list[int]] = {}
    for fold, part in parts:
        for name, splits in part.levels.items():
            counts = found.setdefault(name, [0, 0, 0])
            for learned, held in splits:
                counts[0] += 1
                counts[1] += _overlaps(table.groups[fold.train], learned, held)
            counts[2] += _is_held_twice(len(fold.train), splits)
    whole = _check_inner_sites(table, parts)
    return (
        *(
            Check(
                f"no {table.task.together} is in training and test of the same inner fold, where "
                f"{name} happens",
                straddling == 0 and twice == 0,
                f"{count_of(count, 'inner fold')}, {straddling} with an overlap"
                + (f", {count_of(twice, 'fold')} with a row held out twice" if twice else ""),
            )
            for name, (count, straddling, twice) in found.items()
        ),
        *whole,
    )


def _check_inner_sites(
    table: Table, parts: Sequence[tuple[Fold, ResponderClassifier]]
) -> tuple[Check, ...]:
    """Look whether whole sites or trials are held out inside too; say where they cannot be."""
    if table.by is None or table.scheme not in ("leave one site out", "leave one trial out"):
        return ()
    unit = "site" if table.scheme == "leave one site out" else "trial"
    straddling = parted = whole = 0
    for fold, part in parts:
        names = table.by[fold.train]
        overlapping = [_overlaps(names, learned, held) for learned, held in part.levels["tuning"]]
        # All of them part patients where whole units would leave one class to train on.
        parted += all(overlapping)
        whole += not any(overlapping)
        straddling += any(overlapping) and not all(overlapping)
    detail = f"{count_of(whole, 'model')} tuned so"
    if parted:
        detail += (
            f"; {parted} on patients of the same {unit}s, since too few of those are left to train "
            "on, which makes tuning somewhat hopeful and tests nobody twice"
        )
    return (Check(f"inner folds hold out whole {unit}s, or none", straddling == 0, detail),)


def _overlaps(names: np.ndarray, learned: np.ndarray, held: np.ndarray) -> bool:
    # Levels are positions among the training rows; one beyond them is a leak too.
    beyond = max(learned.max(initial=-1), held.max(initial=-1)) >= len(names)
    return bool(beyond) or bool(set(names[learned]) & set(names[held]))


def _is_held_twice(rows: int, splits: Sequence[tuple[np.ndarray, np.ndarray]]) -> bool:
    held = np.concatenate([held for _, held in splits])
    return bool(len(held) != len(np.unique(held)) or held.max(initial=-1) >= rows)


def _count_straddling(names: np.ndarray, folds: Sequence[Fold]) -> int:
    return sum(bool(set(names[fold.train]) & set(names[fold.test])) for fold in folds)
