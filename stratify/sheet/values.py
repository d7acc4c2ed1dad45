"""Headers and cells, before anybody says what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from stratify.errors import Fault, count_of, name_some
from stratify.sheet.cells import (
    MISSING_WORDS,
    as_decimal_commas,
    as_known,
    as_numbers,
    as_text,
)

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
        return as_known(as_text(self.columns[header]), missing).to_numpy(zero_copy_only=False)

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

        coded = pc.dictionary_encode(as_known(as_text(self.columns[header]), missing))
        codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
        return codes, tuple(coded.dictionary.to_pylist())

    def numbers(
        self,
        headers: Sequence[str],
        *,
        missing: Iterable[str] = MISSING_WORDS,
        commas: bool = False,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the cells of some columns as numbers.

        Parameters
        ----------
        headers : sequence of str
        missing : iterable of str
            Words that stand for a missing value.
        commas : bool
            Whether numbers may have decimal commas, where all these columns have them and nothing
            else can be meant.

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
        meant = as_decimal_commas(columns, missing) if commas and wrong.any() else None
        if meant is not None:
            return meant.reshape(len(columns), len(self)).T, np.zeros_like(wrong)
        return values, wrong
