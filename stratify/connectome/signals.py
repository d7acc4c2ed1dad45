"""The signals of one scan: a table, an array, or a CIFTI file, with the names of its regions."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stratify.connectome.arrays import as_real, load_arrays, one_array
from stratify.dialect import read_decimal_commas
from stratify.errors import DataError, Fault, name_some
from stratify.sheet import MISSING_WORDS, read_sheet

TABLE_ENDINGS = (".tsv", ".csv", ".tsv.gz", ".csv.gz")
TEXT_ENDINGS = (".1d", ".txt", ".1d.gz", ".txt.gz")
ARRAY_ENDINGS = (".npy", ".mat")
SIGNAL_ENDINGS = (*TABLE_ENDINGS, ".1d", ".txt", *ARRAY_ENDINGS, ".ptseries.nii")

_NOT_REGIONS = ("", "file", "sub-brick", "time", "volume", "index", "unnamed: 0")
"""What tables of signals have beside regions: counters of volumes, and AFNI's own columns."""


@dataclass(frozen=True, eq=False)
class Signals:
    """What one file of signals holds.

    Parameters
    ----------
    values : array, shape (n_volumes, n_columns)
        NaN where a cell is missing.
    names : tuple of str, or None
        The names of the columns, where the file has them.
    seconds : float, optional
        Between two volumes, where the file says it.
    """

    values: np.ndarray
    names: tuple[str, ...] | None = None
    seconds: float | None = None


def read_signals(file: Path) -> Signals:
    """Read the columns of numbers of one file: signals of regions, or framewise displacement.

    Parameters
    ----------
    file : Path
        ``.tsv`` or ``.csv`` (also ``.gz``), with a header of names or without; ``.1D`` or ``.txt``,
        parted by blanks or commas, whose last line of comment may hold the names; ``.npy`` or
        ``.mat`` with one array of shape (n_volumes, n_columns); ``.ptseries.nii``.

    Raises
    ------
    DataError
        If it cannot be read as columns of numbers.
    """
    lower = file.name.lower()
    if lower.endswith(TABLE_ENDINGS):
        return _of_table(file)
    if lower.endswith(".ptseries.nii"):
        from stratify.connectome.cifti import read_ptseries

        return read_ptseries(file)
    if lower.endswith(ARRAY_ENDINGS):
        return _of_array(file)
    return _of_text(file)


def _of_table(file: Path) -> Signals:
    sheet = read_sheet(file, header=False)
    errors = [fault for fault in sheet.faults if fault.severity == "error"]
    if errors or sheet.ragged:
        rows = name_some(f"row {row.row}" for row in sheet.ragged)
        raise DataError(
            errors
            or _fault(
                file,
                f"{rows} with more or fewer cells than the first row",
                "as many cells in each row",
                "Write the file again; a row was cut off or holds a delimiter too many.",
            )
        )
    first = [str(column[0].as_py()).strip() for column in sheet.columns.values()]
    if all(map(_is_number, first)) or read_decimal_commas(first) is not None:
        kept, names, body = list(sheet.headers), None, sheet
    else:
        named = dict(zip(sheet.headers, first, strict=True))
        kept = [header for header in sheet.headers if named[header].lower() not in _NOT_REGIONS]
        names = tuple(named[header] for header in kept)
        columns = {header: sheet.columns[header][1:] for header in kept}
        body = replace(sheet, columns=columns, rows=sheet.rows[1:])
    values, wrong = body.numbers(kept, commas=True)
    if wrong.any():
        row, column = (int(place) for place in np.argwhere(wrong)[0])
        cell = body.columns[kept[column]][row].as_py()
        raise DataError(_no_number(file, cell, row, column, names))
    return Signals(values, names)


def _no_number(
    file: Path, cell: str, row: int, column: int, names: tuple[str, ...] | None
) -> Fault:
    at = f" of {names[column]}" if names else f" of column {column + 1}"
    return _fault(
        file,
        f"{cell!r} in row {row + 1}{at}",
        f"numbers, or {MISSING_WORDS[1]}",
        "Correct the cell.",
    )


def _of_cells(file: Path, cells: np.ndarray) -> Signals:
    """Part a grid of text into names, if its first row is no numbers, and values."""
    names: tuple[str, ...] | None = None
    if any(not _is_number(cell) for cell in cells[0]):
        names, cells = tuple(str(cell).strip() for cell in cells[0]), cells[1:]
        kept = [k for k, name in enumerate(names) if name.lower() not in _NOT_REGIONS]
        names, cells = tuple(names[k] for k in kept), cells[:, kept]
    try:
        values = np.where(_is_missing(cells), "nan", cells).astype(float)
    except ValueError:
        row, column = next(at for at in np.ndindex(cells.shape) if not _is_number(cells[at]))
        raise DataError(_no_number(file, str(cells[row, column]), row, column, names)) from None
    return Signals(values, names)


def _is_missing(cells: np.ndarray) -> np.ndarray:
    return np.isin(cells.astype(str), MISSING_WORDS)


def _is_number(cell: object) -> bool:
    text = str(cell).strip()
    if text in MISSING_WORDS[1:]:
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True


def _of_text(file: Path) -> Signals:
    """Read AFNI's and MATLAB's plain text: blanks, tabs or commas, comments after ``#``."""
    try:
        data = file.read_bytes()
        text = (gzip.decompress(data) if file.name.lower().endswith(".gz") else data).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            _fault(file, f"it cannot be read as text ({error})", "columns of numbers", _AGAIN)
        ) from None
    comments = [line[1:] for line in text.splitlines() if line.startswith("#")]
    rows = [_split(line) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not rows or len({len(row) for row in rows}) > 1:
        raise DataError(
            _fault(
                file,
                "no row" if not rows else "rows of different lengths",
                "as many numbers in each row",
                _AGAIN,
            )
        )
    found = _of_cells(file, np.array(rows, dtype=object))
    if found.names is None and comments:
        named = [part.lstrip("#") for part in _split(comments[-1])]
        if len(named) == found.values.shape[1] and not all(map(_is_number, named)):
            kept = [k for k, name in enumerate(named) if name.lower() not in _NOT_REGIONS]
            return Signals(found.values[:, kept], tuple(named[k] for k in kept))
    return found


def _split(line: str) -> list[str]:
    return [part.strip() for part in line.split(",")] if "," in line else line.split()


def _of_array(file: Path) -> Signals:
    values = one_array(file, load_arrays(file), dimensions=2)
    return Signals(as_real(file, values))


_AGAIN = "Copy the file again, or write it again."


def _fault(file: Path, met: str, wanted: str, way_out: str) -> Fault:
    return Fault(where=file.name, met=met, wanted=wanted, way_out=way_out)
