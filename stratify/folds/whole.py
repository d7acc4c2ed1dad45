"""Folds that hold out a whole site or a whole trial."""

from __future__ import annotations

from typing import Literal

import numpy as np

from stratify.errors import DataError, Fault, count_of, name_some
from stratify.folds.values import Fold, count_classes

Unit = Literal["site", "trial"]


def make_site_folds(
    y: np.ndarray, sites: np.ndarray, groups: np.ndarray | None = None
) -> tuple[Fold, ...]:
    """Hold out each site in turn, and train on the others.

    A site with one class only is predicted too, but has no AUC of its own.

    Parameters
    ----------
    y : array of int, shape (n_patients,)
    sites : array of str, shape (n_patients,)
        Empty where it is not known.
    groups : array of str, shape (n_patients,), optional
        Where rows of one group are in several sites, those of the training sites are left out.

    Raises
    ------
    DataError
        If there is one site only, a patient's site is not known, every site has one class only, or
        the other sites of one have one class only.

    Examples
    --------
    >>> y, sites = np.array([0, 1, 0, 1, 0, 1]), np.array(list("AABBCC"))
    >>> [(fold.held_out, fold.test.tolist()) for fold in make_site_folds(y, sites)]
    [('A', [0, 1]), ('B', [2, 3]), ('C', [4, 5])]
    """
    return _make_whole(y, sites, groups, "site")


def make_trial_folds(
    y: np.ndarray, trials: np.ndarray, groups: np.ndarray | None = None
) -> tuple[Fold, ...]:
    """Hold out each trial in turn, and train on the others.

    Parameters
    ----------
    y, trials, groups
        As for `make_site_folds`.

    Raises
    ------
    DataError
        As `make_site_folds` does.
    """
    return _make_whole(y, trials, groups, "trial")


def make_inner_whole(y: np.ndarray, units: np.ndarray, folds: int, seed: int) -> list[np.ndarray]:
    """Part the training patients into inner folds of whole sites or trials.

    Returns
    -------
    tests : list of array of int
        Rows of each inner fold; none where inner folds of whole units could not train on both
        classes.
    """
    names, member = np.unique(units, return_inverse=True)
    # The largest first, each to the smallest inner fold; equal ones in an order drawn by the seed.
    drawn = np.random.default_rng(seed).permutation(len(names))
    sizes = np.bincount(member)
    part = np.zeros(len(names), dtype=int)
    filled = np.zeros(min(folds, len(names)), dtype=int)
    for unit in drawn[np.argsort(-sizes[drawn], kind="stable")]:
        part[unit] = filled.argmin()
        filled[part[unit]] += sizes[unit]
    tests = [np.flatnonzero(part[member] == k) for k in range(len(filled))]
    if len(tests) < 2 or any(count_classes(np.delete(y, test)) < 2 for test in tests):
        return []
    return tests


def leave_out_groups(train: np.ndarray, test: np.ndarray, groups: np.ndarray | None) -> np.ndarray:
    """Return the training rows whose group is not tested."""
    if groups is None:
        return train
    groups = np.asarray(groups)
    return train[~np.isin(groups[train], groups[test])]


def _make_whole(
    y: np.ndarray, units: np.ndarray, groups: np.ndarray | None, unit: Unit
) -> tuple[Fold, ...]:
    y, units = np.asarray(y), np.asarray(units).astype(str)
    _require_units(y, units, unit)
    rows = np.arange(len(y))
    made = []
    for number, name in enumerate(np.unique(units)):
        test = rows[units == name]
        others = rows[units != name]
        train = leave_out_groups(others, test, groups)
        why = f"{unit} {name} held out"
        if len(train) < len(others):
            why += f", {count_of(len(others) - len(train), 'row')} of its patients left out"
        if count_classes(y[train]) < 2:
            raise DataError(_one_class_left(unit, name))
        scheme = "leave one site out" if unit == "site" else "leave one trial out"
        made.append(Fold(0, number, train, test, why, scheme, str(name)))  # type: ignore[arg-type]
    return tuple(made)


def _require_units(y: np.ndarray, units: np.ndarray, unit: Unit) -> None:
    names = np.unique(units)
    where, scheme = "validation.scheme", f"leave one {unit} out"
    if unknown := int((units == "").sum()):
        fault = Fault(
            where=where,
            met=f"{count_of(unknown, 'patient')} whose {unit} is not known",
            wanted=f"{scheme} needs the {unit} of each",
            way_out="Fill it in, or leave these patients out of the cohort; scheme = "
            '"stratified" does without.',
        )
    elif len(names) < 2:
        fault = Fault(
            where=where,
            met=f"one {unit} only, {names[0]}",
            wanted=f"{scheme} needs two or more",
            way_out='Use scheme = "stratified".',
        )
    elif all(count_classes(y[units == name]) < 2 for name in names):
        fault = Fault(
            where=where,
            met=f"each {unit} has one class only: {name_some(names)}",
            wanted=f"one {unit} or more with both classes",
            way_out=f"In these patients the {unit} is the outcome: nothing can be learned of them "
            f"that is not of the {unit}. Gather both classes at a {unit}.",
        )
    else:
        return
    raise DataError(fault)


def _one_class_left(unit: Unit, name: str) -> Fault:
    return Fault(
        where="validation.scheme",
        met=f"without {unit} {name} one class only is left to train on",
        wanted="both classes in every training set",
        way_out='Use scheme = "stratified", or gather the missing class elsewhere.',
    )
