"""Table files, read by what their names end in."""

from __future__ import annotations

from pathlib import Path

from stratify.errors import DataError
from stratify.sheet.books import read_parquet, read_xlsx
from stratify.sheet.naming import make_fault
from stratify.sheet.text import read_text
from stratify.sheet.values import Repeated, Sheet

DELIMITERS = {".csv": ",", ".tsv": "\t"}
TABLE_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".xlsx")


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
        raise DataError(make_fault(path, met, "a table file", "Correct the path."))
    suffix = _suffix(path)
    if suffix == ".parquet":
        return read_parquet(path)
    if suffix == ".xlsx":
        return read_xlsx(path, header, repeated)
    return read_text(path, DELIMITERS[suffix.removesuffix(".gz")], header, repeated)


def _suffix(path: Path) -> str:
    lower = path.name.lower()
    for suffix in TABLE_SUFFIXES:
        if lower.endswith(suffix):
            return suffix
    raise DataError(
        make_fault(
            path,
            f"a file that ends in {path.suffix!r}",
            f"a table in one of {', '.join(TABLE_SUFFIXES)}",
            "Save the table in one of these formats, and name it so.",
        )
    )
