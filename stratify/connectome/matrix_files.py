"""Matrix files: a stack of all patients, or one file a patient."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from stratify.connectome.raw import RawMatrices, Regions, ragged_fault
from stratify.errors import DataError, Fault, name_some
from stratify.sheet import MISSING_WORDS, read_sheet

MATRIX_SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".npy")


def matrices_of_stack(
    path: Path, *, regions: Regions | None, patients: Sequence[str] | None
) -> RawMatrices:
    """Read an ``.npy`` or ``.npz`` stack, shape (n_patients, n_regions, n_regions)."""
    held = _load(path)
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
    if regions is None and "regions" in held:
        networks = held.get("networks")
        regions = Regions(
            tuple(map(str, held["regions"])),
            None if networks is None else tuple(map(str, networks)),
        )
    names = tuple(map(str, held["patients"])) if "patients" in held else patients
    faults = _stack_faults(path, matrices, regions, names)
    if faults:
        raise DataError(faults)
    assert regions is not None
    assert names is not None
    return RawMatrices(
        matrices.astype(float),
        tuple(names),
        regions.names,
        networks=regions.networks,
        kind=str(held.get("kind", "")),
        atlas=str(held.get("atlas", "")),
        simulated=bool(held.get("simulated", False)),
    )


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy warns of headers written by old versions
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {"matrices": loaded}
            return {key: loaded[key] for key in loaded.files}
    except FileNotFoundError:
        met, way_out = "no such file", "Correct the path."
    except Exception as error:  # numpy fails in a dozen ways on a damaged file
        met = f"it cannot be read ({error})"
        way_out = (
            "Save the names as text: numpy.array(names, dtype=str)."
            if "allow_pickle" in str(error)
            else "Copy the file again, or write it again."
        )
    raise DataError(
        Fault(
            where=path.name,
            met=met,
            wanted="arrays of numbers and text, saved by numpy",
            way_out=way_out,
        )
    )


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
class _OneFile:
    """One patient's matrix as read, with the names in the file, if it has them."""

    patient: str
    place: str
    matrix: np.ndarray | None = None
    names: tuple[str, ...] | None = None
    faults: list[Fault] = field(default_factory=list)
    assumed: tuple[Fault, ...] = ()

    def tell(self, met: str, wanted: str, way_out: str) -> None:
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
    files = [_read_one(place, patient, file, regions) for patient, place, file in _find(path)]
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


def _assumed(files: Sequence[_OneFile]) -> Iterator[Fault]:
    """Tell once what was assumed of many files alike, such as their delimiter or encoding."""
    alike: dict[str, list[tuple[_OneFile, Fault]]] = {}
    for one in files:
        for fault in one.assumed:
            alike.setdefault(fault.wanted, []).append((one, fault))
    for found in alike.values():
        count = f" (and in {len(found) - 1:,} more)" if len(found) > 1 else ""
        first, fault = found[0]
        yield replace(fault, where=first.place, met=f"{fault.met}{count}")


def _most_common_names(files: Sequence[_OneFile]) -> tuple[str, ...]:
    """Return the regions that most files name, in the order of the first such file."""
    named = [one.names for one in files if one.names is not None]
    if not named:
        return ()
    most, _ = Counter(frozenset(names) for names in named).most_common(1)[0]
    return next(names for names in named if set(names) == most)


def _find(path: Path) -> list[tuple[str, str, Path]]:
    """Return the patient, the place in words, and the file, for each file."""
    pattern = str(path)
    if path.is_dir():
        found = [
            (_without_suffix(file), f"{path.name}/{file.name}", file)
            for file in sorted(path.iterdir())
            if file.name.lower().endswith(MATRIX_SUFFIXES) and not file.name.startswith(".")
        ]
    else:
        if "{patient}" not in pattern:
            pattern = pattern.replace("*", "{patient}", 1)
        found = _match(pattern)
    if not found:
        raise DataError(
            Fault(
                where=path.name,
                met="no file of this pattern"
                if "{patient}" in pattern
                else f"no file that ends in {', '.join(MATRIX_SUFFIXES)}",
                wanted="one matrix file a patient, named by patient",
                way_out="Correct the path; {patient} stands where the patient's name is, as in "
                "sub-{patient}_relmat.tsv.",
            )
        )
    return found


def _without_suffix(file: Path) -> str:
    name = file.name.removesuffix(".gz")
    return name[: name.rindex(".")]


def _match(pattern: str) -> list[tuple[str, str, Path]]:
    parts = Path(pattern).parts
    fixed = next(k for k, part in enumerate(parts) if "{patient}" in part or "*" in part)
    root, below = Path(*parts[:fixed]), parts[fixed:]
    expression = ""
    for piece in re.split(r"(\{patient\}|\*)", "/".join(below)):
        if piece == "{patient}":
            named = "(?P<patient>" in expression
            expression += "(?P=patient)" if named else "(?P<patient>[^/]+?)"
        else:
            expression += "[^/]*" if piece == "*" else re.escape(piece)
    found = []
    for file in sorted(root.glob("/".join(below).replace("{patient}", "*"))):
        relative = file.relative_to(root).as_posix()
        match = re.fullmatch(expression, relative)
        if match and file.is_file():
            found.append((match["patient"], relative, file))
    return found


def _read_one(place: str, patient: str, file: Path, regions: Regions | None) -> _OneFile:
    one = _OneFile(patient, place)
    try:
        if file.name.lower().endswith(".npy"):
            one.matrix = np.asarray(_load(file)["matrices"], dtype=float)
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


def _read_grid(one: _OneFile, file: Path, regions: Regions | None) -> None:
    """Take a text grid apart into region names, if it has them, and values."""
    sheet = read_sheet(file, header=False)
    one.assumed = tuple(fault for fault in sheet.faults if fault.severity == "warning")
    for fault in ragged_fault(sheet):
        one.tell(fault.met, fault.wanted, fault.way_out)
    if one.faults:
        return
    values, wrong = sheet.numbers(sheet.headers)
    cells = np.array([sheet.columns[header].to_pylist() for header in sheet.headers], object).T
    known = set() if regions is None else set(regions.names)
    height, width = values.shape
    # Names may be numbers too, and are then told from values by the list of regions.
    names_on_top = wrong[0, 1:].any() or known in (set(cells[0]), set(cells[0, 1:]))
    if not names_on_top and regions is None:
        one.tell(
            "its first row holds numbers",
            "the names of the regions",
            "Write the names as the first row, or give the list of regions.",
        )
        return
    if names_on_top:
        names_down = height == width or bool(wrong[1:, 0].all())
        left, down = int(names_down), cells[1:, 0].tolist()
        one.names = tuple(cells[0, left:])
        if names_down and sorted(down) != sorted(one.names):
            only = sorted(set(down).symmetric_difference(one.names))
            one.tell(
                f"regions named in the first row or in the first column only: {name_some(only)}",
                "the same regions along both sides",
                "Write the file again with both, or with the first row alone.",
            )
            return
        rows = [down.index(name) for name in one.names] if names_down else slice(None)
        values, wrong, cells = (grid[1:, left:][rows] for grid in (values, wrong, cells))
    if wrong.any():
        _tell_wrong_cells(one, cells, wrong, regions)
    else:
        one.matrix = values


def _tell_wrong_cells(
    one: _OneFile, cells: np.ndarray, wrong: np.ndarray, regions: Regions | None
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


def _arrange(one: _OneFile, reference: Sequence[str]) -> None:
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
