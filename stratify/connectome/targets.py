"""Where patients are stimulated: targets in MNI space, of images or of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from stratify.connectome.check import check_patients
from stratify.connectome.patient_files import PATIENT, find_patient_files
from stratify.connectome.raw import RawMatrices, column_text, patient_header
from stratify.errors import DataError, Fault, count_of, name_some
from stratify.sheet import read_sheet

IMAGE_ENDINGS = (".nii.gz", ".nii")

MNI_BOUNDS = ((-90.0, 91.0), (-126.0, 91.0), (-72.0, 109.0))
"""From where to where the MNI152 template reaches, in mm: right, anterior and superior are up."""


@dataclass(frozen=True, eq=False)
class Targets:
    """Stimulation targets, one a patient.

    Parameters
    ----------
    patients : tuple of str
    coordinates : array, shape (n_patients, 3)
        The centre of each target in MNI mm.
    points : tuple of array, each of shape (n_points, 3)
        The voxels of each target in MNI mm; the centre alone, where a table gave it.
    name : str
    warnings : tuple of Fault
    """

    patients: tuple[str, ...]
    coordinates: np.ndarray
    points: tuple[np.ndarray, ...]
    name: str = "targets"
    warnings: tuple[Fault, ...] = ()

    def __len__(self) -> int:
        return len(self.patients)

    def select(self, rows: np.ndarray) -> Targets:
        """Return the targets of some rows, by boolean mask or by position."""
        positions = np.arange(len(self))[rows]
        return replace(
            self,
            patients=tuple(self.patients[k] for k in positions),
            coordinates=self.coordinates[positions],
            points=tuple(self.points[k] for k in positions),
        )

    def __repr__(self) -> str:
        return f"Targets({self.name}: {len(self)} patients)"


def read_targets(
    path: str | Path | Mapping[str, Path],
    *,
    known: Collection[str] | None = None,
    patient_column: str | None = None,
    name: str | None = None,
) -> Targets:
    r"""Read stimulation targets in MNI space.

    Parameters
    ----------
    path : path, or mapping of patient to path
        A folder of NIfTI images named by patient, or a path with ``{patient}``: the target's voxels
        are above 0, and lie together. Or a table: one row a patient, with the columns ``mni_x``,
        ``mni_y``, ``mni_z`` (``MNIx`` and the like are known; plain ``x``, ``y``, ``z`` are taken
        where there is no other), in mm.
    known : collection of str, optional
        The cohort's patients.
    patient_column, name : str, optional
        As in `read_connectomes`.

    Raises
    ------
    DataError
        With every fault: no target, several in one image, or one outside the template, as
        coordinates are that count voxels.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "targets.csv"
    ...     _ = path.write_text("patient,mni_x,mni_y,mni_z\nP1,-38,44,26\n")
    ...     read_targets(path).coordinates
    array([[-38.,  44.,  26.]])
    """
    if isinstance(path, Mapping):
        where = name or "targets"
        patients, points, faults = _of_images([(p, file.name, file) for p, file in path.items()])
        return _make(patients, points, faults, known, where)
    path = Path(path)
    where = name or path.name
    if path.is_dir() or PATIENT in str(path) or "*" in str(path):
        found = find_patient_files(path, IMAGE_ENDINGS, what="target")
        patients, points, faults = _of_images(found)
    else:
        patients, points, faults = _of_table(path, patient_column)
    return _make(patients, points, faults, known, where)


def _make(
    patients: tuple[str, ...],
    points: list[np.ndarray],
    faults: list[Fault],
    known: Collection[str] | None,
    where: str,
) -> Targets:
    coordinates = np.array([one.mean(axis=0) for one in points]).reshape(-1, 3)
    raw = RawMatrices(np.empty((0, 0, 0)), patients, ())
    faults += [*check_patients(raw, known, where), *_outside(coordinates, patients, where)]
    if not patients and not faults:
        faults.append(
            target_fault(where, "no patient", "a target of each patient", "Correct the path.")
        )
    errors = [fault for fault in faults if fault.severity == "error"]
    if errors:
        raise DataError(errors)
    faults += _shared(coordinates, patients, where)
    return Targets(patients, coordinates, tuple(points), where, tuple(faults))


def _of_images(
    found: Sequence[tuple[str, str, Path]],
) -> tuple[tuple[str, ...], list[np.ndarray], list[Fault]]:
    patients, points, faults = [], [], []
    for patient, place, file in found:
        try:
            points.append(_read_image(file))
            patients.append(patient)
        except DataError as error:
            faults += [replace(fault, where=place, patients=(patient,)) for fault in error.faults]
    return tuple(patients), points, faults


def _read_image(file: Path) -> np.ndarray:
    """Return the voxels of the one target of an image, in mm."""
    from nibabel.affines import apply_affine
    from scipy.ndimage import label

    image = load_volume(file)
    values = np.asarray(image.dataobj)
    inside = values > 0
    parts = label(inside, structure=np.ones((3, 3, 3)))[1]
    if parts != 1:
        raise DataError(
            target_fault(
                file.name,
                "no voxel above 0" if not parts else f"{parts} targets apart from each other",
                "one target",
                "Give one image for each target.",
            )
        )
    return np.asarray(apply_affine(image.affine, np.argwhere(inside)), dtype=float)


def load_volume(file: str | Path) -> Any:
    """Load a NIfTI image of three dimensions.

    Raises
    ------
    DataError
        If it is none.
    """
    import nibabel

    met = ""
    try:
        image: Any = nibabel.load(file)
        if len(image.shape) != 3:
            met = f"an image of {len(image.shape)} dimensions"
    except Exception as error:  # nibabel fails in many ways on what is no image
        met = f"it cannot be read ({error})"
    if met:
        raise DataError(
            target_fault(
                Path(file).name, met, "a NIfTI image of three dimensions", "Correct the path."
            )
        )
    return image


def _of_table(
    path: Path, patient_column: str | None
) -> tuple[tuple[str, ...], list[np.ndarray], list[Fault]]:
    sheet = read_sheet(path)
    header = patient_header(sheet, patient_column)
    plain = {name.lower().replace("_", "").replace(" ", ""): name for name in sheet.headers}
    axes = [next((plain[p + a] for p in ("mni", "") if p + a in plain), None) for a in "xyz"]
    if header is None or None in axes:
        raise DataError(
            target_fault(
                sheet.name,
                f"the columns {name_some(sheet.headers, most=8)}",
                "a column of patients, and mni_x, mni_y and mni_z in mm",
                "Rename the columns, or name the column of the patients.",
            )
        )
    patients = tuple(column_text(sheet, header).tolist())
    values, wrong = sheet.numbers([axis for axis in axes if axis is not None], commas=True)
    faults = []
    for k in np.flatnonzero(wrong.any(axis=1) | np.isnan(values).any(axis=1)).tolist():
        faults.append(
            target_fault(
                sheet.name,
                f"no coordinates for patient {patients[k]}",
                "three numbers in mm",
                "Correct the row, or leave the patient out.",
                patients=(patients[k],),
            )
        )
    return patients, [row[None] for row in np.nan_to_num(values)], faults


def _outside(coordinates: np.ndarray, patients: Sequence[str], where: str) -> list[Fault]:
    low, high = np.array(MNI_BOUNDS).T
    wrong = ((coordinates < low) | (coordinates > high)).any(axis=1)
    if not wrong.any():
        return []
    who = tuple(patients[k] for k in np.flatnonzero(wrong).tolist())
    first = coordinates[wrong][0]
    return [
        target_fault(
            where,
            f"a target at ({', '.join(f'{value:g}' for value in first)}) of patient {who[0]}"
            + (f", and of {count_of(len(who) - 1, 'other')}" if len(who) > 1 else ""),
            "coordinates in mm within the MNI template",
            "Check that they are not counts of voxels, nor of the patient's own space.",
            patients=who,
        )
    ]


def _shared(coordinates: np.ndarray, patients: Sequence[str], where: str) -> list[Fault]:
    places = Counter(map(tuple, coordinates.tolist()))
    same = [
        tuple(p for p, c in zip(patients, coordinates.tolist(), strict=True) if tuple(c) == place)
        for place, count in places.items()
        if count > 1
    ]
    if not same:
        return []
    everybody = tuple(patient for group in same for patient in group)
    return [
        Fault(
            where=where,
            met=f"the very same target for patients {name_some(same[0])}"
            + (f" and {count_of(len(same) - 1, 'other group')}" if len(same) > 1 else ""),
            wanted="a target of each patient",
            way_out="Check whether one image was saved under two names; a fixed target is no "
            "feature.",
            summary=f"the very same target for {count_of(len(everybody), 'patient')}",
            patients=everybody,
            severity="warning",
        )
    ]


def target_fault(
    where: str, met: str, wanted: str, way_out: str, patients: tuple[str, ...] = ()
) -> Fault:
    """Return an error about targets, or about a map of them."""
    return Fault(where=where, met=met, wanted=wanted, way_out=way_out, patients=patients)
