"""One split of the patients, and what the splits of a whole study are made by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from stratify.task import Scheme


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One split of the patients: row positions to train on and to test on.

    Parameters
    ----------
    repeat, number : int
        Which repetition of the whole partition, and which part of it; both from 0.
    train, test : array of int
        Positions of rows, sorted.
    why : str
        What was kept together and balanced.
    scheme : {"stratified", "leave one site out", "leave one trial out", "temporal"}
    held_out : str
        The site, trial or time that is tested; empty for stratified folds.
    """

    repeat: int
    number: int
    train: np.ndarray
    test: np.ndarray
    why: str
    scheme: Scheme = "stratified"
    held_out: str = ""

    def __repr__(self) -> str:
        return (
            f"Fold(repeat {self.repeat}, number {self.number}: {len(self.train)} train, "
            f"{len(self.test)} test; {self.why})"
        )


def compute_test_share(folds: Sequence[Fold]) -> float:
    """Return which share of a fold's patients is tested, so that tested over trained is the mean.

    Examples
    --------
    >>> compute_test_share([Fold(0, 0, np.arange(8), np.arange(8, 10), "")])
    0.2
    """
    ratio = float(np.mean([len(fold.test) / len(fold.train) for fold in folds]))
    return ratio / (1 + ratio)


def restrict_folds(folds: Sequence[Fold], kept: np.ndarray) -> tuple[Fold, ...]:
    """Return the same folds of some of the patients, by their positions among these.

    Parameters
    ----------
    folds : sequence of Fold
    kept : array of bool, shape (n_patients,)

    Examples
    --------
    >>> fold = Fold(0, 0, np.array([0, 2]), np.array([1, 3]), "")
    >>> restrict_folds([fold], np.array([False, True, True, True]))[0].test.tolist()
    [0, 2]
    """
    place = np.cumsum(kept) - 1
    return tuple(
        replace(
            fold, train=place[fold.train[kept[fold.train]]], test=place[fold.test[kept[fold.test]]]
        )
        for fold in folds
    )


def find_known(y: np.ndarray) -> np.ndarray:
    """Return whose outcome is known, shape (n_patients,); a missing one is NaN."""
    return ~np.isnan(y) if y.dtype.kind == "f" else np.ones(len(y), dtype=bool)


def count_classes(y: np.ndarray) -> int:
    """Count the classes there are, a missing outcome being none.

    Examples
    --------
    >>> count_classes(np.array([1.0, 1.0, np.nan]))
    1
    """
    return len(np.unique(y[find_known(y)]))
