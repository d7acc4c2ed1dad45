"""Cohort tables: from a file's cells to patients, every cell checked against its column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stratify.cohort.cells import Reading, read_cells
from stratify.cohort.dictionary import Dictionary
from stratify.cohort.open import read_source
from stratify.cohort.source import Format, Source
from stratify.cohort.values import Cohort
from stratify.errors import DataError, Fault, count_of, did_you_mean, name_some
from stratify.schema import Column
from stratify.sheet import RaggedRow, Sheet


def read_cohort(
    path: str | Path | Source,
    columns: Dictionary | Sequence[Column],
    *,
    name: str | None = None,
    labelled: bool = True,
    format: Format | None = None,
) -> Cohort:
    r"""Read a cohort table, one row a patient, and check every cell against its column.

    Cells are read as text first, so that patient ``007`` keeps its zeros and a level called ``no``
    or ``NA`` is not mistaken for something else. A cell is missing when it is empty or one of
    ``n/a``, ``NA``, ``NaN``, ``NULL``, unless the column's levels hold that word.

    Parameters
    ----------
    path : str, Path or Source
        ``.csv``, ``.tsv`` (both also ``.gz``), ``.parquet`` or ``.xlsx``; a BIDS folder; a REDCap
        export; or what `read_source` made of one.
    columns : Dictionary, or sequence of Column
        What each column means; one of them has the role ``patient``. Columns of the file that are
        not named here are ignored, with a warning.
    name : str, optional
        The cohort's name, for messages and reports; the dictionary's or the file's, without it.
    labelled : bool
        Whether the patients' outcome is known. Without it these are new patients: columns of
        outcomes, and those measured during or after treatment, may be absent, and are then wholly
        missing.
    format : {"table", "bids", "redcap"}, optional
        What the path holds; guessed from it, if not given.

    Returns
    -------
    cohort : Cohort
        A column of the dictionary each, in its order, but for the patient column, which becomes the
        index. Categories without levels get those that were seen, sorted. What was odd but harmless
        is in `Cohort.warnings`.

    Raises
    ------
    DataError
        With every fault of every column and row.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> columns = (Column(name="id", kind="text", role="patient"),
    ...            Column(name="madrs", unit="points", low=0, high=60))
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "cohort.csv"
    ...     _ = path.write_text("id,madrs\n007,31\n008,\n")
    ...     read_cohort(path, columns).frame["madrs"].to_dict()
    {'007': 31.0, '008': nan}
    """
    dictionary = columns if isinstance(columns, Dictionary) else Dictionary(tuple(columns))
    source = path if isinstance(path, Source) else read_source(path, format=format)
    sheet = source.sheet_with(column.name for column in dictionary.columns)
    reading = Reading(sheet, list(sheet.faults), _read_patients(sheet, dictionary))
    reading.faults += _ragged_faults(sheet, dictionary)
    reading.faults += _header_faults(sheet, dictionary, labelled)
    reading.faults += _patient_faults(sheet, dictionary, reading.patients)
    values, kept = {}, []
    for column in dictionary.columns:
        if column.role == "patient":
            continue
        present = column.name in sheet.columns
        cells = read_cells(reading, column) if present else _absent(column, sheet)
        if present and len(sheet) and (labelled or _is_needed(column)):
            reading.note_empty(column, cells)
        if isinstance(cells, pd.Categorical):
            column = replace(column, levels=tuple(cells.categories))
        values[column.name] = cells.array if isinstance(cells, pd.Series) else cells
        kept.append(column)
    errors = [fault for fault in reading.faults if fault.severity == "error"]
    if errors:
        # Where a column is missing, how the file was read may tell why.
        missing = any(column.name not in sheet.columns for column in dictionary.columns)
        how = [fault for fault in sheet.faults if fault.severity == "warning"]
        raise DataError([*errors, *(how if missing else ())])
    return Cohort(
        pd.DataFrame(values, index=pd.Index(reading.patients, name="patient", dtype="str")),
        tuple(kept),
        name or dictionary.name or sheet.name,
        dictionary.simulated,
        tuple(reading.faults),
    )


def _read_patients(sheet: Sheet, dictionary: Dictionary) -> np.ndarray:
    if dictionary.patient.name not in sheet.columns:
        return np.full(len(sheet), "", dtype=object)
    text = sheet.text(dictionary.patient.name)
    return np.where(pd.isna(text), "", text)


def _patient_faults(sheet: Sheet, dictionary: Dictionary, patients: np.ndarray) -> list[Fault]:
    where, faults = f"{sheet.name}: {dictionary.patient.name}", []
    if not len(sheet):
        faults.append(
            Fault(
                where=sheet.name,
                met="a header and no rows",
                wanted="one row a patient",
                way_out="Add the patients.",
            )
        )
    if dictionary.patient.name not in sheet.columns:
        return faults
    empty = np.flatnonzero(patients == "")
    if len(empty):
        faults.append(
            Fault(
                where=where,
                met=f"no identifier in row {name_some(sheet.rows[empty])}",
                wanted="each patient has one",
                way_out="Name the patient, or delete the row.",
                patients=tuple(f"(row {row})" for row in sheet.rows[empty]),
            )
        )
    counts = pd.Series(patients[patients != ""], dtype=object).value_counts(sort=False)
    twice = counts[counts > 1]
    if len(twice):
        some = name_some(f"{patient} in {count} rows" for patient, count in twice.items())
        faults.append(
            Fault(
                where=where,
                met=some,
                wanted="one row a patient",
                way_out="Keep one row of each; visits of one patient are columns of one row.",
                patients=tuple(map(str, twice.index)),
            )
        )
    return faults


def _ragged_faults(sheet: Sheet, dictionary: Dictionary) -> list[Fault]:
    if not sheet.ragged:
        return []
    headers = sheet.headers
    place = headers.index(dictionary.patient.name) if dictionary.patient.name in headers else None

    def who(row: RaggedRow) -> str:
        known = place is not None and place < len(row.cells) and row.cells[place]
        return row.cells[place] if known and place is not None else f"(row {row.row})"

    shown = name_some(
        f"row {row.row} with {count_of(len(row.cells), 'cell')} (patient {who(row)})"
        for row in sheet.ragged
    )
    return [
        Fault(
            where=sheet.name,
            met=shown,
            wanted=f"as many cells in each row as the header has names ({len(headers)})",
            way_out="Look for a delimiter inside a cell (put the cell in quotation marks), or a "
            "cell left out.",
            patients=tuple(who(row) for row in sheet.ragged),
        )
    ]


def _is_needed(column: Column) -> bool:
    """Tell whether a file of new patients must hold a column."""
    after = (
        column.role in ("person", "outcome", "truth", "screen", "ignore")
        or column.measured != "baseline"
    )
    return not after


def _header_faults(sheet: Sheet, dictionary: Dictionary, labelled: bool) -> list[Fault]:
    faults = []
    named = {column.name for column in dictionary.columns}
    spare = [header for header in sheet.headers if header not in named]
    for column in dictionary.columns:
        if column.name not in sheet.columns and (labelled or _is_needed(column)):
            faults.append(
                Fault(
                    where=f"{sheet.name}: {column.name}",
                    met=f"no such column{did_you_mean(column.name, spare)}",
                    wanted="each column that the dictionary names",
                    way_out="Add the column, or correct its name in the dictionary.",
                )
            )
    if spare:
        faults.append(
            Fault(
                where=sheet.name,
                met=f"{count_of(len(spare), 'column')} that the dictionary does not name: "
                f"{name_some(spare)}",
                wanted="only columns with a meaning are used",
                way_out="They are ignored; add them to the dictionary if the study needs them.",
                severity="warning",
            )
        )
    return faults


def _absent(column: Column, sheet: Sheet) -> Any:
    missing = np.full(len(sheet), np.nan)
    if column.kind == "category":
        return pd.Categorical(missing, categories=pd.Index(column.levels, dtype="str"))
    if column.kind == "date":
        return pd.Series(pd.to_datetime(missing)).astype("datetime64[us]")
    return pd.Series(missing, dtype=object).astype("str") if column.kind == "text" else missing
