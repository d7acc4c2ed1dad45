"""Matrix files: a stack of all patients, or one file a patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from stratify.connectome.arrays import as_real, load_arrays, one_array
from stratify.connectome.patient_files import find_patient_files
from stratify.connectome.raw import RawMatrices, Regions, ragged_fault
from stratify.connectome.signals import TEXT_ENDINGS, read_signals
from stratify.errors import DataError, Fault, count_of, name_some
from stratify.sheet import MISSING_WORDS, as_decimal_commas, as_numbers, read_sheet

MATRIX_ENDINGS = (
    ".csv",
    ".tsv",
    ".csv.gz",
    ".tsv.gz",
    ".npy",
    ".mat",
    ".txt",
    ".1d",
    ".pconn.nii",
)

_REGION_ARRAYS = ("regions", "names", "labels", "roi_names", "rois")
_PATIENT_ARRAYS = ("patients", "subjects", "participants", "ids")


def matrices_of_stack(
    path: Path, *, regions: Regions | None, patients: Sequence[str] | None
) -> RawMatrices:
    """Read an ``.npy``, ``.npz`` or ``.mat`` stack, shape (n_patients, n_regions, n_regions).

    MATLAB's stacks have the patients last.
    """
    held = load_arrays(path)
    matrices = held.pop("matrices", None)
    if matrices is None:
        stacks = [array for array in held.values() if array.ndim == 3]
        if len(stacks) != 1:
            raise DataError(
                Fault(
                    where=path.name,
                    met=f"the arrays {name_some(held, most=8)}",
                    wanted="an array called matrices, and perhaps patients and regions",
                    way_out="Save it with numpy.savez(file, matrices=..., patients=..., "
                    "regions=...).",
                )
            )
        matrices = stacks[0]
    if matrices.ndim == 2:
        matrices = matrices[None]
    if path.suffix.lower() == ".mat":
        matrices = _patients_first(path, matrices)
    regions = _agree_on_regions(path, held, regions)
    whose = next((name for name in _PATIENT_ARRAYS if name in held), None)
    names = patients if whose is None else tuple(map(_plain, held[whose].ravel()))
    faults = _stack_faults(path, matrices, regions, names)
    if faults:
        raise DataError(faults)
    assert regions is not None
    assert names is not None
    return RawMatrices(
        as_real(path, matrices),
        tuple(names),
        regions.names,
        networks=regions.networks,
        kind=_word(held, "kind"),
        atlas=_word(held, "atlas"),
        simulated=bool(held.get("simulated", False)),
    )


def _agree_on_regions(
    path: Path, held: dict[str, np.ndarray], given: Regions | None
) -> Regions | None:
    """Return the regions that a stack names in its own order, or else those that were given.

    What was given beside a stack that names its regions may be in any order: networks and places
    are taken by name, and never by position.
    """
    said = next((name for name in _REGION_ARRAYS if name in held), None)
    if said is None:
        return given
    networks = held.get("networks")
    own = Regions(
        tuple(map(str, held[said])),
        None if networks is None else tuple(map(str, networks)),
    )
    if given is None:
        return own
    if all(name.replace(".", "", 1).isdigit() for name in own.names):
        return given  # numbers of regions in an atlas, which the list gives names to
    unknown = [name for name in own.names if name not in set(given.names)]
    if unknown:
        raise DataError(
            Fault(
                where=path.name,
                met=f"{count_of(len(unknown), 'region')} in the stack's own names and not in the "
                f"list of regions: {name_some(unknown)}",
                wanted="a list, in any order, that holds each region the stack names",
                way_out="Correct the list; or save the stack without names, if they are wrong.",
            )
        )
    return own.completed_by(given)


def _word(held: dict[str, np.ndarray], name: str) -> str:
    """Return a text that numpy keeps without dimensions, and MATLAB as a row."""
    return str(np.ravel(held[name])[0]) if name in held and np.size(held[name]) else ""


def _plain(name: object) -> str:
    """Return an identifier as text; MATLAB keeps whole numbers as floating point."""
    return str(int(name)) if isinstance(name, float) and name.is_integer() else str(name)


def _patients_first(path: Path, matrices: np.ndarray) -> np.ndarray:
    """Turn a MATLAB stack of shape (regions, regions, patients)."""
    if matrices.ndim != 3:
        return matrices
    first, second, third = matrices.shape
    if first == second == third:
        raise DataError(
            Fault(
                where=path.name,
                met=f"an array of shape {matrices.shape}, as many patients as regions",
                wanted="a shape that says which axis is the patients'",
                way_out="Save the stack as .npz with numpy.savez(file, matrices=..., "
                "patients=..., regions=...), patients first.",
            )
        )
    return np.moveaxis(matrices, 2, 0) if first == second else matrices


def _stack_faults(
    path: Path, matrices: np.ndarray, regions: Regions | None, patients: Sequence[str] | None
) -> list[Fault]:
    shape = matrices.shape
    if matrices.ndim != 3 or shape[1] != shape[2] or not np.issubdtype(matrices.dtype, np.number):
        return [
            Fault(
                where=path.name,
                met=f"an array of shape {shape} and type {matrices.dtype}",
                wanted="numbers of shape (patients, regions, regions)",
                way_out="Save one square matrix a patient, stacked along the first axis.",
            )
        ]
    faults = []
    for what, names, size in (
        ("region", None if regions is None else regions.names, shape[1]),
        ("patient", patients, shape[0]),
    ):
        if names is None:
            faults.append(
                Fault(
                    where=path.name,
                    met=f"{size} {what}s without their names",
                    wanted=f"the name of each {what}, in the order of the stack",
                    way_out=f"Give {what}s as a list or as a file with one a line, or save them "
                    f"in the .npz as {what}s.",
                )
            )
        elif len(names) != size:
            faults.append(
                Fault(
                    where=path.name,
                    met=f"{size} {what}s in the matrices and {len(names)} names",
                    wanted=f"one name for each {what}, in the order of the stack",
                    way_out=f"Correct the list of {what}s.",
                )
            )
    return faults


@dataclass(eq=False)
class OneFile:
    """One patient's matrix as read, with the names in the file, if it has them."""

    patient: str
    place: str
    matrix: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    faults: list[Fault] = field(default_factory=list)
    assumed: tuple[Fault, ...] = ()

    def tell(self, met: str, wanted: str, way_out: str) -> None:
        """Keep a fault of this file."""
        self.faults.append(
            Fault(
                where=self.place,
                met=f"{met} (patient {self.patient})",
                wanted=wanted,
                way_out=way_out,
                patients=(self.patient,),
            )
        )


