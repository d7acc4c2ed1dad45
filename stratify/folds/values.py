"""One split of the patients, and what the splits of a whole study are made by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
