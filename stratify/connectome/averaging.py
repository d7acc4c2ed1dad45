"""Several scans of one patient, to one matrix."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stratify.connectome.scans import Measured

CORRELATIONS = ("pearson r", "partial correlation")


def average_matrices(matrices: np.ndarray, kind: str) -> np.ndarray:
    """Average matrices of one patient: correlations in Fisher z, others as they are.

    Parameters
    ----------
    matrices : array, shape (n_scans, n_regions, n_regions)
        NaN where a region was not covered; it is averaged over the scans that cover it.
    kind : str

    Returns
    -------
    matrix : array, shape (n_regions, n_regions)

    Examples
    --------
    >>> r = np.array([[[1.0, 0.9], [0.9, 1.0]], [[1.0, 0.1], [0.1, 1.0]]])
    >>> average_matrices(r, "pearson r").round(3)
    array([[1.   , 0.656],
           [0.656, 1.   ]])
    """
    every = np.arange(matrices.shape[1])
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # nobody covers the region
        if kind not in CORRELATIONS:
            return np.nanmean(matrices, axis=0)
        diagonal = np.nanmean(matrices[:, every, every], axis=0)
        z = np.arctanh(matrices)
        z[:, every, every] = 0.0
        average = np.tanh(np.nanmean(z, axis=0))
    average[every, every] = diagonal
    return average


def average_scans(measured: Sequence[Measured], averaged: bool, kind: str) -> list[Measured]:
    """Average the scans of each patient, in the order in which patients come first.

    Volumes and minutes add up; mean displacement is weighted by volumes; coverage is the mean.
    """
    if not averaged:
        return list(measured)
    by_patient: dict[str, list[Measured]] = {}
    for one in measured:
        by_patient.setdefault(one.scan.patient, []).append(one)
    return [some[0] if len(some) == 1 else _average(some, kind) for some in by_patient.values()]


def _average(some: Sequence[Measured], kind: str) -> Measured:
    matrix = average_matrices(np.stack([one.matrix for one in some]), kind)
    quality: dict[str, float] = {}
    for name in dict.fromkeys(key for one in some for key in one.quality):
        values = np.array([one.quality.get(name, np.nan) for one in some])
        if name in ("volumes", "minutes"):
            quality[name] = float(values.sum())
        elif name == "mean_fd" and all("volumes" in one.quality for one in some):
            weights = np.array([one.quality["volumes"] for one in some])
            quality[name] = float((values * weights).sum() / weights.sum())
        else:
            quality[name] = float(values.mean())
    return replace(some[0], matrix=matrix, quality=quality)
