"""Cohort tables: from a file's cells to patients, every cell checked against its column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stratify.cohort.booleans import read_boolean_words
from stratify.cohort.dictionary import Dictionary
from stratify.cohort.open import read_source
from stratify.cohort.source import Format, Source
from stratify.cohort.spelling import match_numbers, merge_numbers
from stratify.cohort.values import Cohort
from stratify.dialect import read_written_numbers
from stratify.errors import DataError, Fault, count_of, did_you_mean, name_some
from stratify.schema import Column
from stratify.sheet import MISSING_WORDS, RaggedRow, Sheet

_ISO_DATE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$"


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
    reading = _Reading(sheet, list(sheet.faults), _read_patients(sheet, dictionary))
    reading.faults += _ragged_faults(sheet, dictionary)
    reading.faults += _header_faults(sheet, dictionary, labelled)
    reading.faults += _patient_faults(sheet, dictionary, reading.patients)
    values, kept = {}, []
    for column in dictionary.columns:
        if column.role == "patient":
            continue
        present = column.name in sheet.columns
        cells = _READERS[column.kind](reading, column) if present else _absent(column, sheet)
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


@dataclass(eq=False)
class _Reading:
    """One file on its way to a cohort, and what was found wrong so far."""

    sheet: Sheet
    faults: list[Fault]
    patients: np.ndarray
    who: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        rows = [f"(row {row})" for row in self.sheet.rows]
        self.who = np.where(self.patients == "", rows, self.patients)

    def tell(
        self,
        column: Column,
        wrong: np.ndarray,
        cells: Callable[[], np.ndarray],
        *,
        wanted: str,
        way_out: str,
        what: str = "",
    ) -> None:
        """Add one fault for all the cells of a column that are wrong in the same way."""
        places = np.flatnonzero(wrong)
        if not len(places):
            return
        shown = [
            f"{cell!r} for patient {who}"
            if isinstance(cell, str)
            else f"{cell:g} for patient {who}"
            for cell, who in zip(cells()[places[:3]], self.who[places[:3]], strict=True)
        ]
        many = f"{len(places):,} rows{what}: " if len(places) > 1 else ""
        more = f" and {len(places) - 3:,} more" if len(places) > 3 else ""
        self.faults.append(
            Fault(
                where=f"{self.sheet.name}: {column.name}",
                met=f"{many}{', '.join(shown)}{more}",
                wanted=wanted,
                way_out=way_out,
                patients=tuple(map(str, self.who[places])),
            )
        )

    def respell(
        self, column: Column, words: tuple[str, ...], read_as: Mapping[str, str]
    ) -> tuple[str, ...]:
        """Read ``1.0`` as the level ``1``, and warn of it."""
        if read_as:
            shown = name_some(f"{word!r} as {level!r}" for word, level in read_as.items())
            self.faults.append(
                Fault(
                    where=f"{self.sheet.name}: {column.name}",
                    met=f"levels written as other numbers: {shown}",
                    wanted=f"{column.words} is written as its levels are",
                    way_out="They were read as the levels they equal.",
                    severity="warning",
                )
            )
        return tuple(read_as.get(word, word) for word in words)

    def note_empty(self, column: Column, values: Any) -> None:
        """Warn of a column without a single value."""
        if pd.isna(values).all():
            self.faults.append(
                Fault(
                    where=f"{self.sheet.name}: {column.name}",
                    met="every cell is empty",
                    wanted="a value for some patients at least",
                    way_out="Fill the column, or take it out of the dictionary.",
                    severity="warning",
                )
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


def _missing_words(column: Column) -> list[str]:
    return [word for word in MISSING_WORDS if word not in column.levels]


def _read_number(reading: _Reading, column: Column) -> np.ndarray:
    table, mask = reading.sheet.numbers([column.name], missing=_missing_words(column))
    values, wrong = table[:, 0], mask[:, 0]

    def cells() -> np.ndarray:
        return reading.sheet.text(column.name)

    if wrong.any():
        codes, distinct = reading.sheet.coded(column.name)
        meant = read_written_numbers(distinct)
        if meant is not None:
            written = np.append(meant[0], np.nan)[codes]
            # In another convention 1.234 may be a number of its own, so all cells count.
            changed = int((wrong | (values != written) & ~np.isnan(written)).sum())
            reading.faults.append(_written_otherwise(reading, column, changed, meant[1]))
            values, wrong = written, np.zeros(len(wrong), dtype=bool)
    unit = f" {column.unit}" if column.unit else ""
    way_out = "Correct the row, or leave it empty to mark it missing."
    if wrong.any():
        comma = any("," in text for text in cells()[wrong][:3])
        reading.tell(
            column,
            wrong,
            cells,
            wanted=f"{column.words} is a number{' of' + unit if unit else ''}",
            way_out="Write a point for a decimal comma, and no commas between thousands; which of "
            "the two is meant cannot be told."
            if comma
            else "Write the number alone, or leave the cell empty to mark it missing.",
        )
    infinite = np.isinf(values)
    reading.tell(
        column, infinite, lambda: values, wanted=f"{column.words} is finite", way_out=way_out
    )
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    outside = ((values < low) | (values > high)) & ~infinite
    reading.tell(
        column,
        outside,
        lambda: values,
        wanted=f"{column.words} {_span(low, high)}{unit}",
        way_out=way_out,
        what=" out of range",
    )
    return values


def _written_otherwise(reading: _Reading, column: Column, cells: int, how: str) -> Fault:
    return Fault(
        where=f"{reading.sheet.name}: {column.name}",
        met=f"{how} in {count_of(cells, 'cell')}",
        wanted="numbers with a decimal point",
        way_out="They were read as such numbers; nothing else in the column can be meant.",
        severity="warning",
    )


def _span(low: float, high: float) -> str:
    if low > -np.inf and high < np.inf:
        return f"runs from {low:g} to {high:g}"
    return f"is at least {low:g}" if low > -np.inf else f"is at most {high:g}"


def _read_boolean(reading: _Reading, column: Column) -> np.ndarray:
    missing = _missing_words(column)
    codes, words = reading.sheet.coded(column.name, missing=missing)
    words = reading.respell(column, words, match_numbers(words, column.levels))
    meaning = read_boolean_words(column.levels)
    means = [meaning.get(word, meaning.get(word.lower(), np.nan)) for word in words]
    values = np.array([*means, np.nan])[codes]
    no, yes = column.levels or ("no", "yes")
    reading.tell(
        column,
        np.isnan(values) & (codes >= 0),
        lambda: reading.sheet.text(column.name, missing=missing),
        wanted=f"{column.words} is {no} or {yes}",
        way_out="Correct the rows, give the two words as levels, or make it a category.",
    )
    return values


def _read_category(reading: _Reading, column: Column) -> pd.Categorical:
    missing = _missing_words(column)
    codes, words = reading.sheet.coded(column.name, missing=missing)
    written = match_numbers(words, column.levels) if column.levels else merge_numbers(words)
    words = reading.respell(column, words, written)
    levels = column.levels or tuple(sorted(set(words)))
    place = {level: k for k, level in enumerate(levels)}
    places = np.array([*(place.get(word, -1) for word in words), -1])[codes]
    wrong = (places < 0) & (codes >= 0)
    if wrong.any():
        hint = did_you_mean(words[codes[wrong][0]], levels)
        reading.tell(
            column,
            wrong,
            lambda: reading.sheet.text(column.name, missing=missing),
            wanted=f"{column.words} is one of {name_some(levels, most=8)}{hint}",
            way_out="Correct the rows, or add the level to the dictionary.",
        )
    return pd.Categorical.from_codes(places, categories=pd.Index(levels, dtype="str"))


def _read_date(reading: _Reading, column: Column) -> pd.Series:
    text = pd.Series(reading.sheet.text(column.name), dtype="str")
    iso = text.where(text.str.match(_ISO_DATE, na=False))
    values = pd.to_datetime(iso, format="ISO8601", errors="coerce").astype("datetime64[us]")
    reading.tell(
        column,
        (values.isna() & text.notna()).to_numpy(),
        lambda: text.to_numpy(dtype=object),
        wanted=f"{column.words} is a date written year-month-day, such as 2024-03-01",
        way_out="Write the dates so, or leave the cell empty to mark it missing.",
    )
    return values


def _read_text(reading: _Reading, column: Column) -> pd.Series:
    return pd.Series(reading.sheet.text(column.name), dtype="str")


_READERS: dict[str, Callable[[_Reading, Column], Any]] = {
    "number": _read_number,
    "boolean": _read_boolean,
    "category": _read_category,
    "date": _read_date,
    "text": _read_text,
}
