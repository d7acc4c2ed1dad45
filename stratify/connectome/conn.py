"""The results of CONN's first level: MATLAB files with one matrix a subject."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from stratify.connectome.arrays import as_real, load_arrays
from stratify.connectome.raw import RawMatrices, Wanted
from stratify.errors import DataError, Fault, count_of, name_some

ALL_SUBJECTS = re.compile(r"resultsROI_Condition(?P<condition>\d+)\.mat")
ONE_SUBJECT = re.compile(r"resultsROI_Subject(?P<subject>\d+)_Condition(?P<condition>\d+)\.mat")


def matrices_of_conn(path: Path, wanted: Wanted) -> RawMatrices:
    """Read ``resultsROI_*.mat`` files of one condition.

    CONN numbers its subjects and names none, so a list of patients in the order of the project is
    needed. Values are Fisher z; of the targets, those that are sources too are kept, which come
    first. Coordinates and degrees of freedom are taken where the file has them.

    Parameters
    ----------
    path : Path
        One file with all subjects, or the folder of the analysis.
    wanted : Wanted
    """
    files = _find(path, wanted)
    regions: tuple[str, ...] = ()
    coordinates = None
    stacks, freedom = [], []
    for file in files:
        held = load_arrays(file)
        z, names = _require_results(file, held)
        if regions and names != regions:
            raise DataError(
                _fault(file, "other regions than the other files have", "the same regions")
            )
        regions = names
        coordinates = _coordinates(held, len(names))
        stacks.append(z)
        freedom.append(np.ravel(held.get("DOF", np.array([]))))
    matrices = np.concatenate(stacks)
    subjects = _subject_numbers(files, len(matrices))
    patients = _require_patients(path, subjects, wanted)
    degrees = np.concatenate(freedom)
    quality = None
    if len(degrees) == len(patients):
        quality = pd.DataFrame(
            {"degrees_of_freedom": degrees.astype(float)}, index=pd.Index(patients, name="patient")
        )
    return RawMatrices(
        matrices,
        patients,
        regions,
        kind="fisher z",
        producer="CONN",
        places=tuple(f"{path.name}: subject {number}" for number in subjects),
        quality=quality,
        coordinates=coordinates,
    )


def _find(path: Path, wanted: Wanted) -> list[Path]:
    """Return the file of all subjects, or those of each subject in their order."""
    if not path.is_dir():
        return [path]
    asked = wanted.entities.get("condition")
    for pattern in (ALL_SUBJECTS, ONE_SUBJECT):
        named = {file: pattern.fullmatch(file.name) for file in sorted(path.iterdir())}
        found = {file: int(match["condition"]) for file, match in named.items() if match}
        if asked is not None:
            found = {
                file: number for file, number in found.items() if str(number) == asked.lstrip("0")
            }
        conditions = sorted(set(found.values()))
        if len(conditions) > 1:
            raise DataError(
                Fault(
                    where=path.name,
                    met=f"results of the conditions {name_some(conditions, most=10)}",
                    wanted="one condition",
                    way_out=f'Choose one, such as entities = {{condition = "{conditions[0]}"}}.',
                )
            )
        if found:
            return list(found)
    raise DataError(
        Fault(
            where=path.name,
            met="no resultsROI_Condition*.mat" + (f" of condition {asked}" if asked else ""),
            wanted="the folder of a first-level analysis, results/firstlevel/ANALYSIS",
            way_out="Correct the path.",
        )
    )


def _require_results(file: Path, held: dict[str, np.ndarray]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return Fisher z as (n_subjects, n_regions, n_regions), and the regions."""
    z, names = held.get("Z"), held.get("names")
    if z is None or names is None or names.dtype.kind != "U" or z.ndim not in (2, 3):
        raise DataError(
            _fault(file, f"the arrays {name_some(held, most=8)}", "Z and names, as CONN saves them")
        )
    regions = tuple(str(name).strip() for name in np.ravel(names))
    stack = z[:, :, None] if z.ndim == 2 else z
    if stack.shape[0] != len(regions) or stack.shape[1] < len(regions):
        raise DataError(
            _fault(
                file,
                f"Z of shape {z.shape} with {count_of(len(regions), 'name')}",
                "a row for each source, and a column for each target",
            )
        )
    targets = held.get("names2")
    if targets is not None and tuple(str(t).strip() for t in np.ravel(targets)[: len(regions)]) != (
        regions
    ):
        raise DataError(
            _fault(file, "targets in another order than the sources", "the sources come first")
        )
    square = np.moveaxis(stack[:, : len(regions)], 2, 0)
    return as_real(file, square), regions


def _coordinates(held: dict[str, np.ndarray], regions: int) -> np.ndarray | None:
    xyz = held.get("xyz")
    if xyz is None or xyz.ndim != 2 or xyz.shape[1] != 3 or len(xyz) < regions:
        return None
    return np.asarray(xyz[:regions], dtype=float)


def _subject_numbers(files: list[Path], count: int) -> list[int]:
    matches = [ONE_SUBJECT.fullmatch(file.name) for file in files]
    if all(matches):
        return [int(match["subject"]) for match in matches if match]
    return list(range(1, count + 1))


def _require_patients(path: Path, subjects: list[int], wanted: Wanted) -> tuple[str, ...]:
    """Return the patient of each subject: by its number, or by the order of the list."""
    by_file = wanted.by_file
    if by_file is not None:
        by_number = {_number(name): patient for name, patient in by_file.items()}
        lacking = [number for number in subjects if number not in by_number]
        if not lacking:
            return tuple(by_number[number] for number in subjects)
        met = f"no patient for subject {name_some(lacking)}"
    elif wanted.patients is None:
        met = f"{count_of(len(subjects), 'subject')} by number, without the patients' names"
    elif len(wanted.patients) == len(subjects):
        return wanted.patients
    else:
        met = f"{len(subjects)} subjects, and a list of {count_of(len(wanted.patients), 'patient')}"
    raise DataError(
        Fault(
            where=path.name,
            met=met,
            wanted="the patient of each subject, since CONN keeps their order and no names",
            way_out="Give patients: one a line in the order of the CONN project, or a table with "
            "the columns subject (its number) and patient.",
        )
    )


def _number(name: str) -> int | None:
    digits = re.fullmatch(r"\D*0*(\d+)", name)
    return int(digits[1]) if digits else None


def _fault(file: Path, met: str, wanted: str) -> Fault:
    return Fault(
        where=file.name,
        met=met,
        wanted=wanted,
        way_out="Give resultsROI_Condition001.mat of CONN's first level, or the folder that "
        "holds resultsROI_Subject001_Condition001.mat and the others.",
    )
