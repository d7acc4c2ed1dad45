"""Which files of a folder are a REDCap export, its data dictionary and its arms."""

from __future__ import annotations

import contextlib
import csv
import io
from dataclasses import dataclass
from pathlib import Path

from stratify.cohort.redcap.fields import API_HEADERS, DICTIONARY_HEADERS, read_dictionary
from stratify.cohort.redcap.headers import CHECKBOX, EVENT, INSTANCE, INSTRUMENT, make_key
from stratify.dialect import DELIMITER_NAMES
from stratify.errors import DataError, Fault, count_of, name_some

_ARMS = ["arm_num", "name"]
_OF_SETUP = (
    _ARMS,
    ["event_name", "arm_num"],
    ["arm_num", "unique_event_name"],
    ["unique_event_name", "form"],
    ["form_name", "custom_form_label"],
)
"""The first names of the files REDCap writes of a project's setup, none of which holds patients."""


@dataclass(frozen=True, slots=True)
class RedcapFiles:
    """The files of one export.

    Parameters
    ----------
    data : Path
    dictionary, arms : Path or None
    """

    data: Path
    dictionary: Path | None
    arms: Path | None


def find_redcap(data: str | Path, dictionary: str | Path | None) -> RedcapFiles:
    """Find the exported table, and its data dictionary beside it where that is not given.

    Raises
    ------
    DataError
        If a folder holds several of one, or no table.
    """
    data = Path(data)
    folder = data if data.is_dir() else data.parent
    files = sorted(folder.glob("*.csv"))
    found = [file for file in files if is_dictionary(file)]
    if dictionary is not None:
        described: Path | None = Path(dictionary)
    elif len(found) > 1:
        raise DataError(
            Fault(
                where=str(folder),
                met=f"{len(found)} data dictionaries: {name_some(f.name for f in found)}",
                wanted="one beside the export",
                way_out="Move the others away, or name the one that is meant.",
            )
        )
    else:
        described = found[0] if found else None
    arms = next((file for file in files if _first_row(file)[:2] == _ARMS), None)
    if not data.is_dir():
        return RedcapFiles(data, described, arms)
    tables = [file for file in files if file not in found and file != described]
    tables = [file for file in tables if _first_row(file)[:2] not in _OF_SETUP]
    if len(tables) != 1:
        beside = "" if described is None else " beside the data dictionary"
        raise DataError(
            Fault(
                where=str(folder),
                met=f"{count_of(len(tables), 'table')}{beside}"
                + (f": {name_some(file.name for file in tables)}" if tables else ""),
                wanted="one exported table",
                way_out="Name the exported CSV itself."
                if tables
                else "Put the export (Data Exports, CSV raw data) beside it.",
            )
        )
    return RedcapFiles(tables[0], described, arms)


def is_dictionary(path: Path) -> bool:
    """Tell whether a CSV file is a REDCap data dictionary, by its first names."""
    first = _first_row(path)[:2]
    return first in (list(DICTIONARY_HEADERS[:2]), list(API_HEADERS[:2]))


def is_redcap(path: Path) -> bool:
    """Tell whether a path is a REDCap export: by its own columns, or a dictionary beside it."""
    if path.is_dir():
        files = sorted(path.glob("*.csv"))
        return any(is_dictionary(file) or _has_own_columns(file) for file in files)
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    if _has_own_columns(path):
        return True
    return not is_dictionary(path) and any(
        is_dictionary(file) and bool(_names_in(file) & {*map(make_key, _first_row(path)[:1])})
        for file in sorted(path.parent.glob("*.csv"))
    )


def _has_own_columns(path: Path) -> bool:
    """Tell whether a table has the columns of events or repeats, or boxes that were ticked."""
    header = _first_row(path)
    own = {*EVENT, *INSTRUMENT, *INSTANCE} & set(header)
    boxes = [name for name in header if CHECKBOX.match(name)]
    return bool(own and header[1:2] and header[1] in own) or len(boxes) > 1


def _first_row(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            start = file.read(100_000).decode("utf-8-sig", errors="replace")
    except OSError:
        return []
    # A project may export with another delimiter, and a label may hold a line end.
    rows = []
    for delimiter in DELIMITER_NAMES:
        with contextlib.suppress(csv.Error):
            rows.append(next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), []))
    return max(rows, key=len, default=[])


def _names_in(dictionary: Path) -> set[str]:
    try:
        fields, _ = read_dictionary(dictionary)
    except DataError:
        return set()
    return set(fields) | {make_key(one.label) for one in fields.values()}
