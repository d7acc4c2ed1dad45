"""Text tables: commas, tabs, semicolons, packed or not."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stratify.dialect import decode
from stratify.errors import DataError, Fault, count_of
from stratify.sheet.naming import make_fault, make_sheet
from stratify.sheet.values import RaggedRow, Repeated, Sheet


def read_text(path: Path, delimiter: str, header: bool, repeated: Repeated) -> Sheet:
    """Read a text table, and tell what had to be assumed or put right."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as arrow_csv

    text = decode(path.name, _read_bytes(path), delimiter)
    data, delimiter = text.data, text.delimiter
    first = _first_row(path, data, delimiter, header)
    names = [str(k) for k in range(len(first))]
    ragged: list[RaggedRow] = []

    def set_aside(row: Any) -> str:
        if row.text.strip():
            cells = next(csv.reader([row.text], delimiter=delimiter), [])
            ragged.append(RaggedRow(row.number, tuple(cell.strip() for cell in cells)))
        else:
            blank.append(row.number)
        return "skip"

    blank: list[int] = []
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(data),
            # Row numbers are told only by a reader that works in one thread.
            read_options=arrow_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=min(len(data) + 1, 1 << 26)
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=set_aside,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise DataError(
            make_fault(
                path,
                f"the table cannot be taken apart ({error})",
                "rows of cells, quoted where a cell holds a quotation mark or a line break",
                "Open the file in a spreadsheet and save it again.",
            )
        ) from None
    columns = [pc.utf8_trim_whitespace(column).combine_chunks() for column in table.itercolumns()]
    faults = [*text.faults, *_unclosed_quote(path, data, columns)]
    if b'="' in data:
        columns = _without_formulas(path, columns, faults)
    taken = {row.row for row in ragged} | set(blank)
    if header and 1 in taken:
        raise DataError(
            make_fault(
                path,
                "a first row that cannot be taken apart",
                "the names of the columns",
                "Look for quotation marks in the names, and take them away.",
            )
        )
    numbers = np.array([k for k in range(1, len(table) + len(taken) + 1) if k not in taken])
    columns, numbers = _with_trailing_delimiters(path, columns, numbers, ragged, faults)
    faults += _narrow_header(path, len(columns), len(numbers) - header, ragged)
    ragged = [RaggedRow(row.row + text.skipped, row.cells) for row in ragged]
    numbers = numbers + text.skipped
    return make_sheet(path.name, columns, numbers, header, tuple(ragged), tuple(faults), repeated)


def _with_trailing_delimiters(
    path: Path,
    columns: list[Any],
    numbers: np.ndarray,
    ragged: list[RaggedRow],
    faults: list[Fault],
) -> tuple[list[Any], np.ndarray]:
    """Put back the rows whose only cells too many are empty ones at their end."""
    import pyarrow as pa

    width = len(columns)
    mended = [row for row in ragged if len(row.cells) > width and not any(row.cells[width:])]
    if not mended:
        return columns, numbers
    ragged[:] = [row for row in ragged if row not in mended]
    order = np.argsort([*numbers, *(row.row for row in mended)])
    faults.append(
        Fault(
            where=path.name,
            met=f"{count_of(len(mended), 'row')} with delimiters after the last cell",
            wanted=f"as many cells in each row as the header has names ({width})",
            way_out="Nothing stands behind them, and they were passed over.",
            severity="warning",
        )
    )
    joined = [
        pa.concat_arrays([column, pa.array([row.cells[k] for row in mended], pa.string())])
        for k, column in enumerate(columns)
    ]
    return [column.take(pa.array(order)) for column in joined], np.sort(
        np.array([*numbers, *(row.row for row in mended)])
    )


def _without_formulas(path: Path, columns: list[Any], faults: list[Fault]) -> list[Any]:
    """Read ``="007"``, by which spreadsheets are made to keep zeros, as 007."""
    import pyarrow.compute as pc

    formula = r'^="([^"]*)"$'
    count = sum(
        pc.sum(pc.match_substring_regex(column, formula)).as_py() or 0 for column in columns
    )
    if not count:
        return columns
    faults.append(
        Fault(
            where=path.name,
            met=f'{count_of(count, "cell")} written as a formula, such as ="007"',
            wanted="the text alone",
            way_out="They were read as the text in them.",
            severity="warning",
        )
    )
    return [pc.replace_substring_regex(column, formula, r"\1") for column in columns]


def _narrow_header(path: Path, width: int, rows: int, ragged: Sequence[RaggedRow]) -> list[Fault]:
    """Tell of a title, or nothing, where the names should be: most rows have more cells."""
    widths = Counter(len(row.cells) for row in ragged if len(row.cells) > width)
    most, count = max(widths.items(), key=lambda pair: pair[1], default=(0, 0))
    if count <= max(1, rows):
        return []
    return [
        make_fault(
            path,
            f"{count_of(width, 'name')} in the first row, and {most} cells in "
            f"{count_of(count, 'row')} below",
            "the names of the columns in the first row",
            "Delete the lines above the names; or look for quotation marks that are none.",
        )
    ]


def _read_bytes(path: Path) -> bytes:
    data = path.read_bytes()
    if path.name.lower().endswith(".gz"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(
                make_fault(
                    path,
                    f"no whole gzip file ({error})",
                    "a .gz file is packed by gzip",
                    "Copy the file again, or unpack it and give the unpacked one.",
                )
            ) from None
    return data


def _first_row(path: Path, data: bytes, delimiter: str, header: bool) -> list[str]:
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8", newline="")
    rows = csv.reader(text, delimiter=delimiter)
    first = next(rows, []) if header else next(filter(None, rows), [])
    if not data.strip() or (header and not any(cell.strip() for cell in first)):
        met = "the file is empty" if not data.strip() else "the first row is empty"
        raise DataError(
            make_fault(
                path,
                met,
                "a header and rows",
                "Give the file with its table, the column names in its first row.",
            )
        )
    return first


def _unclosed_quote(path: Path, data: bytes, columns: Sequence[Any]) -> tuple[Fault, ...]:
    import pyarrow.compute as pc

    if data.count(b'"') % 2 == 0:
        return ()
    if not any(pc.any(pc.match_substring(column, "\n")).as_py() for column in columns):
        return ()
    return (
        make_fault(
            path,
            "a quotation mark is opened and never closed, so rows after it are lost in one cell",
            "quotation marks come in pairs",
            "Close it, or take it away; then check that every row is there.",
        ),
    )
