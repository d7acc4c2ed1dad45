"""Folds that share each class out evenly, and never split a group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from stratify.errors import DataError, Fault
from stratify.folds.values import Fold, count_classes, find_known


def make_folds(
    y: np.ndarray,
    groups: Sequence[str] | np.ndarray | None = None,
    *,
    folds: int = 5,
    repeats: int = 1,
    seed: int = 0,
) -> tuple[Fold, ...]:
    """Part the patients into folds, each class shared out evenly and no group ever split.

    Patients whose outcome is missing are shared out evenly too, after the others: those have the
    folds they would have without them.

    Parameters
    ----------
    y : array, shape (n_patients,)
        The classes; NaN where the outcome is missing.
    groups : array of str, shape (n_patients,), optional
        Rows with the same value are held out together; each row by itself, where none are given.
    folds : int
        Parts in one partition; each is the test set once.
    repeats : int
        How often the whole partition is drawn again.
    seed : int
        Equal seeds give equal folds on every machine.

    Raises
    ------
    DataError
        If a class has fewer patients, or fewer groups, than there are folds.

    Examples
    --------
    >>> y = np.array([0, 1] * 10)
    >>> parts = make_folds(y, folds=5, repeats=2, seed=1)
    >>> len(parts), [int(y[fold.test].sum()) for fold in parts[:5]]
    (10, [2, 2, 2, 2, 2])
    """
    y = np.asarray(y)
    known = find_known(y)
    if not known.all():
        return _make_around_gaps(y, known, groups, folds, repeats, seed)
    grouped = groups is not None and len(set(groups)) < len(y)
    _require_enough(y, np.asarray(groups) if grouped else None, folds)
    made = []
    for repeat, state in enumerate(np.random.SeedSequence(seed).generate_state(repeats)):
        splitter_class = StratifiedGroupKFold if grouped else StratifiedKFold
        splitter = splitter_class(folds, shuffle=True, random_state=int(state))
        for number, (train, test) in enumerate(splitter.split(y, y, groups if grouped else None)):
            why = "classes balanced" + (", groups kept together" if grouped else "")
            made.append(Fold(repeat, number, np.sort(train), np.sort(test), why))
    _require_both_classes_in_each(y, made)
    return tuple(made)


def check_class_sizes(
    y: np.ndarray, groups: np.ndarray | None, *, folds: int, inner_folds: int
) -> None:
    """Refuse in advance what the smallest class cannot fill, with the numbers that it can.

    Parameters
    ----------
    y : array of int, shape (n_patients,)
    groups : array of str, shape (n_patients,), optional
        A class is then as large as the groups that have it are many.
    folds, inner_folds : int

    Raises
    ------
    DataError
        If a class has fewer patients, or groups, than there are folds, or if those left to train on
        are fewer than the inner folds.

    Examples
    --------
    >>> check_class_sizes(np.repeat([0, 1], [40, 4]), None, folds=5, inner_folds=5)
    Traceback (most recent call last):
    stratify.errors.DataError: validation.folds: 4 patients of class 1, 5 folds and 5 inner folds; \