def matrices_of_files(path: Path, *, regions: Regions | None) -> RawMatrices:
    """Read one matrix file a patient.

    Parameters
    ----------
    path : Path
        A folder, whose files are named by patient; or a path with ``{patient}`` (or one ``*``)
        where the patient's name stands.
    regions : Regions, optional
        Needed where the files name no regions; otherwise it sets their order.
    """
    found = find_patient_files(path, MATRIX_ENDINGS, what="matrix")
    return read_found_files(found, regions)


def read_found_files(
    found: Sequence[tuple[str, str, Path]], regions: Regions | None
) -> RawMatrices:
    """Read one matrix of each file: its patient, the place in words, and the file."""
    files = [_read_one(place, patient, file, regions) for patient, place, file in found]
    return arrange_all(files, regions)


def arrange_all(files: Sequence[OneFile], regions: Regions | None) -> RawMatrices:
    """Put the matrices of files into one order of regions, and leave the faulty ones out."""
    reference = regions.names if regions is not None else _most_common_names(files)
    for one in files:
        _arrange(one, reference)
    good = [one for one in files if one.matrix is not None]
    shape = (0, len(reference), len(reference))
    return RawMatrices(
        np.stack([one.matrix for one in good if one.matrix is not None])
        if good
        else np.empty(shape),
        tuple(one.patient for one in good),
        reference,
        networks=None if regions is None else regions.networks,
        places=tuple(one.place for one in good),
        faults=(*(fault for one in files for fault in one.faults), *_assumed(files)),
    )


