"""Draws of patients, those who belong together drawn together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

FEWEST_GROUPS = 5
"""With fewer groups a bootstrap of them is too short: of 3 it covers 72 %, of 4 87 %."""


def are_enough(groups: np.ndarray | None) -> bool:
    """Tell whether there are groups enough for an interval of them, or none to keep together.

    Examples
    --------
    >>> are_enough(None), are_enough(np.array(["site A", "site A", "site B"]))
    (True, False)
    """
    return groups is None or len(np.unique(groups)) >= FEWEST_GROUPS


def draw_patients(
    rng: np.random.Generator, n_patients: int, draws: int, groups: np.ndarray | None = None
) -> Iterator[np.ndarray]:
    """Draw patients with replacement; with groups, whole groups.

    Parameters
    ----------
    rng : Generator
    n_patients : int
    draws : int
    groups : array, shape (n_patients,), optional
        Rows with the same value are drawn together, as a patient's visits or a family.

    Yields
    ------
    rows : array of int
        Positions, with repetition; of varying length where groups vary in size.

    Source
    ------
    Field and Welsh 2007, JRSS B 69, 369-390 (the cluster bootstrap).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> [rows.tolist() for rows in draw_patients(rng, 4, 2, np.array(["a", "b", "b", "c"]))]
    [[3, 1, 2, 1, 2], [0, 0, 0]]
    """
    if groups is None:
        for _ in range(draws):
            yield rng.integers(0, n_patients, n_patients)
        return
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    rows_of = np.split(np.argsort(member, kind="stable"), np.cumsum(np.bincount(member))[:-1])
    for _ in range(draws):
        yield np.concatenate([rows_of[k] for k in rng.integers(0, len(rows_of), len(rows_of))])
