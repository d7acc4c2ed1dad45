"""Answers to items: taken from a table, and refused by patient and item where they cannot be."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

import numpy as np
import pandas as pd

from stratify.errors import DataError, Fault, did_you_mean
from stratify.instruments.values import Instrument, Item


def read_answers(
    instrument: Instrument, items: pd.DataFrame, *, name: str = "items"
) -> pd.DataFrame:
    """Return the answers to an instrument's items as numbers.

    Parameters
    ----------
    instrument : Instrument
    items : DataFrame, shape (n_rows, n_columns)
        Indexed by patient (or by patient and visit), with a column for each item. Other columns
        are not looked at. Numbers, booleans, numbers written as text, and the instrument's own
        codes are understood; empty cells are missing.
    name : str
        What messages call the table.

    Returns
    -------
    answers : DataFrame of float64, shape (n_rows, n_items)
        NaN where an answer is missing or not assessed.

    Raises
    ------
    DataError
        With one fault for each item that has answers out of range, and for each item without a
        column.
    """
    faults = list(_column_faults(instrument, items, name))
    if faults:
        raise DataError(faults)
    answers = {}
    for item in instrument.items:
        answers[item.name], found = read_cells(
            item, items[item.name], f"{name}: {item.name}", instrument.short_name
        )
        faults += found
    if faults:
        raise DataError(faults)
    return pd.DataFrame(answers, index=items.index)


def read_cells(
    item: Item, cells: pd.Series, where: str, short_name: str
) -> tuple[np.ndarray, list[Fault]]:
    """Return one column's answers as numbers, and the fault of those out of range."""
    values, unread = _as_numbers(item, cells)
    wrong = unread | (~np.isnan(values) & ~_are_answers(item, values))
    if not wrong.any():
        return values, []
    shown = np.where(unread, cells.astype(object), values)
    met, patients = tell_rows(cells.index, wrong, shown)
    weight = f" (its weight of {item.weight:g} is applied by scoring)" if item.weight != 1 else ""
    return values, [
        Fault(
            where=where,
            met=met,
            wanted=f"an answer of the {short_name} is here {item.describe()}{weight}"
            + _whole_hint(item, values, wrong & ~unread),
            way_out="Correct the rows, or leave them empty to mark them missing.",
            patients=patients,
        )
    ]


def name_rows(index: pd.Index) -> tuple[np.ndarray, np.ndarray]:
    """Return, for each row, its patient and what a message calls it: ``"P01"``, ``"P01 week 6"``.

    Returns
    -------
    patients, shown : array of str, shape (n_rows,)
    """
    if isinstance(index, pd.MultiIndex):
        shown = [" ".join(map(str, _tuple(row))) for row in index]
        patients = index.get_level_values("patient" if "patient" in index.names else 0)
    else:
        shown, patients = [str(row) for row in index], index
    return np.array([str(one) for one in patients], object), np.array(shown, object)


def _tuple(row: Hashable) -> Iterable[object]:
    return row if isinstance(row, tuple) else (row,)


def tell_rows(
    index: pd.Index, wrong: np.ndarray, cells: np.ndarray | None = None
) -> tuple[str, tuple[str, ...]]:
    """Say which rows are concerned: the first three by name, with their cells, and all patients.

    Examples
    --------
    >>> index = pd.Index(["P01", "P02", "P03"])
    >>> tell_rows(index, np.array([True, False, True]), np.array([7.0, 2.0, 9.0]))
    ('2 rows: 7 for patient P01, 9 for patient P03', ('P01', 'P03'))
    """
    places = np.flatnonzero(wrong)
    patients, shown = name_rows(index[places])
    if cells is None:
        some = [f"patient {who}" for who in shown[:3]]
    else:
        some = [
            f"{_show(cell)} for patient {who}"
            for cell, who in zip(cells[places[:3]], shown[:3], strict=True)
        ]
    many = f"{len(places):,} rows: " if len(places) > 1 else ""
    more = f" and {len(places) - 3:,} more" if len(places) > 3 else ""
    return f"{many}{', '.join(some)}{more}", tuple(dict.fromkeys(patients))


def _show(cell: object) -> str:
    return f"{cell:g}" if isinstance(cell, int | float | np.number) else repr(str(cell))


def _column_faults(instrument: Instrument, items: pd.DataFrame, name: str) -> Iterable[Fault]:
    for item in instrument.items:
        count = int((items.columns == item.name).sum())
        if count == 1:
            continue
        spare = [str(column) for column in items.columns if column not in instrument.item_names]
        yield Fault(
            where=f"{name}: {item.name}",
            met=f"{count} columns of that name"
            if count
            else f"no such column{did_you_mean(item.name, spare)}",
            wanted=f"one column for each of the {len(instrument.items)} items of the "
            f"{instrument.short_name}",
            way_out="Rename or add the column; leave cells empty where an answer is missing.",
        )


def _as_numbers(item: Item, cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return answers as numbers, NaN where missing, and where a cell could not be read as one."""
    if pd.api.types.is_numeric_dtype(cells.dtype) or pd.api.types.is_bool_dtype(cells.dtype):
        values = cells.to_numpy(dtype=float, na_value=np.nan)
        unread = np.zeros(len(cells), bool)
    else:
        codes = {"": None, **dict(item.codes)}
        text = cells.astype(object).map(lambda cell: _read_cell(cell, codes))
        values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        unread = np.isnan(values) & text.notna().to_numpy()
    return np.where(np.isin(values, item.not_assessed), np.nan, values), unread


def _read_cell(cell: object, codes: Mapping[str, float | None]) -> object:
    if isinstance(cell, bool | int | float | np.bool_ | np.integer | np.floating):
        return float(cell)
    if not isinstance(cell, str):
        # Dates and whatever else is no answer stay text, so that they are refused as they stand.
        return None if cell is None or cell is pd.NA or cell is pd.NaT else str(cell)
    text = cell.strip()
    return codes.get(text, text)


def _whole_hint(item: Item, values: np.ndarray, wrong: np.ndarray) -> str:
    broken = item.whole and np.isfinite(values[wrong]).all()
    return ", in whole numbers" if broken and (values[wrong] % 1 != 0).any() else ""


def _are_answers(item: Item, values: np.ndarray) -> np.ndarray:
    high = np.inf if item.high is None else item.high
    fine = np.isfinite(values) & (values >= item.low) & (values <= high)
    if item.values:
        fine &= np.isin(values, item.values)
    if item.whole:
        fine &= np.where(np.isfinite(values), values, 0.5) % 1 == 0
    return fine
