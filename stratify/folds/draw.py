"""The folds of a table, outer and inner, by its own scheme."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stratify.errors import DataError, Fault
from stratify.folds.stratified import check_class_sizes, make_folds
from stratify.folds.temporal import make_temporal_folds
from stratify.folds.values import Fold, count_classes
from stratify.folds.whole import (
    leave_out_groups,
    make_inner_whole,
    make_site_folds,
    make_trial_folds,
)
from stratify.task import Table

InnerFolds = list[tuple[np.ndarray, np.ndarray]]


def draw_folds(
    table: Table, *, folds: int = 5, repeats: int = 1, inner_folds: int = 5, seed: int = 0
) -> tuple[Fold, ...]:
    """Draw the outer folds by the table's scheme, and see that each can have its inner folds.

    Parameters
    ----------
    table : Table
        With its outcome; of its ``scheme``, ``by`` and ``groups``.
    folds : int
        As many as there are sites or trials, where one of those is left out.
    repeats : int
        Of stratified folds, unless there are as many groups as folds; there is one way to leave
        each site out, and one order of time.
    inner_folds : int
    seed : int

    Raises
    ------
    DataError
        If there are too few patients, groups, sites or times for either.
    """
    assert table.y is not None
    if table.scheme == "stratified":
        check_class_sizes(table.y, table.groups, folds=folds, inner_folds=inner_folds)
        # As many groups as folds can be parted in one way; to count it often would flatter it.
        once = len(set(table.groups)) == folds
        outer = make_folds(
            table.y, table.groups, folds=folds, repeats=1 if once else repeats, seed=seed
        )
    elif table.scheme == "temporal":
        outer = make_temporal_folds(table.y, _by(table), table.groups, folds=folds)
    else:
        make = make_site_folds if table.scheme == "leave one site out" else make_trial_folds
        outer = make(table.y, _by(table), table.groups)
    for fold in outer:
        if fold.repeat == 0:
            draw_inner_folds(table, fold, folds=inner_folds)
    return outer


def draw_inner_folds(table: Table, fold: Fold, *, folds: int = 5, seed: int = 0) -> InnerFolds:
    """Draw the folds inside a training set, where tuning and calibration happen.

    Groups stay together here too. Where a whole site or trial is held out, so are those inside,
    unless one class would then be missing: with two sites, or classes too uneven.

    Parameters
    ----------
    table : Table
    fold : Fold
    folds : int
        At most; sites or trials may be fewer.
    seed : int

    Returns
    -------
    inner : list of (train, test)
        Positions among the training rows.

    Raises
    ------
    DataError
        If an inner fold cannot hold both classes.
    """
    assert table.y is not None
    y, groups = table.y[fold.train], table.groups[fold.train]
    if table.by is not None and table.scheme in ("leave one site out", "leave one trial out"):
        rows = np.arange(len(y))
        inner = []
        for test in make_inner_whole(y, table.by[fold.train].astype(str), folds, seed):
            train = leave_out_groups(np.delete(rows, test), test, groups)
            inner.append((train, test))
        if inner and all(count_classes(y[train]) == 2 for train, _ in inner):
            return inner
    try:
        made = make_folds(y, groups, folds=folds, seed=seed)
    except DataError as error:
        raise DataError([_of_inner_folds(fault, fold) for fault in error.faults]) from None
    return [(part.train, part.test) for part in made]


def _by(table: Table) -> np.ndarray:
    if table.by is None:
        raise DataError(
            Fault(
                where="validation.by",
                met=f'scheme = "{table.scheme}" and nothing to part patients by',
                wanted="the column that says which trial, or when",
                way_out="Name the column as validation.by.",
            )
        )
    return table.by


def _of_inner_folds(fault: Fault, fold: Fold) -> Fault:
    return replace(
        fault,
        where=fault.where.replace("validation.folds", "validation.inner_folds"),
        met=f"{fault.met}, inside fold {fold.number} of repeat {fold.repeat}",
        way_out=fault.way_out.replace("validation.folds", "validation.inner_folds"),
    )
