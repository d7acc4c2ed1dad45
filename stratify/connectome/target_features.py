"""What is computed of stimulation targets: distance from a site, normative connectivity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from stratify.connectome.targets import Targets, load_volume, target_fault
from stratify.errors import DataError
from stratify.schema import Column

SGACC = (6.0, 16.0, -10.0)
"""The subgenual seed of Fox MD et al. 2012, Biological Psychiatry 72(7), in MNI mm."""

SGACC_RADIUS_MM = 10.0


@dataclass(frozen=True, eq=False)
class TargetFeatures:
    """What is computed of targets.

    Parameters
    ----------
    frame : DataFrame, indexed by patient
        The columns below.
    columns : tuple of Column
        What each is; all known at baseline, once the target is planned.
    site_value : float, optional
        The mean of the map around the site. It is the same for everybody, and so no feature.
    inside : Series, indexed by patient, optional
        The share of each target that lies inside the brain.
    """

    frame: pd.DataFrame
    columns: tuple[Column, ...]
    site_value: float | None = None
    inside: pd.Series | None = None


def compute_target_features(
    targets: Targets,
    *,
    site: Sequence[float] = SGACC,
    site_name: str = "sgacc",
    site_radius_mm: float = SGACC_RADIUS_MM,
    connectivity: str | Path | None = None,
    seed: str = "",
    brain: str | Path | None = None,
) -> TargetFeatures:
    """Compute how far targets are from a site, and how a normative map values them.

    A normative map holds the connectivity of each voxel with one seed, in other people. What it
    says of a target is the target's connectivity with that seed: with a map seeded in the subgenual
    cingulate, each patient's subgenual connectivity. A map seeded where people are stimulated says
    how typical a target is of that seed, and, around the site, how the seed is connected with it;
    that is one number for everybody, kept apart from the features.

    Parameters
    ----------
    targets : Targets
    site : sequence of 3 float
        In MNI mm.
    site_name : str
        For the names of columns.
    site_radius_mm : float
        Of the sphere around the site over which the map is averaged.
    connectivity : path, optional
        The normative map: NIfTI in MNI space, 0 outside the brain.
    seed : str
        What the map is seeded in, for the names of columns; needed with a map.
    brain : path, optional
        A mask; voxels outside it do not count. Without it, voxels where the map is 0.

    Returns
    -------
    features : TargetFeatures
        ``target_distance_SITE`` in mm between centres, and with a map ``target_connectivity_SEED``,
        the mean over those voxels of a target that lie inside the brain; missing where none does.

    Source
    ------
    Fox MD et al. 2012, Biological Psychiatry 72(7), 595-603.

    Examples
    --------
    >>> here = np.array([[6.0, 16.0, 20.0]])
    >>> one = Targets(("P1",), here, (here,))
    >>> compute_target_features(one).frame
             target_distance_sgacc
    patient
    P1                        30.0
    """
    centre = np.asarray(site, dtype=float)
    index = pd.Index(targets.patients, name="patient")
    distance = f"target_distance_{site_name}"
    frame = pd.DataFrame(
        {distance: np.linalg.norm(targets.coordinates - centre, axis=1)}, index=index
    )
    columns = [
        Column(
            name=distance,
            unit="mm",
            low=0.0,
            label=f"distance of the stimulation target from {site_name}",
            source="connectivity",
        )
    ]
    if connectivity is None:
        return TargetFeatures(frame, tuple(columns))
    if not seed:
        raise DataError(
            target_fault(
                "seed", "a map without its seed", "where the map is seeded", "Name the seed."
            )
        )
    volume = _Volume(connectivity, brain)
    values = [volume.mean(points) for points in targets.points]
    name = f"target_connectivity_{seed}"
    frame[name] = [value for value, _ in values]
    columns.append(
        Column(
            name=name,
            label=f"normative connectivity of the stimulation target with {seed}",
            source="connectivity",
        )
    )
    inside = pd.Series([share for _, share in values], index=index, name="inside")
    around = volume.mean(volume.sphere(centre, site_radius_mm))[0]
    return TargetFeatures(frame, tuple(columns), around, inside)


class _Volume:
    """A map that can be asked for its mean over points in mm."""

    def __init__(self, file: str | Path, brain: str | Path | None) -> None:
        image = load_volume(file)
        self.values = np.asarray(image.dataobj, dtype=float)
        self.affine = image.affine
        self.counts = np.isfinite(self.values) & (self.values != 0)
        if brain is not None:
            mask = load_volume(brain)
            if mask.shape != image.shape or not np.allclose(mask.affine, image.affine):
                raise DataError(
                    target_fault(
                        Path(brain).name,
                        f"a mask of shape {mask.shape}",
                        f"the grid of {Path(file).name}, {image.shape}",
                        "Give the mask on the grid of the map.",
                    )
                )
            self.counts &= np.asarray(mask.dataobj) > 0

    def mean(self, points: np.ndarray) -> tuple[float, float]:
        """Return the mean over the nearest voxels that count, and the share that does."""
        from nibabel.affines import apply_affine

        nearest = np.rint(apply_affine(np.linalg.inv(self.affine), points)).astype(int)
        within = ((nearest >= 0) & (nearest < self.values.shape)).all(axis=1)
        cells = tuple(nearest[within].T)
        counted = self.counts[cells]
        share = float(counted.sum() / len(points))
        return (float(self.values[cells][counted].mean()) if share else np.nan), share

    def sphere(self, centre: np.ndarray, radius: float) -> np.ndarray:
        """Return the voxels whose centre lies within a radius, in mm."""
        from nibabel.affines import apply_affine

        grid = np.indices(self.values.shape).reshape(3, -1).T
        points = np.asarray(apply_affine(self.affine, grid), dtype=float)
        return points[np.linalg.norm(points - centre, axis=1) <= radius]
