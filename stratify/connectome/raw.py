"""Matrices as they stand in files, before they are checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault, count_of, did_you_mean, name_some
from stratify.sheet import Sheet, read_sheet

PATIENT_HEADERS = ("patient", "participant_id")
FILE_HEADERS = ("file", "subject", "name")
REGION_HEADERS = ("region", "name", "label", "labels")
NETWORK_HEADER = "network"
HUB_HEADER = "hub"
COORDINATE_HEADERS = ("x", "y", "z")


@dataclass(frozen=True, eq=False)
class RawMatrices:
    """What the files of a study hold: matrices and labels, nothing checked but their shape.

    Parameters
    ----------
    matrices : array, shape (n_patients, n_regions, n_regions)
    patients, regions : tuple of str
    networks : tuple of str, optional
        As the file names them, in the order of ``regions``.
    has_diagonal : bool
        Whether the diagonal was in the file.
    kind, atlas : str
        As the file states them; empty, where it does not.
    simulated : bool
    places : tuple of str
        The file each patient's matrix came from, where there is one for each.
    quality : DataFrame, indexed by patient, optional
        Columns among `stratify.connectome.QUALITY`.
    producer, band : str
        What wrote the files, with its version; the band of frequencies. Empty where unknown.
    coordinates : array, shape (n_regions, 3), optional
        The centre of each region, in mm.
    faults : tuple of Fault
    hubs : tuple of str, optional
        As the file names them, in the order of ``regions``.
    """

    matrices: np.ndarray
    patients: tuple[str, ...]
    regions: tuple[str, ...]
    networks: tuple[str, ...] | None = None
    has_diagonal: bool = True
    kind: str = ""
    atlas: str = ""
    simulated: bool = False
    places: tuple[str, ...] = ()
    quality: pd.DataFrame | None = None
    producer: str = ""
    band: str = ""
    coordinates: np.ndarray | None = None
    faults: tuple[Fault, ...] = ()
    hubs: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is wanted of files that hold more than one thing, or that do not say what they hold.

    Parameters
    ----------
    kind, atlas, separator, patient_column
        As `read_connectomes` takes them.
    regions : Regions, optional
    patients : tuple of str, optional
        In the order of a stack.
    by_file : mapping of str to str, optional
        The patient of what the files call each.
    known : frozenset of str
        The cohort's patients.
    session, run, band : str, optional
    entities : mapping of str to str
        What else tells the files of a patient apart, as their names say it.
    repetition_time, fd_threshold : float, optional
    motion : Path, optional
    """

    kind: str | None = None
    atlas: str = ""
    separator: str = "~"
    patient_column: str | None = None
    regions: Regions | None = None
    patients: tuple[str, ...] | None = None
    by_file: Mapping[str, str] | None = None
    known: frozenset[str] = frozenset()
    session: str | None = None
    run: str | None = None
    band: str | None = None
    entities: Mapping[str, str] = field(default_factory=dict)
    repetition_time: float | None = None
    fd_threshold: float | None = None
    motion: Path | None = None


@dataclass(frozen=True, eq=False)
class Regions:
    """Region names in their order, with networks, hubs and centres that were given along.

    Parameters
    ----------
    names : tuple of str
    networks, hubs : tuple of str, optional
    coordinates : array, shape (n_regions, 3), optional
        In mm of the atlas's space; NaN where a cell is empty.
    """

    names: tuple[str, ...]
    networks: tuple[str, ...] | None = None
    hubs: tuple[str, ...] | None = None
    coordinates: np.ndarray | None = None

    def completed_by(self, other: Regions) -> Regions:
        """Return these regions, with what they lack taken by name from others that hold them."""
        if not set(self.names) <= set(other.names):
            return self
        order = [other.names.index(name) for name in self.names]
        found: dict[str, Any] = {
            field: tuple(getattr(other, field)[k] for k in order)
            for field in ("networks", "hubs")
            if getattr(self, field) is None and getattr(other, field) is not None
        }
        if self.coordinates is None and other.coordinates is not None:
            found["coordinates"] = other.coordinates[order]
        return replace(self, **found)


def read_regions(given: str | Path | Sequence[str]) -> Regions:
    """Return region names from a list, or from a file.

    Parameters
    ----------
    given : path, or sequence of str
        A file has one name a line; or it is a CSV or TSV table with a column ``region`` (or
        ``name``, ``label``) and perhaps columns ``network``, ``hub``, and ``x``, ``y`` and ``z``
        in millimetres.
    """
    if not isinstance(given, str | Path):
        return Regions(tuple(map(str, given)))
    path = Path(given)
    if _is_table(path):
        sheet = read_sheet(path)
        for header in REGION_HEADERS:
            if header in sheet.columns:
                return Regions(
                    _column(sheet, header),
                    _column(sheet, NETWORK_HEADER) if NETWORK_HEADER in sheet.columns else None,
                    _column(sheet, HUB_HEADER) if HUB_HEADER in sheet.columns else None,
                    _coordinates(sheet, header),
                )
    return Regions(_read_lines(path, "region", REGION_HEADERS))