each fold tests one of each class, and each inner fold one of those left. Set validation.folds to \
4 and validation.inner_folds to 3, or gather more patients.
    """
    y = np.asarray(y)
    known = find_known(y)
    y, groups = y[known], None if groups is None else np.asarray(groups)[known]
    grouped = groups is not None and len(set(groups)) < len(y)
    sizes = {
        label: len(set(np.asarray(groups)[y == label])) if grouped else int((y == label).sum())
        for label in map(int, np.unique(y))
    }
    label, smallest = min(sizes.items(), key=lambda item: item[1])
    if smallest >= folds and _left_to_train(smallest, folds) >= inner_folds:
        return
    outer = min(folds, smallest)
    inner = min(inner_folds, _left_to_train(smallest, outer)) if outer > 1 else 0
    way_out = "Gather more patients of this class."
    if inner > 1:
        to = [f"validation.folds to {outer}"] if outer < folds else []
        to += [f"validation.inner_folds to {inner}"] if inner < inner_folds else []
        way_out = f"Set {' and '.join(to)}, or gather more patients."
    where = "validation.folds" if smallest < folds else "validation.inner_folds"
    raise DataError(
        Fault(
            where=where,
            met=f"{smallest} {'groups' if grouped else 'patients'} of class {label}, {folds} "
            f"folds and {inner_folds} inner folds",
            wanted="each fold tests one of each class, and each inner fold one of those left",
            way_out=way_out,
        )
    )


def _left_to_train(size: int, folds: int) -> int:
    """Return how many of a class the smallest training set has."""
    return size - -(-size // folds)


def _make_around_gaps(
    y: np.ndarray,
    known: np.ndarray,
    groups: Sequence[str] | np.ndarray | None,
    folds: int,
    repeats: int,
    seed: int,
) -> tuple[Fold, ...]:
    """Part the patients with an outcome, and deal the others out among the folds."""
    rows, missing = np.flatnonzero(known), np.flatnonzero(~known)
    names = np.arange(len(y)) if groups is None else np.unique(groups, return_inverse=True)[1]
    parts = make_folds(
        y[known].astype(int),
        None if groups is None else names[known],
        folds=folds,
        repeats=repeats,
        seed=seed,
    )
    made = []
    for repeat in range(repeats):
        mine = parts[repeat * folds : (repeat + 1) * folds]
        tested_in = np.full(len(y), -1)
        for fold in mine:
            tested_in[rows[fold.test]] = fold.number
        rng = np.random.default_rng([seed, repeat])
        _deal(tested_in, missing, names, folds, rng)
        every = np.arange(len(y))
        for fold in mine:
            train, test = every[tested_in != fold.number], every[tested_in == fold.number]
            made.append(Fold(repeat, fold.number, train, test, f"{fold.why}, as are gaps"))
    return tuple(made)


def _deal(
    tested_in: np.ndarray,
    missing: np.ndarray,
    names: np.ndarray,
    folds: int,
    rng: np.random.Generator,
) -> None:
    """Give each missing row the fold of its group or, where that has none yet, the emptiest."""
    placed = {names[row]: k for row, k in enumerate(tested_in) if k >= 0}
    dealt = np.zeros(folds, dtype=int)
    order = rng.permutation(folds)
    for row in rng.permutation(missing):
        if names[row] not in placed:
            placed[names[row]] = int(order[np.argmin(dealt[order])])
        tested_in[row] = placed[names[row]]
        dealt[tested_in[row]] += 1


def _require_enough(y: np.ndarray, groups: np.ndarray | None, folds: int) -> None:
    for label in np.unique(y):
        rows = y == label
        count = int(rows.sum()) if groups is None else len(set(groups[rows]))
        if count < folds:
            unit = "patients" if groups is None else "groups"
            raise DataError(
                Fault(
                    where="validation.folds",
                    met=f"{count} {unit} of class {label} and {folds} folds",
                    wanted=f"each fold tests at least one of the {unit} of each class",
                    way_out=f"Set validation.folds to {max(count, 2)} or fewer, or gather more "
                    "patients."
                    if count >= 2
                    else "Gather more patients of this class.",
                )
            )


def _require_both_classes_in_each(y: np.ndarray, folds: Sequence[Fold]) -> None:
    for fold in folds:
        for rows, name in ((fold.train, "trains"), (fold.test, "tests")):
            if count_classes(y[rows]) < 2:
                raise DataError(
                    Fault(
                        where="validation.folds",
                        met=f"fold {fold.number} of repeat {fold.repeat} {name} on one class only",
                        wanted="each fold has both classes in training and in test",
                        way_out="The groups kept together are too few or too uneven: use fewer "
                        "folds, or keep patients rather than sites together.",
                    )
                )