def read_matrix_files(
    found: Sequence[tuple[str, str, Path]], regions: Regions | None
) -> tuple[tuple[str, ...], list[np.ndarray | None], list[Fault]]:
    """Read one matrix of each file, all in the same order of regions.

    Parameters
    ----------
    found : sequence of (str, str, Path)
        The patient, the place in words, and the file.
    regions : Regions, optional
        Needed where the files name no regions; otherwise it sets their order.

    Returns
    -------
    regions : tuple of str
    matrices : list of array or None
        None for a file that cannot be used.
    faults : list of Fault
    """
    files = [_read_one(place, patient, file, regions) for patient, place, file in found]
    reference = regions.names if regions is not None else _most_common_names(files)
    for one in files:
        _arrange(one, reference)
    faults = [*(fault for one in files for fault in one.faults), *_assumed(files)]
    return reference, [one.matrix for one in files], faults


def _assumed(files: Sequence[OneFile]) -> Iterator[Fault]:
    """Tell once what was assumed of many files alike, such as their delimiter or encoding."""
    alike: dict[str, list[tuple[OneFile, Fault]]] = {}
    for one in files:
        for fault in one.assumed:
            alike.setdefault(fault.wanted, []).append((one, fault))
    for found in alike.values():
        count = f" (and in {len(found) - 1:,} more)" if len(found) > 1 else ""
        first, fault = found[0]
        yield replace(fault, where=first.place, met=f"{fault.met}{count}")


def _most_common_names(files: Sequence[OneFile]) -> tuple[str, ...]:
    """Return the regions that most files name, in the order of the first such file."""
    named = [one.names for one in files if one.names is not None]
    if not named:
        return ()
    most, _ = Counter(frozenset(names) for names in named).most_common(1)[0]
    return next(names for names in named if set(names) == most)


def _read_one(place: str, patient: str, file: Path, regions: Regions | None) -> OneFile:
    one = OneFile(patient, place)
    try:
        lower = file.name.lower()
        if lower.endswith(".npy"):
            one.matrix = as_real(file, load_arrays(file)["matrices"])
        elif lower.endswith(".mat"):
            _read_matlab(one, file)
        elif lower.endswith(".pconn.nii"):
            from stratify.connectome.cifti import read_pconn

            one.matrix, one.names = read_pconn(file)
        elif lower.endswith(TEXT_ENDINGS):
            found = read_signals(file)
            one.matrix, one.names = found.values, found.names
        else:
            _read_grid(one, file, regions)
    except DataError as error:
        one.faults += [
            Fault(
                where=place,
                met=f"{fault.met} (patient {patient})",
                wanted=fault.wanted,
                way_out=fault.way_out,
                patients=(patient,),
            )
            for fault in error.faults
        ]
    return one


def _read_matlab(one: OneFile, file: Path) -> None:
    held = load_arrays(file)
    said = next((name for name in _REGION_ARRAYS if name in held), None)
    if said is not None and held[said].dtype.kind == "U":
        one.names = tuple(map(str, held[said]))
    one.matrix = as_real(file, one_array(file, held, dimensions=2))