def _coordinates(sheet: Sheet, names: str) -> np.ndarray | None:
    if not set(COORDINATE_HEADERS) <= set(sheet.columns):
        return None
    values, wrong = sheet.numbers(list(COORDINATE_HEADERS), commas=True)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        header = COORDINATE_HEADERS[column]
        raise DataError(
            Fault(
                where=f"{sheet.name}: {header}",
                met=f"{sheet.text(header)[row]!r} for region {sheet.text(names)[row]}",
                wanted="millimetres, or an empty cell",
                way_out="Correct the cell.",
            )
        )
    return values


@dataclass(frozen=True)
class PatientNames:
    """Whose matrix is whose: by their order, or by what the files call them."""

    names: tuple[str, ...]
    by_file: Mapping[str, str] | None = None


def read_patients(given: str | Path | Sequence[str] | Mapping[str, str]) -> PatientNames:
    """Return patient identifiers in their order, or by what the files call the patients.

    Parameters
    ----------
    given : path, sequence of str, or mapping of str to str
        A file has one identifier a line; or it is a CSV or TSV table with a column ``patient`` or
        ``participant_id`` and perhaps a column ``file`` (or ``subject``): what the connectivity
        files call each patient.
    """
    if isinstance(given, Mapping):
        return PatientNames(tuple(map(str, given.values())), dict(given))
    if not isinstance(given, str | Path):
        return PatientNames(tuple(map(str, given)))
    path = Path(given)
    if _is_table(path):
        sheet = read_sheet(path)
        for header in PATIENT_HEADERS:
            if header in sheet.columns:
                names = _column(sheet, header)
                called = next((one for one in FILE_HEADERS if one in sheet.columns), None)
                return PatientNames(
                    names, None if called is None else _by_file(sheet, called, names)
                )
    return PatientNames(_read_lines(path, "patient", PATIENT_HEADERS))


def _by_file(sheet: Sheet, header: str, names: Sequence[str]) -> dict[str, str]:
    called = _column(sheet, header)
    twice = [name for name in called if called.count(name) > 1]
    if twice:
        raise DataError(
            Fault(
                where=f"{sheet.name}: {header}",
                met=f"{name_some(dict.fromkeys(twice))} more than once",
                wanted="each file's patient once",
                way_out="Keep one row of each.",
            )
        )
    return dict(zip(called, names, strict=True))


def _is_table(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))


def _column(sheet: Sheet, header: str) -> tuple[str, ...]:
    return tuple("" if cell is None else cell for cell in sheet.text(header, missing=("",)))


def _read_lines(path: Path, what: str, headers: Sequence[str]) -> tuple[str, ...]:
    met = ""
    try:
        lines = [line.strip() for line in path.read_text("utf-8-sig").splitlines()]
    except FileNotFoundError:
        met = "no such file"
    except (OSError, UnicodeDecodeError):
        met = "it cannot be read as text"
    else:
        if _is_table(path) and any("," in line or "\t" in line for line in lines):
            met = "none of its columns is called " + " or ".join(headers)
    if met:
        raise DataError(
            Fault(
                where=path.name,
                met=met,
                wanted=f"one {what} a line, or a table with a column {headers[0]}",
                way_out="Correct the path, or the file.",
            )
        )
    return tuple(line for line in lines if line)


def patient_header(sheet: Sheet, asked: str | None) -> str | None:
    """Return the header of the patients, asked for or known by name; None without one.

    Raises
    ------
    DataError
        If the header asked for is not there.
    """
    if asked is None:
        return next((header for header in PATIENT_HEADERS if header in sheet.columns), None)
    if asked not in sheet.columns:
        raise DataError(
            Fault(
                where=sheet.name,
                met=f"no column {asked!r}{did_you_mean(asked, sheet.headers)}; the first are "
                f"{name_some(sheet.headers)}",
                wanted="the column of the patients' identifiers",
                way_out="Correct the name of the patient column.",
            )
        )
    return asked


def column_text(sheet: Sheet, header: str) -> np.ndarray:
    """Return identifiers or names from a sheet, empty where a cell is."""
    text = sheet.text(header, missing=("",))
    return np.where([cell is None for cell in text], "", text)


def ragged_fault(sheet: Sheet) -> tuple[Fault, ...]:
    """Tell of the rows that do not fit a sheet's header."""
    if not sheet.ragged:
        return ()
    rows = name_some(
        f"row {row.row} with {count_of(len(row.cells), 'cell')}" for row in sheet.ragged
    )
    return (
        Fault(
            where=sheet.name,
            met=rows,
            wanted=f"as many cells in each row as in the first ({len(sheet.columns)})",
            way_out="Write the file again; a row was cut off or holds a delimiter too many.",
        ),
    )


def wrong_cells(
    sheet: Sheet, wrong: np.ndarray, patients: np.ndarray, headers: Sequence[str]
) -> tuple[Fault, ...]:
    """Tell of the cells that are no numbers."""
    if not wrong.any():
        return ()
    rows, columns = np.nonzero(wrong)
    some = name_some(
        (
            f"{sheet.text(headers[column])[row]!r} at {headers[column]} for patient {patients[row]}"
            for row, column in zip(rows[:3].tolist(), columns[:3].tolist(), strict=True)
        ),
        total=len(rows),
    )
    return (
        Fault(
            where=sheet.name,
            met=some,
            wanted="numbers with a decimal point, or an empty cell for a region not covered",
            way_out="Correct the cells.",
            patients=tuple(dict.fromkeys(str(patients[row]) for row in rows)),
        ),
    )
