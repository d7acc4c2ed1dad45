"""Outcomes dealt out again, so that nothing can be learned of them but chance."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from stratify.errors import DataError, Fault
from stratify.task import Table

Within = Literal["cohort", "site", "treatment"]
WITHIN: tuple[str, ...] = get_args(Within)


def make_shuffles(
    y: np.ndarray,
    *,
    count: int,
    seed: int = 0,
    blocks: np.ndarray | None = None,
    units: np.ndarray | None = None,
) -> np.ndarray:
    """Deal the outcomes out again, many times.

    Outcomes change places only inside a block, such as a site: what sites differ in is then the
    same in every shuffle and cannot pass for an effect. Rows of one unit, such as the treatment
    periods of one patient, keep their outcomes together and change places with units of as many
    rows, since their outcomes are no independent draws.

    Parameters
    ----------
    y : array of 0 and 1, shape (n_rows,)
    count : int
    seed : int
        Equal seeds give equal shuffles; the first of many are those of few.
    blocks, units : array, shape (n_rows,), optional
        One block, and each row a unit, where they are not given.

    Returns
    -------
    shuffled : array of 0 and 1, shape (n_rows, count)

    Raises
    ------
    DataError
        If no two different outcomes may change places.

    Source
    ------
    Winkler et al. 2015, NeuroImage 123, 253-268 (exchangeability blocks).

    Examples
    --------
    >>> y, site = np.array([0, 1, 1, 0, 0, 0]), np.array(list("AABBBB"))
    >>> make_shuffles(y, count=100, blocks=site)[:2].sum(axis=0).tolist() == [1] * 100
    True
    """
    y = np.asarray(y)
    swaps = _find_swaps(y, blocks, units)
    if not swaps:
        raise DataError(
            Fault(
                where="permutations",
                met="no two patients with different outcomes may change places",
                wanted="outcomes change places within the blocks named, between units of as many "
                "rows",
                way_out="Permute within larger blocks, or in the whole cohort.",
            )
        )
    shuffled = np.empty((len(y), count), dtype=y.dtype)
    for k in range(count):
        rng = np.random.default_rng([seed, k])
        drawn = y.copy()
        for rows in swaps:
            drawn[rows.ravel()] = y[rng.permutation(rows).ravel()]
        shuffled[:, k] = drawn
    return shuffled


def make_blocks(table: Table, within: Within) -> np.ndarray | None:
    """Return the blocks of a table within which outcomes change places; None for one block.

    Raises
    ------
    DataError
        If the table does not say which block a patient is in.
    """
    if within not in WITHIN:
        raise ValueError(f"within is {within!r}; it must be one of {', '.join(WITHIN)}")
    if within == "cohort":
        return None
    blocks = table.site if within == "site" else table.treatment
    if blocks is None:
        raise DataError(
            Fault(
                where="permutations.within",
                met=f"{within!r}, and no column with that role",
                wanted=f"each patient's {within} is known",
                way_out=f"Give one column of the dictionary the role {within!r}, or permute "
                "within the cohort.",
            )
        )
    return np.asarray(blocks)


def make_units(table: Table) -> np.ndarray | None:
    """Return whose rows keep their outcomes together: a person's, or a family's.

    Where folds keep sites together a row is a unit: patients of one site change places.
    """
    return None if table.task.together == "site" else np.asarray(table.groups)


def _find_swaps(
    y: np.ndarray, blocks: np.ndarray | None, units: np.ndarray | None
) -> list[np.ndarray]:
    """Return the rows of units that may change places, one array (n_units, n_rows_each) a set."""
    block_of = np.zeros(len(y), dtype=int) if blocks is None else np.asarray(blocks)
    unit_of = np.arange(len(y)) if units is None else np.asarray(units)
    # A unit that spans blocks is one in each: its rows in one never go to another.
    rows_of: dict[tuple[object, object], list[int]] = {}
    for row, key in enumerate(zip(block_of.tolist(), unit_of.tolist(), strict=True)):
        rows_of.setdefault(key, []).append(row)
    sets: dict[tuple[object, int], list[list[int]]] = {}
    for (block, _), rows in rows_of.items():
        sets.setdefault((block, len(rows)), []).append(rows)
    found = [np.array(rows) for rows in sets.values() if len(rows) > 1]
    return [rows for rows in found if (y[rows] != y[rows[0]]).any()]