def _read_grid(one: OneFile, file: Path, regions: Regions | None) -> None:
    """Take a text grid apart into region names, if it has them, and values."""
    sheet = read_sheet(file, header=False)
    one.assumed = tuple(fault for fault in sheet.faults if fault.severity == "warning")
    for fault in ragged_fault(sheet):
        one.tell(fault.met, fault.wanted, fault.way_out)
    if one.faults:
        return
    headers = sheet.headers
    first_row = [sheet.columns[header][0].as_py() for header in headers]
    first_column = sheet.columns[headers[0]]
    known = set() if regions is None else set(regions.names)
    height, width = len(sheet), len(headers)
    # Names may be numbers too, and are then told from values by the list of regions.
    on_top = _are_words(first_row[1:]).any()
    names_on_top = on_top or known in (set(first_row), set(first_row[1:]))
    if not names_on_top and regions is None:
        one.tell(
            "its first row holds numbers",
            "the names of the regions",
            "Write the names as the first row, or give the list of regions.",
        )
        return
    top = left = 0
    rows: list[int] | slice = slice(None)
    if names_on_top:
        top = 1
        down = first_column[1:].to_pylist()
        left = int(height == width or bool(_are_words(down).all()))
        one.names = tuple(first_row[left:])
        if left and sorted(down) != sorted(one.names):
            only = sorted(set(down).symmetric_difference(one.names))
            one.tell(
                f"regions named in the first row or in the first column only: {name_some(only)}",
                "the same regions along both sides",
                "Write the file again with both, or with the first row alone.",
            )
            return
        if left:
            place = {name: k for k, name in enumerate(down)}
            rows = [place[name] for name in one.names]
    columns = {header: sheet.columns[header][top:] for header in headers[left:]}
    body = replace(sheet, columns=columns, rows=sheet.rows[top:])
    values, wrong = (grid[rows] for grid in body.numbers(body.headers, commas=True))
    if wrong.any():
        cells = np.array([column.to_pylist() for column in columns.values()], object).T
        _tell_wrong_cells(one, cells[rows], wrong, regions)
    else:
        one.matrix = values


def _are_words(cells: Sequence[str]) -> np.ndarray:
    """Return which cells are neither numbers nor missing."""
    import pyarrow as pa

    text = pa.array(cells, pa.string())
    words = as_numbers(text)[1]
    return words if as_decimal_commas([text]) is None else np.zeros_like(words)


def _tell_wrong_cells(
    one: OneFile, cells: np.ndarray, wrong: np.ndarray, regions: Regions | None
) -> None:
    i, j = np.argwhere(wrong)[0]
    names = one.names or (regions.names if regions is not None else ())
    at = f" at {names[i]} and {names[j]}" if max(i, j) < len(names) else ""
    more = f" and {wrong.sum() - 1} more" if wrong.sum() > 1 else ""
    one.tell(
        f"{cells[i, j]!r}{at}{more}",
        f"numbers with a decimal point, or {MISSING_WORDS[1]} for a region not covered",
        "Correct the cells.",
    )


def _arrange(one: OneFile, reference: Sequence[str]) -> None:
    """Put a matrix into the order of the regions that everybody shares."""
    if one.matrix is None:
        return
    matrix, one.matrix = one.matrix, None
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        one.tell(
            f"a matrix of shape {matrix.shape}",
            "a square matrix",
            "Write one row and one column for each region.",
        )
    elif one.names is None and not reference:
        one.tell(
            "regions without their names", "the name of each region", "Give the list of regions."
        )
    elif one.names is None:
        if len(matrix) == len(reference):
            one.matrix = matrix
        else:
            one.tell(
                f"{len(matrix)} regions",
                f"the {len(reference)} regions that the others have",
                "Check that the file is of the same atlas.",
            )
    elif len(set(one.names)) < len(one.names):
        twice = sorted({name for name in one.names if one.names.count(name) > 1})
        one.tell(
            f"regions named twice: {name_some(twice)}",
            "each region once",
            "Rename or delete all but one of each.",
        )
    elif set(one.names) != set(reference):
        lacking = sorted(set(reference) - set(one.names))
        strange = sorted(set(one.names) - set(reference))
        parts = [
            f"{word} {name_some(names)}"
            for word, names in (("without", lacking), ("with", strange))
            if names
        ]
        one.tell(
            " and ".join(parts),
            f"the {len(reference)} regions that the others have",
            "Check that the file is of the same atlas; write n/a for a region not covered.",
        )
    else:
        order = [one.names.index(name) for name in reference]
        one.matrix = matrix[np.ix_(order, order)]
