"""Any file or folder that holds patients, opened by what it is."""

from __future__ import annotations

from pathlib import Path

from stratify.cohort.bids import read_bids
from stratify.cohort.redcap import is_redcap, read_redcap
from stratify.cohort.source import Format, Source
from stratify.sheet import read_sheet


def read_source(path: str | Path, *, format: Format | None = None) -> Source:
    """Read patients, one row each, from a table, a BIDS folder or a REDCap export.

    Parameters
    ----------
    path : str or Path
    format : {"table", "bids", "redcap"}, optional
        Guessed from the path, if not given; see `guess_format`.

    Returns
    -------
    source : Source

    Raises
    ------
    DataError
        If it cannot be read as that.
    """
    path = Path(path)
    format = format or guess_format(path)
    if format == "bids":
        return read_bids(path)
    if format == "redcap":
        return read_redcap(path)
    return Source(sheet=read_sheet(path))


def guess_format(path: str | Path) -> Format:
    """Guess what a path holds.

    A folder with a REDCap data dictionary or export is an export, and any other folder is BIDS; a
    CSV file is an export if it has REDCap's own columns, or a data dictionary that names its first
    column lies beside it.

    Examples
    --------
    >>> guess_format("cohort.csv")
    'table'
    """
    path = Path(path)
    if is_redcap(path):
        return "redcap"
    return "bids" if path.is_dir() else "table"
