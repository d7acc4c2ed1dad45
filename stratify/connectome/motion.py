"""Framewise displacement: how far the head moved between two volumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from stratify.connectome.signals import read_signals
from stratify.errors import DataError, Fault, name_some

_NAMES = ("framewisedisplacement", "fd", "fdpower", "fdjenkinson")


def read_framewise_displacement(file: Path, *, volumes: int | None = None) -> np.ndarray:
    """Read the framewise displacement of one scan.

    Parameters
    ----------
    file : Path
        A table with a column ``framewise_displacement`` (such as fMRIPrep's confounds, or XCP-D's
        motion), or one column of numbers.
    volumes : int, optional
        How many volumes the scan has; the first has no displacement, and some files leave it out.

    Returns
    -------
    displacement : array, shape (n_volumes,)
        In mm; NaN where it is not known, as for the first volume.

    Raises
    ------
    DataError
        If there is no such column, or a displacement below 0.
    """
    found = read_signals(file)
    displacement = _column(file, found.values, found.names)
    with np.errstate(invalid="ignore"):
        if (displacement < 0).any() or np.isinf(displacement).any():
            raise DataError(
                Fault(
                    where=file.name,
                    met=f"a framewise displacement of {np.nanmin(displacement):g}",
                    wanted="a length in mm, 0 or more",
                    way_out="Check that this is the column of framewise displacement.",
                )
            )
    if volumes is not None and len(displacement) == volumes - 1:
        displacement = np.concatenate([[np.nan], displacement])
    return displacement


def _column(file: Path, values: np.ndarray, names: tuple[str, ...] | None) -> np.ndarray:
    if names is not None:
        plain = [name.lower().replace("_", "").replace(" ", "") for name in names]
        for name in _NAMES:
            if name in plain:
                return values[:, plain.index(name)]
    if values.shape[1] == 1:
        return values[:, 0]
    raise DataError(
        Fault(
            where=file.name,
            met=f"the columns {name_some(names)}" if names else f"{values.shape[1]} columns",
            wanted="a column framewise_displacement",
            way_out="Name the column so, or give a file with that column alone.",
        )
    )
