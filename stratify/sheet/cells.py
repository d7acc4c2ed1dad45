"""Cells as text and as numbers, whatever their type in the file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stratify.dialect import read_decimal_commas

MISSING_WORDS = ("", "n/a", "N/A", "NA", "NaN", "nan", "NULL", "null")
"""What stands for a missing value, in any column whose levels do not hold that very word."""


def as_text(column: Any) -> Any:
    """Return an arrow array of any plain type as trimmed text, null where it is null.

    Whole numbers are written without a point, so that patient 7 is ``"7"`` in every format.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_large_string(kind):
        return pc.utf8_trim_whitespace(column.cast(pa.string()))
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "true", "false")
    if pa.types.is_floating(kind):
        values = column.to_numpy(zero_copy_only=False).astype(float)
        return pa.array([None if np.isnan(v) else write_number(v) for v in values], pa.string())
    return column.cast(pa.string())


def as_numbers(
    column: Any, *, missing: Iterable[str] = MISSING_WORDS
) -> tuple[np.ndarray, np.ndarray]:
    """Return an arrow array as ``float64`` with NaN for missing, and where it is no number."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        numbers = pc.cast(column, pa.float64(), safe=False)
        return numbers.to_numpy(zero_copy_only=False).astype(float), np.zeros(len(column), bool)
    text = as_known(as_text(column), missing)
    try:
        values = pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False).astype(float)
    except pa.ArrowInvalid:
        # Each distinct cell once: a column of many rows has few of them.
        coded = pc.dictionary_encode(text)
        cells = pd.Series(coded.dictionary.to_numpy(zero_copy_only=False), dtype=object)
        distinct = np.asarray(pd.to_numeric(cells, errors="coerce"), float)
        codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        values = np.append(distinct, np.nan)[codes]
    return values, np.isnan(values) & pc.is_valid(text).to_numpy(zero_copy_only=False)


def as_decimal_commas(
    columns: Sequence[Any], missing: Iterable[str] = MISSING_WORDS
) -> np.ndarray | None:
    """Return the cells of arrow arrays, one after another, as numbers with decimal commas.

    None where one of them has none such, or may mean something else.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pa.concat_arrays([as_known(as_text(column), missing) for column in columns])
    coded = pc.dictionary_encode(text)
    distinct = read_decimal_commas(coded.dictionary.to_pylist())
    if distinct is None:
        return None
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    return np.append(distinct, np.nan)[codes]


def as_known(text: Any, missing: Iterable[str]) -> Any:
    """Return an arrow array of text, null where a word stands for a missing value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    absent = pc.is_in(text, value_set=pa.array(list(missing), pa.string()))
    return pc.if_else(absent, pa.scalar(None, pa.string()), text)


def write_number(value: float) -> str:
    """Write a number as text, a whole one without a point."""
    whole = float(value).is_integer() and abs(value) < 2**53
    return str(int(value)) if whole else repr(float(value))
