"""CIFTI files of parcels: signals, connectivity, and one value a parcel."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from stratify.connectome.signals import Signals
from stratify.errors import DataError, Fault


def read_ptseries(file: Path) -> Signals:
    """Read the signals of the parcels of a ``.ptseries.nii``, and the time between volumes."""
    from nibabel.cifti2 import SeriesAxis

    values, axes = _load(file)
    seconds = None
    if isinstance(axes[0], SeriesAxis) and axes[0].unit == "SECOND" and axes[0].step > 0:
        seconds = float(axes[0].step)
    return Signals(values, _parcels(file, axes[1]), seconds)


def read_pconn(file: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Read the matrix of a ``.pconn.nii`` and the names of its parcels."""
    values, axes = _load(file)
    names = _parcels(file, axes[0])
    if names != _parcels(file, axes[1]):
        raise DataError(
            _fault(file, "other parcels along its rows than along its columns", "the same parcels")
        )
    return values, names


def read_pscalar(file: Path) -> Signals:
    """Read the values of the parcels of a ``.pscalar.nii``, one row a map."""
    values, axes = _load(file)
    return Signals(values, _parcels(file, axes[1]))


def _load(file: Path) -> tuple[np.ndarray, tuple[Any, Any]]:
    import nibabel
    from nibabel.cifti2 import Cifti2Image
    from nibabel.imageglobals import logger

    level = logger.level
    try:
        logger.setLevel(logging.ERROR)  # nibabel logs that pixdim is not of a volume
        image = nibabel.load(file)
    except Exception as error:  # nibabel fails in many ways on what is no image
        raise DataError(_fault(file, f"it cannot be read ({error})", "a CIFTI-2 file")) from None
    finally:
        logger.setLevel(level)
    if not isinstance(image, Cifti2Image) or image.ndim != 2:
        raise DataError(_fault(file, f"a {type(image).__name__}", "a CIFTI-2 file of parcels"))
    axes = (image.header.get_axis(0), image.header.get_axis(1))
    return np.asarray(image.get_fdata(), dtype=float), axes


def _parcels(file: Path, axis: Any) -> tuple[str, ...]:
    from nibabel.cifti2 import ParcelsAxis

    if not isinstance(axis, ParcelsAxis):
        raise DataError(_fault(file, f"an axis of {type(axis).__name__}", "an axis of parcels"))
    return tuple(str(name).strip() for name in axis.name)


def _fault(file: Path, met: str, wanted: str) -> Fault:
    return Fault(
        where=file.name,
        met=met,
        wanted=wanted,
        way_out="Give a .ptseries.nii, .pconn.nii or .pscalar.nii as Connectome Workbench, "
        "XCP-D or nibabel writes it.",
    )
