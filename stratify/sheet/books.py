"""Spreadsheets and Parquet files."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path

import numpy as np

from stratify.errors import DataError, Fault, count_of, name_some
from stratify.sheet.cells import write_number
from stratify.sheet.naming import make_fault, make_sheet, name_columns
from stratify.sheet.values import RaggedRow, Repeated, Sheet


def read_parquet(path: Path) -> Sheet:
    """Read a Parquet file; cells keep their type."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            make_fault(
                path,
                f"no Parquet file ({error})",
                "a whole Parquet file",
                "Copy the file again, or write it again.",
            )
        ) from None
    columns, faults = [], []
    for name, column in zip(table.column_names, table.itercolumns(), strict=True):
        if pa.types.is_nested(column.type):
            faults.append(
                make_fault(
                    path,
                    f"column {name} holds lists or records",
                    "one value a cell",
                    "Write each part of it as a column of its own.",
                )
            )
            column = pa.chunked_array([pa.nulls(len(table), pa.string())])
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if pa.types.is_null(column.type) or pa.types.is_large_string(column.type):
            column = column.cast(pa.string())
        if pa.types.is_string(column.type):
            column = pc.utf8_trim_whitespace(column)
        columns.append(column.combine_chunks())
    names = [name.strip() for name in table.column_names]
    rows = np.arange(2, len(table) + 2)
    sheet = name_columns(path.name, names, columns, rows, (), tuple(faults))
    return Sheet(sheet.name, sheet.columns, sheet.rows, (), table.schema.metadata, sheet.faults)


def read_xlsx(path: Path, header: bool, repeated: Repeated) -> Sheet:
    """Read the first sheet of a workbook, formulas by their last result."""
    import openpyxl
    import pyarrow as pa

    try:
        with warnings.catch_warnings():
            # openpyxl warns of validations and styles that it does not keep; we only read values.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                names = book.sheetnames
                page = book.worksheets[0]
                page.reset_dimensions()
                grid = [
                    [_cell_text(cell) for cell in row] for row in page.iter_rows(values_only=True)
                ]
            finally:
                book.close()
    except Exception as error:  # a damaged workbook fails in zip, XML or openpyxl itself
        raise DataError(
            make_fault(
                path,
                f"no spreadsheet that can be read ({error})",
                "an .xlsx workbook",
                "Open it in a spreadsheet program and save it again as .xlsx.",
            )
        ) from None
    faults = list(_uncomputed_formulas(path))
    if len(names) > 1:
        faults.append(
            Fault(
                where=path.name,
                met=f"{len(names)} sheets: {name_some(names)}",
                wanted=f"one sheet is read, the first: {names[0]}",
                way_out="Move the table to the first sheet, if it is another.",
                severity="warning",
            )
        )
    for row in grid:
        while row and not row[-1]:
            row.pop()
    if not any(grid) or (header and not grid[0]):
        raise DataError(
            make_fault(
                path,
                "the first row of the first sheet is empty",
                "a header and rows",
                "Put the column names in the first row.",
            )
        )
    width = len(grid[0]) if header else max(map(len, grid))
    ragged = tuple(
        RaggedRow(k, tuple(row)) for k, row in enumerate(grid, start=1) if len(row) > width
    )
    kept = [(k, row) for k, row in enumerate(grid, start=1) if len(row) <= width]
    cells = [row + [""] * (width - len(row)) for _, row in kept]
    columns = [pa.array(column, pa.string()) for column in zip(*cells, strict=True)]
    rows = np.array([k for k, _ in kept])
    return make_sheet(path.name, columns, rows, header, ragged, tuple(faults), repeated)


def _uncomputed_formulas(path: Path) -> Iterable[Fault]:
    """Tell of formulas saved without their result, which would read as empty cells."""
    with zipfile.ZipFile(path) as parts:
        pages = sorted(p for p in parts.namelist() if p.startswith("xl/worksheets/sheet"))
        page = parts.read(pages[0]) if pages else b""
    if b"<f" not in page:
        return
    cells = re.findall(
        rb'<c r="([A-Z]+\d+)"[^>]*>\s*<f[^>]*?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?'
        rb"\s*</c>",
        page,
    )
    if cells:
        yield make_fault(
            path,
            f"{count_of(len(cells), 'formula')} without a result: "
            f"{name_some(cell.decode() for cell in cells)}",
            "values, or formulas that were computed when the file was saved",
            "Open it in a spreadsheet program and save it again, so that results are stored.",
        )


def _cell_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return write_number(cell)
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell).strip()
