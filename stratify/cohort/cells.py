"""The cells of each kind of column, read and held against what the column means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from stratify.cohort.booleans import read_boolean_words
from stratify.cohort.spelling import match_numbers, merge_numbers
from stratify.dialect import read_written_numbers
from stratify.errors import Fault, count_of, did_you_mean, name_some
from stratify.schema import Column
from stratify.sheet import MISSING_WORDS, Sheet

_ISO_DATE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?$"


@dataclass(eq=False)
class Reading:
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


def _missing_words(column: Column) -> list[str]:
    return [word for word in MISSING_WORDS if word not in column.levels]


def _read_number(reading: Reading, column: Column) -> np.ndarray:
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


def _written_otherwise(reading: Reading, column: Column, cells: int, how: str) -> Fault:
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


def _read_boolean(reading: Reading, column: Column) -> np.ndarray:
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


def _read_category(reading: Reading, column: Column) -> pd.Categorical:
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


def _read_date(reading: Reading, column: Column) -> pd.Series:
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


def _read_text(reading: Reading, column: Column) -> pd.Series:
    return pd.Series(reading.sheet.text(column.name), dtype="str")


def read_cells(reading: Reading, column: Column) -> Any:
    """Return a column's cells as its kind wants them, and tell those that cannot be so."""
    return _READERS[column.kind](reading, column)


_READERS: dict[str, Callable[[Reading, Column], Any]] = {
    "number": _read_number,
    "boolean": _read_boolean,
    "category": _read_category,
    "date": _read_date,
    "text": _read_text,
}
