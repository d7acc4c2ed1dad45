"""A table as it stands in a file: headers and cells, before anybody says what they mean."""

from __future__ import annotations

import csv
import gzip
import io
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from stratify.dialect import decode
from stratify.errors import DataError, Fault, count_of, name_some

MISSING_WORDS = ("", "n/a", "N/A", "NA", "NaN", "nan", "NULL", "null")
"""What stands for a missing value, in any column whose levels do not hold that very word."""

DELIMITERS = {".csv": ",", ".tsv": "\t"}
TABLE_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".xlsx")

Repeated = Literal["refused", "numbered"]

_CELLS_AT_ONCE = 10_000_000


@dataclass(frozen=True, slots=True)
class RaggedRow:
    """A row with more or fewer cells than the header.

    Parameters
    ----------
    row : int
        Its number as a spreadsheet counts, the header being row 1.
    cells : tuple of str
    """

    row: int
    cells: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Sheet:
    """The cells of a table file. CSV, TSV and XLSX cells are text; Parquet cells keep their type.

    Make one with `read_sheet`.

    Parameters
    ----------
    name : str
        The file's name.
    columns : mapping of str to arrow array
        The cells below each header; text is trimmed. Of a header given twice, the first.
    rows : array of int
        Each row's number as a spreadsheet counts, the header being row 1.
    ragged : tuple of RaggedRow
        Rows that were left out because they do not fit the header.
    metadata : mapping of bytes to bytes
        What a Parquet file says of itself.
    faults : tuple of Fault
    numbered : mapping of str to str
        Headers that the file has several times, each under the name with a number it has here.
    """

    name: str
    columns: Mapping[str, Any]
    rows: np.ndarray
    ragged: tuple[RaggedRow, ...] = ()
    metadata: Mapping[bytes, bytes] | None = None
    faults: tuple[Fault, ...] = ()
    numbered: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def tell_ragged(self, way_out: str) -> tuple[Fault, ...]:
        """Return the fault of the rows that do not fit the header, if there are any."""
        if not self.ragged:
            return ()
        rows = (f"row {row.row} with {count_of(len(row.cells), 'cell')}" for row in self.ragged)
        wanted = f"as many cells in each row as the header has names ({len(self.headers)})"
        return (Fault(where=self.name, met=name_some(rows), wanted=wanted, way_out=way_out),)

    def title(self, header: str) -> str:
        """Return what the file itself calls a column."""
        return self.numbered.get(header, header)

    @property
    def headers(self) -> tuple[str, ...]:
        """The names of the columns, in the order of the file."""
        return tuple(self.columns)

    def text(self, header: str, *, missing: Iterable[str] = MISSING_WORDS) -> np.ndarray:
        """Return one column's cells as text.

        Returns
        -------
        text : array of object, shape (n_rows,)
            Strings, and None where a cell is missing.
        """
        return _known(as_text(self.columns[header]), missing).to_numpy(zero_copy_only=False)

    def coded(
        self, header: str, *, missing: Iterable[str] = MISSING_WORDS
    ) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return one column's cells as numbers of the words in it.

        Returns
        -------
        codes : array of int, shape (n_rows,)
            Where the cell's word stands in ``words``; -1 where a cell is missing.
        words : tuple of str
        """
        import pyarrow.compute as pc

        coded = pc.dictionary_encode(_known(as_text(self.columns[header]), missing))
        codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        return codes, tuple(coded.dictionary.to_pylist())

    def numbers(
        self, headers: Sequence[str], *, missing: Iterable[str] = MISSING_WORDS
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the cells of some columns as numbers.

        Returns
        -------
        values : array of float, shape (n_rows, n_headers)
            NaN where a cell is missing, or is no number.
        wrong : array of bool, shape (n_rows, n_headers)
            Where a cell is neither missing nor a number.
        """
        import pyarrow as pa

        columns = [self.columns[header] for header in headers]
        values = np.empty((len(self), len(headers)))
        wrong = np.zeros((len(self), len(headers)), dtype=bool)
        # Columns of one type are converted many at once: edges come in tens of thousands.
        of_one_type = len({column.type for column in columns}) == 1
        step = max(1, _CELLS_AT_ONCE // max(1, len(self))) if of_one_type else 1
        for k in range(0, len(columns), step):
            part = columns[k : k + step]
            one = pa.concat_arrays(part) if len(part) > 1 else part[0]
            found, bad = as_numbers(one, missing=missing)
            values[:, k : k + step] = found.reshape(len(part), len(self)).T
            wrong[:, k : k + step] = bad.reshape(len(part), len(self)).T
        return values, wrong


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
        return pa.array([None if np.isnan(v) else _number_text(v) for v in values], pa.string())
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
    text = _known(as_text(column), missing)
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


def _known(text: Any, missing: Iterable[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    absent = pc.is_in(text, value_set=pa.array(list(missing), pa.string()))
    return pc.if_else(absent, pa.scalar(None, pa.string()), text)


def read_sheet(path: str | Path, *, header: bool = True, repeated: Repeated = "refused") -> Sheet:
    """Read a table file without giving its cells a meaning.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.tsv`` (both also ``.gz``), ``.parquet`` or ``.xlsx``.
    header : bool
        Whether the first row names the columns; otherwise they are named 1, 2, 3, ...
    repeated : {"refused", "numbered"}
        What becomes of a header that is given twice: it is a fault, or the second is called
        ``NAME (2)`` here; see `Sheet.title`.

    Raises
    ------
    DataError
        If the file cannot be read as a table at all. Rows and headers that are wrong are told in
        `Sheet.faults` and `Sheet.ragged`, so that a caller can gather them with its own.
    """
    path = Path(path)
    if not path.is_file():
        met = "this is a folder" if path.is_dir() else "no such file"
        raise DataError(_fault(path, met, "a table file", "Correct the path."))
    suffix = _suffix(path)
    if suffix == ".parquet":
        return _read_parquet(path)
    if suffix == ".xlsx":
        return _read_xlsx(path, header, repeated)
    return _read_text(path, DELIMITERS[suffix.removesuffix(".gz")], header, repeated)


def _suffix(path: Path) -> str:
    lower = path.name.lower()
    for suffix in TABLE_SUFFIXES:
        if lower.endswith(suffix):
            return suffix
    raise DataError(
        _fault(
            path,
            f"a file that ends in {path.suffix!r}",
            f"a table in one of {', '.join(TABLE_SUFFIXES)}",
            "Save the table in one of these formats, and name it so.",
        )
    )


def _fault(path: Path, met: str, wanted: str, way_out: str) -> Fault:
    return Fault(where=path.name, met=met, wanted=wanted, way_out=way_out)


def _read_text(path: Path, delimiter: str, header: bool, repeated: Repeated) -> Sheet:
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
            _fault(
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
            _fault(
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
    return _make_sheet(path.name, columns, numbers, header, tuple(ragged), tuple(faults), repeated)


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
        _fault(
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
                _fault(
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
            _fault(
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
        _fault(
            path,
            "a quotation mark is opened and never closed, so rows after it are lost in one cell",
            "quotation marks come in pairs",
            "Close it, or take it away; then check that every row is there.",
        ),
    )


def _read_parquet(path: Path) -> Sheet:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            _fault(
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
                _fault(
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
    sheet = _named(path.name, names, columns, rows, (), tuple(faults))
    return Sheet(sheet.name, sheet.columns, sheet.rows, (), table.schema.metadata, sheet.faults)


def _read_xlsx(path: Path, header: bool, repeated: Repeated) -> Sheet:
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
            _fault(
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
            _fault(
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
    return _make_sheet(path.name, columns, rows, header, ragged, tuple(faults), repeated)


def _uncomputed_formulas(path: Path) -> Iterable[Fault]:
    """Tell of formulas saved without their result, which would read as empty cells."""
    import re

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
        yield _fault(
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
        return _number_text(cell)
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell).strip()


def _number_text(value: float) -> str:
    whole = float(value).is_integer() and abs(value) < 2**53
    return str(int(value)) if whole else repr(float(value))


def _make_sheet(
    name: str,
    columns: Sequence[Any],
    rows: np.ndarray,
    header: bool,
    ragged: tuple[RaggedRow, ...],
    faults: tuple[Fault, ...],
    repeated: Repeated,
) -> Sheet:
    """Part header from rows, and leave out rows below it whose every cell is empty."""
    if header:
        names = [column[0].as_py() for column in columns]
        columns, rows = [column[1:] for column in columns], rows[1:]
    else:
        names = [str(k) for k in range(1, len(columns) + 1)]
    empty = np.full(len(rows), header)
    for column in columns:
        if not empty.any():
            break
        empty[empty] = column.filter(empty).to_numpy(zero_copy_only=False) == ""
    if empty.any():
        columns, rows = [column.filter(~empty) for column in columns], rows[~empty]
    return _named(name, names, columns, rows, ragged, faults, repeated)


def _named(
    name: str,
    headers: Sequence[str],
    columns: Sequence[Any],
    rows: np.ndarray,
    ragged: tuple[RaggedRow, ...],
    faults: tuple[Fault, ...],
    repeated: Repeated = "refused",
) -> Sheet:
    found = list(faults)
    numbered: dict[str, str] = {}
    if repeated == "numbered":
        headers, numbered = _number(headers)
    twice = [header for header, count in Counter(headers).items() if header and count > 1]
    if twice:
        found.append(
            Fault(
                where=name,
                met=f"columns that share a name: {name_some(twice)}",
                wanted="each column has a name of its own",
                way_out="Rename or delete all but one of each.",
            )
        )
    nameless = [k for k, header in enumerate(headers) if not header]
    holding = [
        k
        for k in nameless
        if any(value not in ("", None) for value in columns[k].unique().to_pylist())
    ]
    if holding:
        found.append(
            Fault(
                where=name,
                met=f"no name above column {name_some(k + 1 for k in holding)}",
                wanted="each column has a name",
                way_out="Name the column, if the study needs it; it is ignored now.",
                severity="warning",
            )
        )
    spare = len(nameless) - len(holding)
    if spare:
        found.append(
            Fault(
                where=name,
                met=f"{count_of(spare, 'column')} without a name and without a value",
                wanted="no delimiters after the last name",
                way_out="Nothing stands there, and it was passed over.",
                severity="warning",
            )
        )
    kept: dict[str, Any] = {}
    for header, column in zip(headers, columns, strict=True):
        if header:
            kept.setdefault(header, column)
    return Sheet(name, kept, rows, ragged, None, tuple(found), numbered)


def _number(headers: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Give headers that come again a number, and return what each of these was."""
    made: dict[str, None] = {}
    named: list[str] = []
    numbered: dict[str, str] = {}
    for header in headers:
        name, count = header, 1
        while header and name in made:
            count += 1
            name = f"{header} ({count})"
        if name != header:
            numbered[name] = header
        made[name] = None
        named.append(name)
    return named, numbered
